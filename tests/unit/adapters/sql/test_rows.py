from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.strategies import ALICE, instants, revisions, task, task_ids, tasks
from todo_adapters.sql.dialects import POSTGRESQL, SQLITE, Dialect
from todo_adapters.sql.feed import read_changes
from todo_adapters.sql.rows import read_page, read_state, read_task, state_values
from todo_adapters.sql.statements import STATE, TASK
from todo_domain import TASKS, ChecklistItem, FeedToken, Task, TaskQuery, Tombstone, TrashedTask

dialects = st.sampled_from([SQLITE, POSTGRESQL])


def row_of(dialect: Dialect, stored: Task) -> tuple[Any, ...]:
    values = state_values(dialect, ALICE, stored)
    return tuple(values[column.name] for column in TASK)


@given(dialects, tasks)
def test_reading_a_row_reverses_writing_a_task(dialect: Dialect, written: Task) -> None:
    read = read_task(dialect, ALICE, row_of(dialect, written))

    assert read == written


@given(dialects, tasks, instants)
def test_reading_a_state_reverses_writing_it(dialect: Dialect, written: Task, at: Any) -> None:
    for state in (written, TrashedTask(written, at), TrashedTask(written, at, 7), Tombstone(1, 2, at)):
        values = state_values(dialect, ALICE, state)
        row = [values[column.name] for column in STATE]
        assert read_state(dialect, ALICE, row) == state


@given(task_ids, revisions, instants)
def test_the_row_of_an_erased_task_has_no_text_except_owner_and_times(task_id: int, revision: int, at: Any) -> None:
    values = state_values(SQLITE, ALICE, Tombstone(task_id, revision, at))

    texts = {name for name, value in values.items() if isinstance(value, str) and value}
    assert texts == {"user_id", "created_at", "updated_at", "deleted_at"}


def test_tags_are_stored_folded_and_separated_by_line_breaks() -> None:
    values = state_values(SQLITE, ALICE, task(tags=("Straße", "Home")))

    assert values["tags_key"] == "\nstrasse\nhome\n"


def test_the_titles_of_a_checklist_are_stored_folded_for_the_search() -> None:
    values = state_values(SQLITE, ALICE, task(checklist=(ChecklistItem("Straße"), ChecklistItem("B"))))

    assert values["checklist_key"] == "strasse\x1fb"


def test_a_task_without_a_checklist_stores_no_text_for_it() -> None:
    values = state_values(SQLITE, ALICE, task())

    assert (values["checklist"], values["checklist_key"]) == ("", "")


def test_a_missing_list_reads_as_an_empty_page_at_revision_0() -> None:
    page = read_page(SQLITE, ALICE, TaskQuery(), [])

    assert (page.tasks, page.revision) == ((), 0)


@pytest.mark.parametrize("since", [None, FeedToken("k3v9", 0)])
def test_a_missing_list_reads_as_a_feed_without_changes(since: FeedToken | None) -> None:
    page = read_changes(SQLITE, ALICE, since, 10, TASKS, [("k3v9", *[None] * (len(TASK) + 2))])

    assert (page.changes, page.next, page.has_more) == ((), FeedToken("k3v9", 0), False)
