"""Projects: stored as written, counted apart from tasks, and in order."""

from collections.abc import Sequence

import pytest

from todo_adapters.contract.scenario import ALL, NOON, new_user, noon_plus
from todo_adapters.contract.suite import Contract, MakeRepository
from todo_domain import (
    NO_QUOTAS,
    Batch,
    BatchFailed,
    BatchResult,
    Create,
    CreateProject,
    IdempotencyKey,
    Kind,
    Move,
    Operation,
    PatchProject,
    Project,
    ProjectDraft,
    ProjectNotFound,
    ProjectPatch,
    QuotaExceeded,
    RemoveProject,
    TaskDraft,
    TaskRepository,
    TaskStore,
    UserId,
)
from todo_domain.project import MAX_PROJECTS

EVERY_KIND = frozenset(Kind)
LONGEST = ProjectDraft(name="\U0001f600" * 100, archived=True)


async def do(repository: TaskRepository, user_id: UserId, *operations: Operation) -> BatchResult:
    """Apply a batch of these operations."""
    return await repository.apply(user_id, Batch(operations), at=NOON)


async def add_projects(repository: TaskRepository, user_id: UserId, names: Sequence[str]) -> Sequence[Project]:
    """Add a project for each name in this order, and return them."""
    await do(repository, user_id, *(CreateProject(ProjectDraft(name=name)) for name in names))
    return (await repository.list_projects(user_id)).projects


class KeepsProjects(Contract):
    """A project is written like a task, under the same revision, but with ids of its own."""

    @pytest.mark.parametrize("draft", [ProjectDraft(name="a"), ProjectDraft(name="'; --", archived=True), LONGEST])
    async def test_an_added_project_is_stored_unchanged(self, repository: TaskStore, draft: ProjectDraft) -> None:
        user, at = new_user(), NOON.replace(microsecond=123_456)

        result = await repository.apply(user, Batch((CreateProject(draft),)), at=at)

        project = Project.from_draft(draft, user_id=user, id=1, revision=1, at=at)
        assert result.projects == {1: project}
        assert await repository.get_project(user, 1) == project
        assert (await repository.list_projects(user)).projects == (project,)
        assert (await repository.changes(user, None, ALL, EVERY_KIND)).changes == (project,)

    async def test_projects_and_tasks_have_ids_of_their_own_and_one_revision(self, repository: TaskStore) -> None:
        user = new_user()

        result = await do(
            repository,
            user,
            Create(TaskDraft(title="a")),
            CreateProject(ProjectDraft(name="b")),
            Create(TaskDraft(title="c")),
            CreateProject(ProjectDraft(name="d")),
        )

        assert [(outcome.id, outcome.revision) for outcome in result.outcomes] == [(1, 1), (1, 2), (2, 3), (2, 4)]
        assert (await repository.revisions([user]))[user] == 4

    async def test_a_project_of_another_user_is_not_found(self, repository: TaskStore) -> None:
        alice, bob = new_user(), new_user()
        await add_projects(repository, alice, "a")

        with pytest.raises(ProjectNotFound):
            await repository.get_project(bob, 1)
        for operation in (PatchProject(1, ProjectPatch(name="b")), RemoveProject(1)):
            with pytest.raises(BatchFailed):
                await do(repository, bob, operation)
        assert (await repository.list_projects(bob)).projects == ()

    async def test_a_patch_changes_a_project_and_one_that_alters_nothing_does_not(self, repository: TaskStore) -> None:
        user = new_user()
        (project,) = await add_projects(repository, user, "a")
        patch = Batch((PatchProject(1, ProjectPatch(name="b", archived=True), frozenset({1})),))

        await repository.apply(user, patch, at=noon_plus(1))
        result = await do(repository, user, PatchProject(1, ProjectPatch(archived=True)))

        expected = project._replace(name="b", archived=True, revision=2, updated_at=noon_plus(1))
        assert result.projects == {1: expected}
        assert await repository.get_project(user, 1) == expected

    async def test_a_removed_project_is_gone_and_its_id_is_not_used_again(self, repository: TaskStore) -> None:
        user = new_user()
        await add_projects(repository, user, "ab")

        await do(repository, user, RemoveProject(2))

        with pytest.raises(ProjectNotFound):
            await repository.get_project(user, 2)
        assert [project.id for project in await add_projects(repository, user, "c")] == [1, 3]

    async def test_projects_are_listed_in_their_order_by_hand(self, repository: TaskStore) -> None:
        user = new_user()
        await add_projects(repository, user, "abc")

        await do(
            repository,
            user,
            PatchProject(3, move=Move(first=True)),
            CreateProject(ProjectDraft(name="d"), Move(after=1)),
            PatchProject(1, move=Move(last=True)),
            CreateProject(ProjectDraft(name="e")),
        )

        projects = (await repository.list_projects(user)).projects
        assert "".join(project.name for project in projects) == "cdbae"

    async def test_many_insertions_into_one_gap_keep_positions_short_and_in_order(self, repository: TaskStore) -> None:
        user = new_user()
        await add_projects(repository, user, "ab")

        for start in range(0, 150, 50):
            names = [ProjectDraft(name=f"{number}") for number in range(start, start + 50)]
            await do(repository, user, *(CreateProject(name, Move(after=1)) for name in names))

        projects = (await repository.list_projects(user)).projects
        assert [project.name for project in projects] == ["a", *map(str, reversed(range(150))), "b"]
        assert max(len(project.position) for project in projects) < 64

    async def test_a_user_can_have_200_projects(self, make_repository: MakeRepository) -> None:
        user, draft = new_user(), ProjectDraft(name="a")
        async with make_repository(NO_QUOTAS) as repository:
            for _ in range(2):
                await do(repository, user, *[CreateProject(draft)] * (MAX_PROJECTS // 2))

            with pytest.raises(QuotaExceeded):
                await do(repository, user, CreateProject(draft))
            await do(repository, user, RemoveProject(1), CreateProject(draft))

            assert len((await repository.list_projects(user)).projects) == MAX_PROJECTS

    async def test_a_repeated_creation_with_a_key_adds_one_project(self, repository: TaskStore) -> None:
        user, batch = new_user(), Batch((CreateProject(ProjectDraft(name="a"), Move(first=True)),))
        key = IdempotencyKey.of_request("k", batch)

        first = await repository.apply(user, batch, at=NOON, key=key)
        again = await repository.apply(user, batch, at=noon_plus(1), key=key)

        assert (again.outcomes, again.at, again.replayed) == (first.outcomes, NOON, True)
        assert len((await repository.list_projects(user)).projects) == 1
