"""`matches`, `sort_key` and `follows`: the parts of a query for adapters without an index."""

from dataclasses import replace
from datetime import UTC, date, datetime, time
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.strategies import dues, task, tasks, words
from todo_domain import ChecklistItem, Due, Priority, Rank, SortKey, Task, TaskPatch, TaskQuery

DAY = date(2026, 12, 1)
LATER = datetime(2026, 3, 2, tzinfo=UTC)
TASK = task(
    "Größe",
    description="In CM",
    priority=Priority.LOW,
    due=Due(DAY, time(9), "Asia/Tokyo"),
    tags=("Home", "STRASSE"),
    checklist=(ChecklistItem("Buy Tape"), ChecklistItem("Measure")),
)

conditions: dict[str, st.SearchStrategy[Any]] = {
    "complete": st.booleans(),
    "priority": st.frozensets(st.sampled_from(Priority), min_size=1),
    "tag": st.lists(words(2), min_size=1, max_size=2).map(tuple),
    "due_from": st.dates(),
    "due_until": st.dates(),
    "q": words(2),
}
given_conditions = st.fixed_dictionaries({}, optional=conditions)
orders = st.builds(TaskQuery, sort=st.sampled_from(SortKey), descending=st.booleans())
lists = st.lists(tasks, min_size=1, max_size=6, unique_by=lambda task: task.id)


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"complete": False},
        {"priority": frozenset({Priority.LOW, Priority.HIGH})},
        {"tag": ("home",)},
        {"tag": ("HOME", "straße")},
        {"due_from": DAY},
        {"due_until": DAY},
        {"q": "GRÖSSE"},
        {"q": "n cm"},
        {"q": "TAPE"},
    ],
    ids=str,
)
def test_a_task_matches_a_condition_that_it_meets(arguments: dict[str, Any]) -> None:
    assert TaskQuery(**arguments).matches(TASK)


@pytest.mark.parametrize(
    "arguments",
    [
        {"complete": True},
        {"priority": frozenset({Priority.MEDIUM, Priority.HIGH})},
        {"tag": ("hom",)},
        {"tag": ("home", "work")},
        {"due_from": date(2026, 12, 2)},
        {"due_until": date(2026, 11, 30)},
        {"q": "größen"},
        {"q": "tape\nmeasure"},
    ],
    ids=str,
)
def test_a_task_does_not_match_a_condition_that_it_does_not_meet(arguments: dict[str, Any]) -> None:
    assert not TaskQuery(**arguments).matches(TASK)


@pytest.mark.parametrize("arguments", [{"due_from": DAY}, {"due_until": DAY}], ids=str)
def test_a_task_without_a_due_matches_no_range_of_days(arguments: dict[str, Any]) -> None:
    assert not TaskQuery(**arguments).matches(task(due=None))


@given(tasks, given_conditions)
def test_a_task_matches_when_it_meets_every_condition(one: Task, arguments: dict[str, Any]) -> None:
    alone = [TaskQuery(**{name: value}).matches(one) for name, value in arguments.items()]

    assert TaskQuery(**arguments).matches(one) is all(alone)


@given(tasks, dues, st.dates())
def test_the_first_and_the_last_day_of_a_range_belong_to_it(one: Task, due: Due, day: date) -> None:
    one = one.patched(TaskPatch(due=due), one.updated_at)

    assert TaskQuery(due_from=day).matches(one) is (due.date >= day)
    assert TaskQuery(due_until=day).matches(one) is (due.date <= day)


@given(tasks, tasks)
def test_a_cursor_and_a_limit_are_not_conditions(one: Task, other: Task) -> None:
    query = TaskQuery(limit=1, cursor=TaskQuery().cursor_after(other))

    assert query.matches(one)


def ids(several: list[Task]) -> list[int]:
    return [one.id for one in several]


def test_ties_are_in_ascending_order_of_id_and_tasks_without_a_value_are_last_in_both_directions() -> None:
    several = [
        task(id=5, due=None),
        task(id=4, due=Due(DAY)),
        task(id=3, due=Due(date(2026, 12, 2))),
        task(id=2, due=Due(DAY)),
        task(id=1, due=None),
    ]

    ascending = sorted(several, key=TaskQuery(sort=SortKey.DUE).sort_key)
    descending = sorted(several, key=TaskQuery(sort=SortKey.DUE, descending=True).sort_key)

    assert ids(ascending) == [2, 4, 3, 1, 5]
    assert ids(descending) == [3, 2, 4, 1, 5]


def test_a_query_without_an_order_lists_tasks_as_they_were_created() -> None:
    several = [task(id=1, at=LATER), task(id=3), task(id=2)]

    assert ids(sorted(several, key=TaskQuery().sort_key)) == [2, 3, 1]


@given(lists, orders)
def test_any_two_tasks_have_an_order_and_it_is_transitive(several: list[Task], query: TaskQuery) -> None:
    ranks = [query.sort_key(one) for one in several]

    for rank in ranks:
        assert not rank < rank  # noqa: PLR0124 - the law says so
        assert all((rank < other) is not (other < rank) for other in ranks if other.id != rank.id)
    in_order = sorted(ranks)
    assert all(first < last for first, last in pairwise(in_order))
    assert all(in_order[0] < other for other in in_order[1:])


@given(lists, orders)
def test_the_tasks_that_follow_a_cursor_are_those_after_its_task(several: list[Task], query: TaskQuery) -> None:
    in_order = sorted(several, key=query.sort_key)

    for index, last in enumerate(in_order):
        following = replace(query, cursor=query.cursor_after(last))

        assert [one for one in in_order if following.follows(one)] == in_order[index + 1 :]


@given(tasks, orders)
def test_every_task_follows_a_query_without_a_cursor(one: Task, query: TaskQuery) -> None:
    assert query.follows(one)


def test_a_sort_key_shows_what_it_compares() -> None:
    assert TaskQuery(sort=SortKey.TITLE).sort_key(task("Milk", id=7)) == Rank("milk", 7, descending=False)
