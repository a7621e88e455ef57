"""What a caller can do with the projects of a task list."""

from collections.abc import Awaitable, Callable, Container
from dataclasses import dataclass

from todo_domain.identity import UserId
from todo_domain.move import Move
from todo_domain.operations import BatchResult, CreateProject, Operation, PatchProject, RemoveProject, RestoreProject
from todo_domain.ports import TaskRepository
from todo_domain.project import Project, ProjectDraft, ProjectList, ProjectPatch


@dataclass(frozen=True, slots=True)
class AddedProject:
    """A project that was added. `replayed`: an earlier call with the same key added it."""

    project: Project
    replayed: bool = False


class ProjectUseCases:
    """What a principal can do with the projects of one owner: `TaskUseCases.projects`.

    `expected` is as in TaskUseCases.
    """

    def __init__(
        self,
        user_id: UserId,
        repository: TaskRepository,
        apply: Callable[[Operation, str | None], Awaitable[BatchResult]],
        *,
        keeps_trash: bool,
    ) -> None:
        self._user_id = user_id
        self._repository = repository
        self._apply = apply
        self._keeps_trash = keeps_trash

    async def create(self, draft: ProjectDraft, key: str | None = None, move: Move | None = None) -> AddedProject:
        """Add a project; with an idempotency key, at most once for that key. Without a move, it is after all others.

        Raises RuleViolated for a malformed key and for `move`, IdempotencyConflict, QuotaExceeded and TooManyKeys.
        """
        result = await self._apply(CreateProject(draft, move), key)
        (outcome,) = result.outcomes
        project = Project.from_draft(
            draft,
            user_id=self._user_id,
            id=outcome.id,
            revision=outcome.revision,
            at=result.at,
            position=outcome.position,
        )
        return AddedProject(project, result.replayed)

    async def get(self, project_id: int) -> Project:
        """Return one project, or raise ProjectNotFound."""
        return await self._repository.get_project(self._user_id, project_id)

    async def list(self) -> ProjectList:
        """Return all projects by position."""
        return await self._repository.list_projects(self._user_id)

    async def patch(
        self,
        project_id: int,
        patch: ProjectPatch | None,
        expected: Container[int] | None = None,
        move: Move | None = None,
    ) -> Project:
        """Apply a patch and a move to a project.

        Raises ProjectNotFound, PreconditionFailed, RuleViolated for `move`, and EmptyPatch without both.
        """
        result = await self._apply(PatchProject(project_id, patch, expected, move), None)
        return result.projects[project_id]

    async def remove(self, project_id: int, expected: Container[int] | None = None) -> int:
        """Move a project and the tasks in it to the trash; return how many tasks.

        Raises ProjectNotFound and PreconditionFailed.
        """
        result = await self._apply(RemoveProject(project_id, expected, not self._keeps_trash), None)
        return result.bulk_count

    async def restore(self, project_id: int, expected: Container[int] | None = None) -> tuple[Project, int]:
        """Restore a project from the trash, and the tasks that were removed with it; return how many tasks.

        Raises ProjectNotFound if it is not in the trash, PreconditionFailed and QuotaExceeded.
        """
        result = await self._apply(RestoreProject(project_id, expected), None)
        return result.projects[project_id], result.bulk_count
