from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.strategies import ALICE, NOON, instants, revisions, task, task_ids, tasks
from todo_adapters.sql.dialects import POSTGRESQL, SQLITE, Dialect
from todo_adapters.sql.rows import change_values, read_changes, read_page, read_task
from todo_adapters.sql.statements import TASK
from todo_domain import Deletion, FeedToken, Task, TaskQuery

dialects = st.sampled_from([SQLITE, POSTGRESQL])


def row_of(dialect: Dialect, stored: Task) -> tuple[Any, ...]:
    values = change_values(dialect, ALICE, stored, NOON)
    return tuple(values[column.name] for column in TASK)


@given(dialects, tasks)
def test_reading_a_row_reverses_writing_a_task(dialect: Dialect, written: Task) -> None:
    read = read_task(dialect, ALICE, row_of(dialect, written))

    assert read == written


@given(task_ids, revisions, instants)
def test_the_row_of_a_deletion_has_no_text_except_owner_and_times(task_id: int, revision: int, at: Any) -> None:
    values = change_values(SQLITE, ALICE, Deletion(task_id, revision), at)

    texts = {name for name, value in values.items() if isinstance(value, str) and value}
    assert texts == {"user_id", "created_at", "updated_at", "deleted_at"}


def test_tags_are_stored_folded_and_separated_by_line_breaks() -> None:
    values = change_values(SQLITE, ALICE, task(tags=("Straße", "Home")), NOON)

    assert values["tags_key"] == "\nstrasse\nhome\n"


def test_a_missing_list_reads_as_an_empty_page_at_revision_0() -> None:
    page = read_page(SQLITE, ALICE, TaskQuery(), [])

    assert (page.tasks, page.revision) == ((), 0)


@pytest.mark.parametrize("since", [None, FeedToken("k3v9", 0)])
def test_a_missing_list_reads_as_a_feed_without_changes(since: FeedToken | None) -> None:
    page = read_changes(SQLITE, ALICE, since, 10, [("k3v9", *[None] * (len(TASK) + 1))])

    assert (page.changes, page.next, page.has_more) == ((), FeedToken("k3v9", 0), False)
