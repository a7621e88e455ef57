from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.strategies import instants, task, tasks
from todo_domain import Due, Priority, SortKey, Task
from todo_domain.listing import instant_key
from todo_domain.text import fold

DAY = date(2026, 12, 1)

sort_keys = st.sampled_from(SortKey)


@given(st.lists(tasks, max_size=3))
def test_titles_are_ordered_by_the_code_points_of_their_folded_form(several: list[Task]) -> None:
    def code_points(task: Task) -> list[int]:
        return [ord(character) for character in fold(task.title)]

    assert sorted(several, key=SortKey.TITLE.of) == sorted(several, key=code_points)  # type: ignore[arg-type]  # a title always has a key


@pytest.mark.parametrize(
    ("one", "other"),
    [("buy milk", "BUY MILK"), ("Stra\u00dfe", "STRASSE"), ("\u03c3", "\u03c2"), ("caf\u00e9", "CAFE\u0301")],
)
def test_titles_that_differ_only_in_case_or_composition_are_ties(one: str, other: str) -> None:
    assert SortKey.TITLE.of(task(one)) == SortKey.TITLE.of(task(other))


@given(tasks, tasks, tasks, sort_keys)
def test_the_order_is_total_and_ties_are_consistent(one: Task, two: Task, three: Task, sort: SortKey) -> None:
    def up_to(before: Task, after: Task) -> bool:
        first: Any = sort.of(before)
        last: Any = sort.of(after)
        return last is None or (first is not None and first <= last)

    assert up_to(one, one)
    assert up_to(one, two) or up_to(two, one)
    assert not (up_to(one, two) and up_to(two, three)) or up_to(one, three)
    assert (up_to(one, two) and up_to(two, one)) is (sort.of(one) == sort.of(two))


@given(tasks, tasks, st.sampled_from([SortKey.CREATED_AT, SortKey.UPDATED_AT, SortKey.DUE, SortKey.TITLE]))
def test_sort_keys_have_the_order_of_their_bytes(one: Task, other: Task, sort: SortKey) -> None:
    first, last = str(sort.of(one)), str(sort.of(other))

    assert (first < last) is (first.encode() < last.encode())


@given(instants, instants)
def test_instants_are_ordered_to_the_microsecond(one: datetime, other: datetime) -> None:
    assert (instant_key(one) < instant_key(other)) is (one < other)
    assert (instant_key(one) == instant_key(other)) is (one == other)


def test_the_same_instant_has_one_key_in_every_time_zone() -> None:
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)

    assert instant_key(noon.astimezone(timezone(timedelta(hours=-5)))) == instant_key(noon)


def test_each_sort_key_orders_by_the_field_it_is_named_after() -> None:
    given = task("Buy MILK", due=Due(DAY, time(17, 0), "Europe/Berlin"), priority=Priority.HIGH)
    done = given._replace(updated_at=datetime(2026, 3, 2, tzinfo=UTC))

    assert {sort.value: sort.of(done) for sort in SortKey} == {
        "created_at": "2026-03-01T12:00:00.000000+00:00",
        "updated_at": "2026-03-02T00:00:00.000000+00:00",
        "due": "2026-12-01T17:00",
        "priority": 3,
        "title": "buy milk",
        "position": "a1",
    }


def test_a_task_without_a_due_has_no_sort_key() -> None:
    assert SortKey.DUE.of(task(due=None)) is None


@given(tasks, sort_keys)
def test_a_value_that_a_task_is_ordered_by_is_accepted(one: Task, sort: SortKey) -> None:
    assert sort.is_possible(sort.of(one))


@pytest.mark.parametrize(
    ("sort", "value"),
    [
        (SortKey.CREATED_AT, None),
        (SortKey.CREATED_AT, 0),
        (SortKey.CREATED_AT, ""),
        (SortKey.CREATED_AT, "2026-03-01"),
        (SortKey.CREATED_AT, "2026-03-01T12:00:00.000000"),
        (SortKey.CREATED_AT, "2026-03-01T12:00:00+00:00"),
        (SortKey.CREATED_AT, "2026-03-01T12:00:00.000000+02:00"),
        (SortKey.CREATED_AT, "0001-01-01T00:00:00.000000+14:00"),
        (SortKey.UPDATED_AT, "2026-02-30T12:00:00.000000+00:00"),
        (SortKey.UPDATED_AT, "2026-03-01T12:00:00.000000+00:00\0"),
        (SortKey.UPDATED_AT, "2026-03-01\ud80012:00:00.000000+00:00"),
        (SortKey.DUE, 0),
        (SortKey.DUE, "2026-12-01"),
        (SortKey.DUE, "2026-12-01T"),
        (SortKey.DUE, "20261201T17:00"),
        (SortKey.DUE, "2026-12-01T17:00:30"),
        (SortKey.DUE, "2026-12-01T17:00+02:00"),
        (SortKey.DUE, "2026-12-01T24:01"),
        (SortKey.DUE, "2026-02-30T24:00"),
        (SortKey.DUE, "0000-01-01T24:00"),
        (SortKey.PRIORITY, None),
        (SortKey.PRIORITY, 0),
        (SortKey.PRIORITY, 4),
        (SortKey.PRIORITY, "1"),
        (SortKey.TITLE, None),
        (SortKey.TITLE, 1),
        (SortKey.TITLE, "Milk"),
        (SortKey.TITLE, "milk\0"),
        (SortKey.TITLE, "\ud800"),
        (SortKey.POSITION, None),
        (SortKey.POSITION, 1),
        (SortKey.POSITION, "a10"),
        (SortKey.POSITION, "a-"),
    ],
    ids=ascii,
)
def test_a_value_that_no_task_can_be_ordered_by_is_refused(sort: SortKey, value: Any) -> None:
    assert not sort.is_possible(value)
