"""Strategies for tasks and their parts, for the property tests."""

from datetime import UTC, datetime, time
from typing import Any

from hypothesis import strategies as st

from todo_adapters.contract.field_values import DRAFT_VALUES
from todo_domain import Due, DuePatch, Priority, Task, TaskDraft, TaskPatch, UserId
from todo_domain.task import MAX_REVISION, MAX_TASK_ID
from todo_domain.text import is_visible

ALICE = UserId("alice")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

CONTROLS = [chr(code) for code in range(0x20)]
SURROGATES = ["\ud800", "\udbff", "\udc00", "\udfff", "\ud83d\ude00"]

instants = st.datetimes(timezones=st.just(UTC))
task_ids = st.integers(1, MAX_TASK_ID)
revisions = st.integers(1, MAX_REVISION)


def texts(most: int, also: str = "") -> st.SearchStrategy[str]:
    alphabet = st.characters(exclude_categories=["Cs"], exclude_characters=set(CONTROLS) - set(also))
    return st.text(alphabet, max_size=most)


def lines(most: int) -> st.SearchStrategy[str]:
    return texts(most).filter(is_visible)


clock_times = st.builds(time, st.integers(0, 23), st.integers(0, 59))
zones = st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kathmandu"])
dues = st.builds(Due, st.dates(), st.none() | clock_times) | st.builds(Due, st.dates(), clock_times, zones)


# Short texts of letters with special case rules: fast to generate, and often equal except for case.
# Other tests check the limits by examples.
def words(most: int) -> st.SearchStrategy[str]:
    return st.text(
        "aAi \u00df\u1e9e\u03a3\u03c2\u0130\u0307\u0301\u00e1\u4e16\U0001f600", min_size=1, max_size=most
    ).filter(str.strip)


fields: dict[str, st.SearchStrategy[Any]] = {name: st.sampled_from(few) for name, few in DRAFT_VALUES.items()} | {
    "title": words(5),
    "description": st.none() | words(5),
    "complete": st.booleans(),
    "priority": st.sampled_from(Priority),
    "due": st.none() | dues,
    "tags": st.lists(words(3), max_size=3).map(tuple),
}
drafts = st.builds(TaskDraft, **fields)
patches = st.fixed_dictionaries({}, optional=fields).filter(bool).map(lambda named: TaskPatch(**named))

due_parts: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {}, optional={"date": st.dates(), "time": st.none() | clock_times, "timezone": st.none() | zones}
)
due_patches = due_parts.map(lambda parts: DuePatch(**parts))

new_tasks = st.builds(Task.from_draft, drafts, user_id=st.just(ALICE), id=task_ids, revision=revisions, at=instants)
tasks = new_tasks | st.builds(Task.patched, new_tasks, patches, instants)


def task(title: str = "Buy milk", *, id: int = 1, revision: int = 1, at: datetime = NOON, **named: Any) -> Task:
    return Task.from_draft(TaskDraft(title=title, **named), user_id=ALICE, id=id, revision=revision, at=at)
