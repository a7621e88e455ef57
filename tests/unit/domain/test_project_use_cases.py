"""What a caller can do with projects, and with tasks in them."""

from datetime import timedelta

import pytest

from tests.opening import open_at_once
from tests.unit.domain.strategies import ALICE, NOON
from todo_adapters.in_memory import InMemoryTaskRepository
from todo_domain import (
    Move,
    Principal,
    ProjectDraft,
    ProjectNotFound,
    ProjectPatch,
    RuleViolated,
    TaskDraft,
    TaskPatch,
    TaskUseCases,
    TrashQuery,
)

pytestmark = pytest.mark.anyio


class Clock:
    def now(self) -> object:
        return NOON


def use_cases(*, keeps_trash: bool = True) -> TaskUseCases:
    store = open_at_once(InMemoryTaskRepository())
    principal = Principal(ALICE, NOON + timedelta(hours=1))
    return TaskUseCases(store, Clock(), principal, ALICE, keeps_trash=keeps_trash)  # type: ignore[arg-type]


async def test_a_project_is_added_once_for_a_key_and_can_be_read_and_patched() -> None:
    projects = use_cases().projects

    first = await projects.create(ProjectDraft(name="a"), "key")
    again = await projects.create(ProjectDraft(name="a"), "key")
    second = await projects.create(ProjectDraft(name="b"), move=Move(first=True))
    patched = await projects.patch(1, ProjectPatch(name="A"), {1}, Move(first=True))

    assert (again.project, first.replayed, again.replayed) == (first.project, False, True)
    assert (await projects.get(1), await projects.get(2)) == (patched, second.project)
    assert [project.name for project in (await projects.list()).projects] == ["A", "b"]


async def test_a_task_is_added_to_a_project_once_for_a_key_and_can_be_moved_to_another() -> None:
    cases = use_cases()
    for name in "ab":
        await cases.projects.create(ProjectDraft(name=name))

    first = await cases.create(TaskDraft(title="x", project_id=1), "key")
    again = await cases.create(TaskDraft(title="x", project_id=1), "key")
    moved = await cases.patch(1, TaskPatch(project_id=2))
    out = await cases.patch(1, TaskPatch(project_id=None))

    assert (again.task, first.replayed, again.replayed) == (first.task, False, True)
    assert (moved.project_id, out.project_id) == (2, None)
    for put in (cases.patch(1, TaskPatch(project_id=3)), cases.create(TaskDraft(title="x", project_id=3))):
        with pytest.raises(RuleViolated, match=r"^project_id: must be the id of a project of the list$"):
            await put


async def test_a_removed_project_and_its_tasks_can_be_restored_if_there_is_a_trash() -> None:
    for keeps_trash in (True, False):
        cases = use_cases(keeps_trash=keeps_trash)
        await cases.projects.create(ProjectDraft(name="a"))
        await cases.create(TaskDraft(title="x", project_id=1))

        assert await cases.projects.remove(1) == 1

        assert (await cases.trash(TrashQuery())).count == (2 if keeps_trash else 0)
        if keeps_trash:
            project, count = await cases.projects.restore(1)
            assert (project, count) == (await cases.projects.get(1), 1)
        else:
            with pytest.raises(ProjectNotFound):
                await cases.projects.restore(1)
