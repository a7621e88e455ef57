"""The examples of exports in the documentation are what the formats write."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from todo_api.schemas.exports import EXPORT_FORMATS
from todo_api.schemas.exports.examples import EXAMPLES
from todo_domain import ChecklistItem, Content, Due, Project, ProjectDraft, Task, TaskDraft, TrashedTask, UserId

ALICE = UserId("alice")
AT = datetime(2026, 11, 21, 9, 30, 0, 123456, tzinfo=UTC)
DRAFT = TaskDraft(
    title="Buy milk",
    due=Due(date(2026, 12, 1), time(17)),
    tags=("shop",),
    checklist=(ChecklistItem("Ask for oat milk", complete=True),),
    project_id=1,
)
CONTENT: list[Content] = [
    Project.from_draft(ProjectDraft(name="Household"), user_id=ALICE, id=1, revision=1, at=AT),
    Task.from_draft(DRAFT, user_id=ALICE, id=1, revision=2, at=AT),
    TrashedTask(
        Task.from_draft(TaskDraft(title="Water the plants"), user_id=ALICE, id=2, revision=4, at=AT),
        AT + timedelta(days=1),
    ),
]


@pytest.mark.parametrize("name", EXPORT_FORMATS)
def test_an_example_is_what_the_format_writes(name: str) -> None:
    writer = EXPORT_FORMATS[name].new()

    written = (writer.begin() + writer.write(CONTENT) + writer.end()).decode("utf-8-sig")

    assert written.replace("\r\n", "\n") == EXAMPLES[name]
