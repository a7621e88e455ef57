"""Every way to erase a task, for tests that search for its text."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from todo_domain import (
    Batch,
    ChecklistItem,
    Create,
    CreateProject,
    Erase,
    Patch,
    PatchProject,
    ProjectDraft,
    ProjectPatch,
    Quotas,
    Ref,
    Remove,
    RemoveProject,
    TaskDraft,
    TaskPatch,
    TaskStore,
    UserId,
)

NOON: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEPT: Final = "Buy milk"
SECRET: Final = TaskDraft(
    title="Tell nobody",
    description="A long story. " * 70,
    tags=("hush",),
    checklist=(ChecklistItem("Skeleton"),),
    complete=True,
)
TEXTS: Final = (
    *(b"Tell nobody", b"tell nobody", b"A long story", b"hush", b"Skeleton", b"skeleton", b"Whisper"),
    b"Conspiracy",
)
SECRET_PROJECT: Final = ProjectDraft(name="Conspiracy")
QUOTAS: Final = Quotas(max_trash=2)


async def _trash(store: TaskStore, user_id: UserId, task_id: int) -> None:
    await store.apply(user_id, Batch((Patch(task_id, TaskPatch(title="Whisper")), Remove(task_id))), at=NOON)


async def _erase(store: TaskStore, user_id: UserId, task_id: int) -> None:
    await _trash(store, user_id, task_id)
    await store.apply(user_id, Batch((Erase(task_id),)), at=NOON)


async def _empty(store: TaskStore, user_id: UserId, task_id: int) -> None:
    await _trash(store, user_id, task_id)
    await store.erase_oldest(user_id, up_to=10**9, limit=10)


async def _purge(store: TaskStore, user_id: UserId, task_id: int) -> None:
    await _trash(store, user_id, task_id)
    after = NOON + timedelta(days=1)
    while await store.purge(trash_before=after, deletions_before=NOON, keys_before=NOON, limit=10):
        pass


async def _remove_others(store: TaskStore, user_id: UserId, task_id: int) -> None:
    await _trash(store, user_id, task_id)
    for _ in range(QUOTAS.max_trash):
        other = await store.add(user_id, TaskDraft(title=KEPT), at=NOON)
        await store.remove(user_id, other.task.id, at=NOON)


async def _in_one_batch(store: TaskStore, user_id: UserId, task_id: int) -> None:
    operations = Create(SECRET), Remove(task_id + 1, permanent=True), Remove(task_id), Erase(task_id)
    await store.apply(user_id, Batch(operations), at=NOON)


async def _put_into_project(store: TaskStore, user_id: UserId, task_id: int) -> None:
    create = CreateProject(SECRET_PROJECT, ref="project")
    await store.apply(user_id, Batch((create, Patch(task_id, TaskPatch(project_id=Ref("project"))))), at=NOON)
    await store.apply(user_id, Batch((PatchProject(1, ProjectPatch(name="Whispers")),)), at=NOON)


async def _erase_project(store: TaskStore, user_id: UserId, task_id: int) -> None:
    await _put_into_project(store, user_id, task_id)
    await store.apply(user_id, Batch((RemoveProject(1, permanent=True),)), at=NOON)


async def _empty_with_project(store: TaskStore, user_id: UserId, task_id: int) -> None:
    await _put_into_project(store, user_id, task_id)
    await store.apply(user_id, Batch((RemoveProject(1),)), at=NOON)
    await store.erase_oldest(user_id, up_to=10**9, limit=10)


async def _purge_with_project(store: TaskStore, user_id: UserId, task_id: int) -> None:
    await _put_into_project(store, user_id, task_id)
    await store.apply(user_id, Batch((RemoveProject(1),)), at=NOON)
    while await store.purge(trash_before=NOON + timedelta(days=1), deletions_before=NOON, keys_before=NOON, limit=10):
        pass


_WAYS: Final[dict[str, Callable[[TaskStore, UserId, int], Awaitable[object]]]] = {
    "remove": lambda store, user, task: store.remove(user, task, at=NOON, permanent=True),
    "guarded": lambda store, user, task: store.remove(user, task, at=NOON, permanent=True, guard=lambda _: None),
    "batch": lambda store, user, task: store.apply(user, Batch((Remove(task, permanent=True),)), at=NOON),
    "one-batch": _in_one_batch,
    "erase": _erase,
    "empty": _empty,
    "purge": _purge,
    "quota": _remove_others,
    "project": _erase_project,
    "project-empty": _empty_with_project,
    "project-purge": _purge_with_project,
}


async def erase_in_every_way(store: TaskStore) -> None:
    """Add a task with each text of `TEXTS` for each way to erase one, erase it, and leave another in the trash."""
    for name, erase in _WAYS.items():
        user_id = UserId(f"erasing-{name}")
        added = await store.add(user_id, SECRET, at=NOON)
        await erase(store, user_id, added.task.id)
    await store.add(UserId("keeping"), TaskDraft(title=KEPT), at=NOON)
    await store.remove(UserId("keeping"), 1, at=NOON)
