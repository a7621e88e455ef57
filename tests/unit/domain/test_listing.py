import base64
import json
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.strategies import CONTROLS, SURROGATES, dues, task, tasks, words
from todo_adapters.contract.field_values import CONDITION_VALUES
from todo_domain import Due, Priority, RuleViolated, SortKey, Task, TaskPage, TaskQuery
from todo_domain.cursor import Position, encode_cursor

CURSOR_REFUSED = r"^cursor: must be the next_cursor of a page of the same query$"
DAY = date(2026, 12, 1)

conditions: dict[str, st.SearchStrategy[Any]] = {
    **{name: st.sampled_from(values) for name, values in CONDITION_VALUES.items()},
    "complete": st.none() | st.booleans(),
    "priority": st.frozensets(st.sampled_from(Priority)),
    "tag": st.lists(words(3), max_size=2).map(tuple),
    "due_from": st.none() | st.dates(),
    "due_until": st.none() | st.dates(),
    "q": st.none() | words(5),
    "sort": st.sampled_from(SortKey),
    "descending": st.booleans(),
    "limit": st.integers(1, 500),
}
queries = st.builds(TaskQuery, **conditions)


def identity_of(cursor: str) -> str:
    """Return the part of a cursor that identifies its query."""
    identity: str = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))[0]
    return identity


def going_on(query: TaskQuery, cursor: str) -> TaskQuery:
    return replace(query, cursor=cursor)


def test_a_default_query_selects_all_tasks_in_order_of_creation() -> None:
    query = TaskQuery()

    assert (query.sort, query.descending, query.limit, query.after) == (SortKey.CREATED_AT, False, None, None)


def test_a_query_without_a_limit_makes_one_page_of_all_tasks() -> None:
    found = [task(str(number), id=number) for number in range(1, 4)]

    page = TaskQuery().page(found, revision=9)

    assert page == TaskPage(tuple(found), None, 9)


@pytest.mark.parametrize("limit", [1, 500])
def test_a_page_has_1_to_500_tasks(limit: int) -> None:
    assert TaskQuery(limit=limit).limit == limit


@pytest.mark.parametrize("character", ["a", " ", "\n", "\u4e16", "\U0001f600"], ids=ascii)
@pytest.mark.parametrize("length", [1, 200])
def test_a_search_has_1_to_200_code_points(character: str, length: int) -> None:
    assert TaskQuery(q=character * length).q == character * length


@pytest.mark.parametrize("length", [1, 50])
def test_a_tag_of_a_query_keeps_the_rules_of_a_tag(length: int) -> None:
    assert TaskQuery(tag=("\U0001f600" * length,)).tag == ("\U0001f600" * length,)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("complete", 1, "must be true or false"),
        ("complete", "true", "must be true or false"),
        ("priority", None, "must be of low, medium and high"),
        ("priority", "low", "must be of low, medium and high"),
        ("priority", Priority.LOW, "must be of low, medium and high"),
        ("priority", [Priority.LOW], "must be of low, medium and high"),
        ("priority", frozenset({1}), "must be of low, medium and high"),
        ("priority", frozenset({"low"}), "must be of low, medium and high"),
        ("tag", None, "must be a list of tags"),
        ("tag", "", "must be a list of tags"),
        ("tag", "abc", "must be a list of tags"),
        ("tag", {"a"}, "must be a list of tags"),
        ("tag", ("a",) * 21, "must have at most 20 tags"),
        ("due_from", "2026-12-01", "must be a day"),
        ("due_from", datetime(2026, 12, 1, tzinfo=UTC), "must be a day"),
        ("due_from", 0, "must be a day"),
        ("due_until", "2026-12-01", "must be a day"),
        ("due_until", datetime(2026, 12, 1, tzinfo=UTC), "must be a day"),
        ("due_until", False, "must be a day"),
        ("q", "", "must have 1 to 200 characters"),
        ("q", "a" * 201, "must have at most 200 characters"),
        ("q", "\U0001f600" * 201, "must have at most 200 characters"),
        ("q", 5, "must be text"),
        ("q", b"a", "must be text"),
        ("q", ["a"], "must be text"),
        ("sort", "title", "must be one of created_at, updated_at, due, priority, title, position"),
        ("sort", None, "must be one of created_at, updated_at, due, priority, title, position"),
        ("sort", [], "must be one of created_at, updated_at, due, priority, title, position"),
        ("descending", None, "must be true or false"),
        ("descending", 0, "must be true or false"),
        ("limit", 0, "must be 1 to 500"),
        ("limit", 501, "must be 1 to 500"),
        ("limit", -1, "must be 1 to 500"),
        ("limit", True, "must be 1 to 500"),
        ("limit", 1.5, "must be 1 to 500"),
        ("limit", float("nan"), "must be 1 to 500"),
        ("limit", "10", "must be 1 to 500"),
    ],
    ids=lambda part: ascii(part)[:40],
)
def test_a_filter_that_breaks_its_rule_is_refused(field: str, value: Any, message: str) -> None:
    named: dict[str, Any] = {field: value}

    with pytest.raises(RuleViolated, match=f"^{field}: {message}$"):
        TaskQuery(**named)


