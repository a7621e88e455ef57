"""Concurrent writers that remove projects, and put tasks into them."""

import asyncio
from collections.abc import Sequence

from todo_adapters.contract.project_tasks import into, projects_of_tasks, put
from todo_adapters.contract.projects import add_projects, do
from todo_adapters.contract.scenario import WRITERS, new_user
from todo_adapters.contract.suite import Contract
from todo_adapters.contract.trash import trash_of
from todo_domain import (
    BatchFailed,
    Operation,
    ProjectNotFound,
    RemoveProject,
    RestoreProject,
    RuleViolated,
    TaskNotFound,
    TaskStore,
    TodoError,
    UserId,
)

ROUNDS = 3


async def failure_of(repository: TaskStore, user_id: UserId, *operations: Operation) -> TodoError | None:
    """Apply a batch, and return why it failed, None if it succeeded."""
    try:
        await do(repository, user_id, *operations)
    except BatchFailed as failed:
        return failed.cause
    return None


class RemovesProjectsAmongWriters(Contract):
    """Whoever comes first, no task is in a project that does not exist, and none is lost."""

    async def test_no_task_is_put_into_a_project_that_is_removed_at_the_same_time(self, repository: TaskStore) -> None:
        user = new_user()
        for number in range(ROUNDS):
            await add_projects(repository, user, "a")
            project_id = number + 1
            added = await do(repository, user, *into(*[None] * (WRITERS // 2)))
            writes: list[Sequence[Operation]] = [(put(outcome.id, project_id),) for outcome in added.outcomes]
            writes += [into(project_id, None)] * (WRITERS // 2)
            writes.insert(WRITERS * number // ROUNDS, [RemoveProject(project_id)])

            failures = await asyncio.gather(*(failure_of(repository, user, *each) for each in writes))

            live = await projects_of_tasks(repository, user)
            trash = (await trash_of(repository, user)).tasks
            gone = [each.id for each in trash if each.deleted_with == project_id]
            refused = [failure for failure in failures if failure]
            assert {type(failure) for failure in refused} <= {RuleViolated}
            assert set(live.values()) <= {None}
            # All writes but that of the removal put one task into the project.
            assert len(gone) == len(writes) - 1 - len(refused)

    async def test_projects_whose_tasks_change_places_are_removed_and_restored_without_loss(
        self, repository: TaskStore
    ) -> None:
        user, count = new_user(), 6
        await add_projects(repository, user, "ab")
        await do(repository, user, *into(*[1, 2] * (count // 2)))

        def batches(number: int) -> Sequence[Sequence[Operation]]:
            ids = range(1, count + 1)[:: 1 if number % 2 else -1]
            projects = (1, 2) if number % 2 else (2, 1)
            moves = [put(task_id, projects[task_id % 2]) for task_id in ids]
            return moves, [*map(RemoveProject, projects)], [*map(RestoreProject, projects)]

        async def write(number: int) -> list[TodoError]:
            failed = [await failure_of(repository, user, *batch) for batch in batches(number)]
            return [failure for failure in failed if failure]

        failures = await asyncio.gather(*(write(number) for number in range(WRITERS)))
        for project_id in (1, 2):
            await failure_of(repository, user, RestoreProject(project_id))

        kinds = {type(failure) for failed in failures for failure in failed}
        assert kinds <= {ProjectNotFound, RuleViolated, TaskNotFound}
        assert sorted(await projects_of_tasks(repository, user)) == list(range(1, count + 1))
        assert (await trash_of(repository, user)).tasks == ()
