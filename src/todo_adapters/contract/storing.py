"""Storing: a task is read as it was added or changed."""

import datetime as dt

import pytest

from todo_adapters.contract.field_values import DRAFT_VALUES, EVERY_FIELD, draft_with
from todo_adapters.contract.scenario import (
    ALL,
    NOON,
    add_titles,
    new_user,
    noon_plus,
    read_everything,
    rewrite,
    set_title,
)
from todo_adapters.contract.suite import Contract
from todo_domain import ChecklistItem, Due, Priority, Task, TaskDraft, TaskNotFound, TaskQuery, TaskStore
from todo_domain.task import MAX_TASK_ID

DRAFTS = {
    "only a title": TaskDraft(title="milk"),
    "every field": TaskDraft(
        title="Größe 📏",
        description="first\r\n\tsecond  ",
        complete=True,
        priority=Priority.HIGH,
        due=Due(dt.date(2026, 12, 1), dt.time(17, 5), "Europe/Berlin"),
        tags=("b", "A", "ß"),
        checklist=(ChecklistItem("b"), ChecklistItem("A", complete=True), ChecklistItem("b")),
    ),
    "every field, by its type": EVERY_FIELD,
    **{f"a {name} of {value!a}": draft_with(name, value) for name, values in DRAFT_VALUES.items() for value in values},
    "an empty description": TaskDraft(title="x", description=""),
    "a due day": TaskDraft(title="x", due=Due(dt.date(1, 1, 1))),
    "a due time without a zone": TaskDraft(title="x", due=Due(dt.date(9999, 12, 31), dt.time(0, 0))),
    "the longest texts": TaskDraft(
        title="😀" * 200,
        description="😀" * 1000,
        tags=tuple(f"{n:😀<50}" for n in range(20)),
        checklist=(ChecklistItem("😀" * 200, complete=True),) * 100,
    ),
    "characters that are special in databases": TaskDraft(
        title="'; DROP TABLE tasks; --",
        description='%s $1 :a ? \\ \\N {} "\x7f\u2028',
        tags=('"', ",", "{}", "\\", "NULL"),
        checklist=(ChecklistItem('"}]'), ChecklistItem("\\u0000 \x7f\u2028"), ChecklistItem("null")),
    ),
    "composed and decomposed characters": TaskDraft(title="é", description="e\u0301", tags=("é", "e\u0301")),
}


class StoresTasks(Contract):
    """What is added is stored unchanged, under ids and revisions that count from 1."""

    @pytest.mark.parametrize("draft", DRAFTS.values(), ids=DRAFTS)
    async def test_an_added_task_is_stored_unchanged(self, repository: TaskStore, draft: TaskDraft) -> None:
        """Every field is stored, and every way of reading returns it."""
        user = new_user()
        at = NOON.replace(microsecond=123_456)

        added = await repository.add(user, draft, at=at)

        assert added.task == Task.from_draft(draft, user_id=user, id=1, revision=1, at=at)
        assert not added.replayed
        assert await repository.get(user, 1) == added.task
        page, feed = await read_everything(repository, user)
        assert page.tasks == feed.changes == (added.task,)

    @pytest.mark.parametrize("draft", DRAFTS.values(), ids=DRAFTS)
    async def test_a_changed_task_is_stored_unchanged(self, repository: TaskStore, draft: TaskDraft) -> None:
        """Every field can be changed."""
        user = new_user()
        (task,) = await add_titles(repository, user, ["before"])

        edit = rewrite(draft, noon_plus(1))
        changed = await repository.change(user, 1, edit)

        assert changed == edit(task)._replace(revision=2)
        assert await repository.get(user, 1) == changed

    async def test_ids_and_revisions_count_from_one(self, repository: TaskStore) -> None:
        """Without other changes, the revision of each task is its id."""
        user = new_user()

        tasks = await add_titles(repository, user, "abc")

        assert [(task.id, task.revision) for task in tasks] == [(1, 1), (2, 2), (3, 3)]

    @pytest.mark.parametrize("task_id", [2, MAX_TASK_ID])
    async def test_a_task_that_was_never_added_is_not_found(self, repository: TaskStore, task_id: int) -> None:
        """The highest possible id is an id like any other."""
        user = new_user()
        await add_titles(repository, user, "a")

        with pytest.raises(TaskNotFound) as error:
            await repository.get(user, task_id)

        assert error.value.task_id == task_id

    async def test_a_list_without_writes_is_empty_at_revision_0(self, repository: TaskStore) -> None:
        """A user need not be registered first."""
        user = new_user()

        page, feed = await read_everything(repository, user)

        assert (page.tasks, page.next_cursor, page.revision) == ((), None, 0)
        assert (feed.changes, feed.next.revision, feed.has_more) == ((), 0, False)

    async def test_a_returned_object_never_changes(self, repository: TaskStore) -> None:
        """A task is a value, and so is a page of tasks. A later write creates another value."""
        user = new_user()
        (added,) = await add_titles(repository, user, ["before"])
        got = await repository.get(user, 1)
        page = await repository.list(user, TaskQuery())
        feed = await repository.changes(user, None, ALL)
        revisions = await repository.revisions([user])
        copy = added._replace()

        changed = await repository.change(user, 1, set_title("after", noon_plus(1)))
        changed_copy = changed._replace()
        await repository.remove(user, 1, at=noon_plus(2))

        assert [added, got, *page.tasks, *feed.changes] == [copy] * 4
        assert changed == changed_copy
        assert revisions == {user: 1}

    async def test_revisions_are_returned_for_the_requested_users_only(self, repository: TaskStore) -> None:
        """A list without a task may be missing or at 0. The result has no other user."""
        alice, bob, new, other = new_user(), new_user(), new_user(), new_user()
        for user, titles in ((alice, "a"), (bob, "ab"), (other, "abc")):
            await add_titles(repository, user, titles)

        returned = await repository.revisions([alice, bob, new])

        assert {user: revision for user, revision in returned.items() if revision} == {alice: 1, bob: 2}
        assert set(returned) <= {alice, bob, new}
        assert await repository.revisions([]) == {}
