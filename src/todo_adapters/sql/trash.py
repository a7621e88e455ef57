"""The trash: its statement, and the mapping of its rows."""

from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa

from todo_adapters.sql.dialects import Dialect
from todo_adapters.sql.kinds import entries, split
from todo_adapters.sql.projects import read_project_state
from todo_adapters.sql.rows import read_state
from todo_adapters.sql.statements import LIST_OF_USER, NOT_ERASING
from todo_adapters.sql.tables import projects, task_lists
from todo_domain import Kind, TrashedProject, TrashedTask, TrashPage, TrashQuery, UserId

_page: Final = entries(
    list(Kind), lambda table: sa.and_(table.c.in_trash, table.c.revision < sa.bindparam("before")), descending=True
)
PROJECTS_IN_TRASH: Final = (
    sa.select(sa.func.count())
    .select_from(projects)
    .where(projects.c.user_id == sa.bindparam("user_id"), projects.c.in_trash, NOT_ERASING)
    .scalar_subquery()
)
TRASH: Final = (
    sa.select(task_lists.c.revision, task_lists.c.trash_count + PROJECTS_IN_TRASH, *_page.c)
    .select_from(task_lists.outerjoin(_page, sa.true()))
    .where(LIST_OF_USER)
    .order_by(_page.c.at.desc())
)
"""The last `limit` tasks and projects in the trash with a revision below `before`, after the list's revision and
how many are in the trash; for `read_trash`. With an empty trash, one row has nulls. Without a list, there is no row."""


def read_trash(dialect: Dialect, user_id: UserId, query: TrashQuery, rows: Sequence[Sequence[Any]]) -> TrashPage:
    """Return the page in the rows of `TRASH`, read with `limit + 1`."""
    tasks, trashed_projects = list[TrashedTask](), list[TrashedProject]()
    for _, _, at, *columns in rows:
        if at is None:
            continue
        kind, values = split(columns)
        if kind is Kind.TASK:
            task = read_state(dialect, user_id, values)
            assert isinstance(task, TrashedTask)  # noqa: S101 - for the type checker
            tasks.append(task)
        else:
            project = read_project_state(dialect, user_id, values)
            assert isinstance(project, TrashedProject)  # noqa: S101 - for the type checker
            trashed_projects.append(project)
    revision, count, *_ = rows[0] if rows else (0, 0)
    return query.page(tasks, trashed_projects, revision, count)
