"""The evaluation of operations on the projects of one list: pure, because a user has few projects."""

from collections.abc import Container, Iterable
from datetime import datetime
from operator import attrgetter

from todo_domain.counters import ListCounters
from todo_domain.errors import ProjectNotFound, RuleViolated, Violation
from todo_domain.identity import UserId
from todo_domain.move import Move
from todo_domain.operations import Outcome
from todo_domain.placement import Neighbour, place
from todo_domain.project import (
    Project,
    ProjectDraft,
    ProjectPatch,
    ProjectState,
    TrashedProject,
)

_UNKNOWN = (("project_id",), "unknown_project", "must be the id of a project of the list")
_ARCHIVED = (("project_id",), "archived_project", "must be the id of a project that is not archived")

_Written = tuple[Outcome, ListCounters]
"""The outcome of an operation, and the counters after it."""


class ProjectsState:
    """The projects of a list while operations are evaluated on it.

    - stored: the projects by id, after the changes so far
    - changes: the final states of those that changed
    """

    def __init__(self, user_id: UserId, projects: Iterable[Project], at: datetime) -> None:
        self._user_id = user_id
        self._at = at
        self._counters = ListCounters()
        self.stored = {project.id: project for project in projects}
        self.changes: dict[int, ProjectState] = {}

    def find(self, project_id: int, expected: Container[int] | None) -> Project:
        """Return a project. Raises ProjectNotFound and PreconditionFailed."""
        project = self.stored.get(project_id)
        if project is None:
            raise ProjectNotFound(project_id)
        project.require(expected)
        return project

    def find_in_trash(
        self, project_id: int, stored: TrashedProject | None, expected: Container[int] | None
    ) -> TrashedProject:
        """Return a project in the trash, `stored` unless it was changed. Raises ProjectNotFound, PreconditionFailed."""
        trashed = self.changes.get(project_id, stored)
        if not isinstance(trashed, TrashedProject):
            raise ProjectNotFound(project_id)
        trashed.project.require(expected)
        return trashed

    def require_open(self, project_id: int) -> None:
        """Raise RuleViolated unless a task can be put into the project."""
        project = self.stored.get(project_id)
        if project is None:
            raise RuleViolated([Violation(*_UNKNOWN)])
        if project.archived:
            raise RuleViolated([Violation(*_ARCHIVED)])

    def create(self, draft: ProjectDraft, move: Move | None, counters: ListCounters) -> _Written:
        """Add a project. Raises RuleViolated for the move."""
        self._counters = counters
        project_id = counters.last_project_id + 1
        position = self._place(move) if move else None
        revision = self._counters.next_revision
        self._write(
            Project.from_draft(
                draft, user_id=self._user_id, id=project_id, revision=revision, at=self._at, position=position
            )
        )
        return Outcome(project_id, revision, position), self._counters

    def patch(
        self, project: Project, patch: ProjectPatch | None, move: Move | None, counters: ListCounters
    ) -> _Written:
        """Change and move a project. Raises RuleViolated for the move."""
        self._counters = counters
        changed, position = project, None
        if patch:
            changed = changed.patched(patch, self._at)
        if move:
            position = self._place(move, project)
            changed = changed.moved(position, self._at)
        if changed is not project:
            changed = changed._replace(revision=self._counters.next_revision)
            self._write(changed)
        return Outcome(project.id, changed.revision, position), self._counters

    def remove(self, project: Project, counters: ListCounters, *, permanent: bool) -> _Written:
        """Move a project to the trash, or erase it."""
        self._counters = counters
        trashed = TrashedProject(project._replace(revision=counters.next_revision), self._at)
        self._write(trashed.erased() if permanent else trashed)
        return Outcome(project.id, trashed.revision), self._counters

    def restore(self, trashed: TrashedProject, counters: ListCounters) -> _Written:
        """Restore a project to its place, or next to it if that is taken."""
        self._counters = counters
        project = trashed.project
        order = self._order(None)
        index = sum(each.position < project.position for each in order)
        position = self._place_at(order, index, project.position)
        self._write(
            project._replace(
                position=position, revision=self._counters.next_revision, updated_at=max(self._at, project.updated_at)
            )
        )
        return Outcome(project.id, self._counters.revision), self._counters

    def _place(self, move: Move, moved: Project | None = None) -> str:
        """Return the position that the move gives a project, and write the projects that it spreads."""
        order = self._order(moved)
        ids = [each.id for each in order]
        if move.anchor is None:
            index = 0 if move.first else len(order)
        elif move.anchor in ids:
            index = ids.index(move.anchor) + (move.before is None)
        else:
            raise move.refused_anchor()
        return self._place_at(order, index, moved.position if moved else None)

    def _order(self, but: Project | None) -> list[Neighbour]:
        others = (Neighbour(each.id, each.position) for each in self.stored.values() if each is not but)
        return sorted(others, key=attrgetter("position"))

    def _place_at(self, order: list[Neighbour], index: int, current: str | None) -> str:
        placement = place(
            order[:index][::-1],
            order[index:],
            reach=len(order) + 1,
            last_id=self._counters.last_project_id,
            current=current,
        )
        assert placement, "a spread of all projects has room"  # noqa: S101 - for the type checker
        for project_id, position in placement.spread.items():
            spread = self.stored[project_id]
            self._write(spread._replace(position=position, revision=self._counters.next_revision))
        return placement.position

    def _write(self, change: ProjectState) -> None:
        self._counters = self._counters.after_project(change, self.stored.get(change.id))
        self.changes[change.id] = change
        if isinstance(change, Project):
            self.stored[change.id] = change
        else:
            del self.stored[change.id]
