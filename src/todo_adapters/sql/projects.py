"""The statements about projects, and the mapping between their rows and objects of the domain."""

from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa

from todo_adapters.sql.dialects import Dialect
from todo_adapters.sql.purging import erase, erased_values
from todo_adapters.sql.statements import LIST_OF_USER, NOT_ERASING, ONE, ZERO, Greatest, parameter
from todo_adapters.sql.tables import projects, task_lists
from todo_domain import Project, ProjectList, ProjectState, ProjectTombstone, TrashedProject, UserId
from todo_domain.project import MAX_PROJECT_DELETIONS

PROJECT: Final = tuple(projects.c[field] for field in Project._fields if field != "user_id")
"""The columns that `read_project` reads, in this order."""

PROJECT_STATE: Final = (*PROJECT, projects.c.deleted_at, projects.c.in_trash)
"""The columns that `read_project_state` reads, in this order."""

_OF_USER: Final = projects.c.user_id == sa.bindparam("user_id")
_PRESENT: Final = projects.c.deleted_at.is_(None)

ALL_PROJECTS: Final = sa.select(*PROJECT).where(_OF_USER, _PRESENT)
GET_PROJECT: Final = ALL_PROJECTS.where(projects.c.id == sa.bindparam("id"), NOT_ERASING)
PROJECT_IN_TRASH: Final = sa.select(*PROJECT_STATE).where(
    _OF_USER, projects.c.id == sa.bindparam("id"), projects.c.in_trash
)

_listed: Final = ALL_PROJECTS.where(NOT_ERASING).subquery("listed")
LIST_PROJECTS: Final = (
    sa.select(task_lists.c.revision, *_listed.c)
    .select_from(task_lists.outerjoin(_listed, sa.true()))
    .where(LIST_OF_USER)
    .order_by(_listed.c.position)
)
"""The list's revision and a project, or nulls for the project; no row if the list does not exist."""

ERASED_PROJECT: Final = erased_values(projects)
_ID: Final = PROJECT.index(projects.c.id)
_REVISION: Final = PROJECT.index(projects.c.revision)

_last_forgotten: Final = (
    sa.select(projects.c.revision)
    .where(_OF_USER, projects.c.deleted_at.is_not(None))
    .order_by(projects.c.revision.desc())
    .limit(ONE)
    .offset(sa.literal_column(str(MAX_PROJECT_DELETIONS)))
    .scalar_subquery()
)
FORGET_SURPLUS_PROJECTS: Final = (
    sa.update(task_lists)
    .where(LIST_OF_USER)
    .values(forgotten_revision=Greatest(task_lists.c.forgotten_revision, sa.func.coalesce(_last_forgotten, ZERO))),
    sa.delete(projects).where(_OF_USER, projects.c.deleted_at.is_not(None), projects.c.revision <= _last_forgotten),
)
"""Forget the oldest deletions of projects, except `MAX_PROJECT_DELETIONS`; run both after a deletion."""

ERASE_PROJECTS: Final = erase(projects)
_is_older: Final = sa.and_(_OF_USER, projects.c.in_trash, projects.c.revision <= sa.bindparam("up_to"))
TRASHED_PROJECTS_OF_USER: Final = sa.select(projects.c.user_id, projects.c.id).where(_is_older)
ERASE_PROJECTS_OF_USER: Final = ERASE_PROJECTS.where(_is_older)

OLD_PROJECTS: Final = (
    sa.select(projects.c.user_id, projects.c.id, projects.c.revision)
    .where(projects.c.deleted_at < sa.bindparam("before"))
    .order_by(projects.c.deleted_at)
    .limit(sa.bindparam("limit"))
    .offset(ZERO)
)
OLD_TRASHED_PROJECTS: Final = OLD_PROJECTS.where(projects.c.in_trash, projects.c.deleted_at >= sa.bindparam("since"))
FORGET_PROJECT: Final = sa.delete(projects).where(
    _OF_USER, projects.c.id == sa.bindparam("id"), projects.c.deleted_at.is_not(None)
)
RAISE_FORGOTTEN: Final = (
    sa.update(task_lists)
    .where(LIST_OF_USER)
    .values(forgotten_revision=Greatest(task_lists.c.forgotten_revision, parameter(task_lists.c.forgotten_revision)))
)


def read_project(dialect: Dialect, user_id: UserId, row: Sequence[Any]) -> Project:
    """Return the project in a row with the columns of `PROJECT`."""
    project = Project(user_id, *row)
    read = dialect.read_instant
    return project._replace(
        archived=bool(project.archived), created_at=read(project.created_at), updated_at=read(project.updated_at)
    )


def read_project_state(dialect: Dialect, user_id: UserId, row: Sequence[Any]) -> ProjectState:
    """Return the project in a row with the columns of `PROJECT_STATE`."""
    *values, deleted_at, in_trash = row
    if deleted_at is None:
        return read_project(dialect, user_id, values)
    deleted_at = dialect.read_instant(deleted_at)
    if in_trash:
        return TrashedProject(read_project(dialect, user_id, values), deleted_at)
    return ProjectTombstone(values[_ID], values[_REVISION], deleted_at)


def read_projects(dialect: Dialect, user_id: UserId, rows: Sequence[Sequence[Any]]) -> ProjectList:
    """Return the projects in the rows of `LIST_PROJECTS`."""
    found = [read_project(dialect, user_id, row[1:]) for row in rows if row[1] is not None]
    return ProjectList(tuple(found), rows[0][0] if rows else 0)


def project_values(dialect: Dialect, user_id: UserId, state: ProjectState) -> dict[str, Any]:
    """Return the values of all columns of `projects` for a project in any state."""
    if isinstance(state, Project):
        return {**_values(dialect, state), "deleted_at": None, "in_trash": False}
    instant = dialect.write_instant(state.deleted_at)
    if isinstance(state, TrashedProject):
        return {**_values(dialect, state.project), "deleted_at": instant, "in_trash": True}
    times = dict.fromkeys(("created_at", "updated_at", "deleted_at"), instant)
    return {"user_id": user_id, "id": state.id, "revision": state.revision, **ERASED_PROJECT, **times}


def _values(dialect: Dialect, project: Project) -> dict[str, Any]:
    times = {name: dialect.write_instant(getattr(project, name)) for name in ("created_at", "updated_at")}
    return {**project._asdict(), **times}
