"""References: an operation of a batch names what an earlier one creates."""

from typing import Final

from todo_adapters.contract.project_tasks import projects_of_tasks
from todo_adapters.contract.projects import do
from todo_adapters.contract.quotas import key_of
from todo_adapters.contract.scenario import NOON, new_user, noon_plus, read_everything
from todo_adapters.contract.suite import Contract
from todo_domain import (
    Batch,
    Create,
    CreateProject,
    Move,
    Outcome,
    Patch,
    PatchProject,
    ProjectDraft,
    ProjectPatch,
    Ref,
    Remove,
    RemoveProject,
    Restore,
    RestoreProject,
    TaskDraft,
    TaskPatch,
    TaskStore,
    TrashQuery,
)

A, B, T, U = (Ref(name) for name in "abtu")
NEW: Final = (
    CreateProject(ProjectDraft(name="first"), ref="a"),
    CreateProject(ProjectDraft(name="second"), ref="b"),
    Create(TaskDraft(title="first", project_id=A), ref="t"),
    Create(TaskDraft(title="second", project_id=B), ref="u"),
)


class ResolvesReferences(Contract):
    """A reference stands for the id that the batch gives a new task or project."""

    async def test_operations_can_name_what_earlier_ones_create(self, repository: TaskStore) -> None:
        user = new_user()
        await do(repository, user, CreateProject(ProjectDraft(name="old")), Create(TaskDraft(title="old")))

        later = (
            Patch(T, TaskPatch(title="t", project_id=B)),
            PatchProject(A, ProjectPatch(name="A"), move=Move(first=True)),
            Patch(1, TaskPatch(project_id=A)),
            Remove(U),
            Restore(U),
            RemoveProject(A),
            RestoreProject(A),
        )
        result = await do(repository, user, *NEW, *later)

        page, _ = await read_everything(repository, user)
        projects = (await repository.list_projects(user)).projects
        assert [outcome.id for outcome in result.outcomes] == [2, 3, 2, 3, 2, 2, 1, 3, 3, 2, 2]
        assert [(task.title, task.project_id) for task in page.tasks] == [("old", 2), ("t", 3), ("second", 3)]
        assert [(project.id, project.name) for project in projects] == [(2, "A"), (1, "old"), (3, "second")]

    async def test_a_project_can_be_created_filled_and_removed_in_one_batch(self, repository: TaskStore) -> None:
        user = new_user()

        result = await do(repository, user, *NEW, RemoveProject(A), RemoveProject(B, permanent=True))

        trash = await repository.list_trash(user, TrashQuery())
        assert [(outcome.id, outcome.revision) for outcome in result.outcomes[-2:]] == [(1, 6), (2, 8)]
        assert [(each.id, each.task.project_id, each.deleted_with) for each in trash.tasks] == [(1, 1, 1)]
        assert [each.id for each in trash.projects] == [1]

    async def test_a_repeated_batch_with_references_has_the_same_outcomes(self, repository: TaskStore) -> None:
        user, batch = new_user(), Batch((*NEW, Patch(T, TaskPatch(project_id=B))))

        first = await repository.apply(user, batch, at=NOON, key=key_of("k", batch))
        again = await repository.apply(user, batch, at=noon_plus(1), key=key_of("k", batch))

        assert (again.outcomes, again.at, again.replayed) == (first.outcomes, NOON, True)
        assert again.outcomes[-1] == Outcome(1, 5)
        assert await projects_of_tasks(repository, user) == {1: 2, 2: 2}