@pytest.mark.parametrize("unclean", [*sorted(set(CONTROLS) - set("\t\n\r")), *SURROGATES], ids=ascii)
def test_a_search_for_control_characters_or_lone_surrogates_is_refused(unclean: str) -> None:
    message = "must not contain control characters or lone surrogates"

    with pytest.raises(RuleViolated, match=rf"^tag\.0: {message}; q: {message}$"):
        TaskQuery(q=f"a{unclean}b", tag=(f"a{unclean}",))


def test_every_tag_of_a_query_that_breaks_a_rule_is_named() -> None:
    with pytest.raises(RuleViolated, match=r"^tag\.1: must have at most 50 characters; tag\.2: must have 1 to 50 "):
        TaskQuery(tag=("fine", "a" * 51, " "))


def test_search_text_and_tags_are_casefolded() -> None:
    query = TaskQuery(q=" Stra\u00dfe ", tag=("Work", " HOME ", "work"))

    assert query.q == " strasse "
    assert query.tag == ("home", "work")


@given(st.none() | st.dates(), st.none() | st.dates(), dues)
def test_both_ends_of_a_range_of_days_are_inclusive(start: date | None, end: date | None, due: Due) -> None:
    lowest, highest = TaskQuery(due_from=start, due_until=end).due_range

    meets = (lowest is None or lowest <= due.sort_key) and (highest is None or due.sort_key <= highest)

    assert meets is ((start is None or start <= due.date) and (end is None or due.date <= end))


def test_a_page_with_all_results_is_the_last() -> None:
    found = [task(id=1), task(id=2)]

    page = TaskQuery(limit=2).page(found, revision=9)

    assert page.tasks == tuple(found)
    assert page.next_cursor is None
    assert page.revision == 9


def test_a_page_with_more_results_has_a_cursor_after_its_last_task() -> None:
    query = TaskQuery(limit=2)

    page = query.page([task(id=1), task(id=2), task(id=3)], revision=9)

    assert page.tasks == (task(id=1), task(id=2))
    assert page.next_cursor == query.cursor_after(task(id=2))


def test_an_empty_page_is_the_last() -> None:
    assert TaskQuery().page([], revision=0).next_cursor is None


@given(queries, tasks)
def test_a_cursor_continues_after_its_task(query: TaskQuery, last: Task) -> None:
    following = going_on(query, query.cursor_after(last))

    assert following.after == Position(query.sort.of(last), last.id)


@given(queries, tasks, st.integers(1, 500))
def test_a_cursor_is_valid_for_pages_of_any_size(query: TaskQuery, last: Task, limit: int) -> None:
    following = replace(query, limit=limit, cursor=query.cursor_after(last))

    assert following.cursor_after(last) == query.cursor_after(last)


@given(queries, queries, tasks)
def test_a_cursor_of_another_query_is_refused(query: TaskQuery, other: TaskQuery, last: Task) -> None:
    if replace(query, limit=1) == replace(other, limit=1):
        return

    with pytest.raises(RuleViolated, match=CURSOR_REFUSED):
        going_on(other, query.cursor_after(last))


def test_equivalent_queries_have_the_same_identity() -> None:
    one = TaskQuery(tag=("Work", "home"), priority=frozenset([Priority.HIGH, Priority.LOW]), q="MILK")
    other = TaskQuery(tag=(" HOME", "work"), priority=frozenset([Priority.LOW, Priority.HIGH]), q="milk")

    assert one == other
    assert one.cursor_after(task()) == other.cursor_after(task())


@given(queries, st.none() | st.integers() | st.text(), st.integers(1, 2**53 - 1))
def test_a_forged_position_is_refused_unless_a_task_could_have_it(
    query: TaskQuery, value: str | int | None, task_id: int
) -> None:
    genuine = query.cursor_after(task(id=task_id))
    forged = encode_cursor(identity_of(genuine), Position(value, task_id))

    try:
        following = going_on(query, forged)
    except RuleViolated:
        assert not query.sort.is_possible(value)
    else:
        assert following.after == Position(value, task_id)
        assert query.sort.is_possible(value)


@given(queries, st.text())
def test_a_cursor_that_is_garbage_is_refused(query: TaskQuery, garbage: str) -> None:
    with pytest.raises(RuleViolated, match=CURSOR_REFUSED):
        going_on(query, garbage)


@pytest.mark.parametrize("cursor", ["", 0, 5, b"", [], False], ids=repr)
def test_a_cursor_that_is_not_text_is_refused(cursor: Any) -> None:
    with pytest.raises(RuleViolated, match=CURSOR_REFUSED):
        TaskQuery(cursor=cursor)
