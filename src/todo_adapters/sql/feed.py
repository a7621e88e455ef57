"""The change feed: its statement, and the mapping of its rows."""

from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa

from todo_adapters.sql.dialects import Dialect
from todo_adapters.sql.kinds import entries, split
from todo_adapters.sql.projects import read_project_state
from todo_adapters.sql.rows import read_state
from todo_adapters.sql.statements import LIST_OF_USER
from todo_adapters.sql.tables import task_lists
from todo_domain import Change, ChangePage, Deletion, FeedState, FeedToken, Kind, Project, Task, UserId

KINDS: Final = (frozenset({Kind.TASK}), frozenset({Kind.PROJECT}), frozenset(Kind))
"""What a reader can request. Each has a statement of its own."""


def changes(source: sa.FromClause, kinds: frozenset[Kind]) -> Any:
    """Return the statement for `read_changes`; `source` has the epoch in its only row.

    It returns the epoch, the list's counters, and the first `limit` changes above `since`.
    There is at least one row, even if there is no change or no list.
    """
    newer = entries(kinds, lambda table: table.c.revision > sa.bindparam("since"))
    return (
        sa.select(source.c.epoch, task_lists.c.revision, task_lists.c.forgotten_revision, *newer.c)
        .select_from(source.outerjoin(task_lists, LIST_OF_USER).outerjoin(newer, sa.true()))
        .order_by(newer.c.at)
    )


def read_changes(  # noqa: PLR0913, PLR0917 - the arguments of `changes`, and what was found
    dialect: Dialect,
    user_id: UserId,
    since: FeedToken | None,
    limit: int,
    kinds: frozenset[Kind],
    rows: Sequence[Sequence[Any]],
) -> ChangePage:
    """Return the page in the rows of `changes`, read with `limit + 1`. Raises CursorExpired."""
    epoch, revision, purged, *_ = rows[0]
    found = [_read_change(dialect, user_id, *row[3:]) for row in rows if row[3] is not None]
    return FeedState(epoch, revision or 0, purged or 0).page(since, limit, found, kinds)


def _read_change(dialect: Dialect, user_id: UserId, revision: int, *columns: Any) -> Change:
    kind, values = split(columns)
    read = read_state if kind is Kind.TASK else read_project_state
    change = read(dialect, user_id, values)
    return change if isinstance(change, Task | Project) else Deletion(change.id, revision, kind)
