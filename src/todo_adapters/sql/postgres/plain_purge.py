"""The statements of `purge` as transactions of plain statements, one for each list.

Only the search for lists with old rows reads several lists, and it locks nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from todo_adapters.sql.dialects import POSTGRESQL, Statement
from todo_adapters.sql.postgres import purging
from todo_adapters.sql.postgres.driver.connection import BEGIN, COMMIT, ROLLBACK, Connection
from todo_adapters.sql.postgres.statements import LOCK_LIST
from todo_adapters.sql.projects import (
    ERASE_PROJECTS,
    OLD_PROJECTS,
    OLD_TRASHED_PROJECTS,
    RAISE_FORGOTTEN,
    TRASHED_PROJECTS_OF_USER,
)
from todo_adapters.sql.purging import (
    COUNT_ERASED,
    COUNT_FORGOTTEN_DELETION,
    COUNT_FORGOTTEN_KEY,
    ERASE,
    OLD_DELETIONS,
    OLD_KEYS,
    OLD_TRASH,
    OLDEST_DELETIONS_OF_USER,
)
from todo_adapters.sql.statements import InSet
from todo_adapters.sql.tables import idempotency_keys, projects, tasks
from todo_domain import ListCounters
from todo_domain.identity import NO_TOKEN

_Rows = Sequence[Sequence[Any]]
_CHECKED: Final = ("deletion_count", "trash_count")


@dataclass(frozen=True, slots=True)
class PlainPurge:
    """A statement of `purge` in plain statements.

    - lists: returns the owners of the lists that have rows to purge
    - rows: returns and locks the rows of one list
    - writes: what to do with the rows whose second columns are in the set `ids`
    - totals: returns further parameters of `writes`
    - is_list_first: whether the list is locked before the rows, as for projects
    """

    lists: Statement
    rows: Statement
    writes: Sequence[Statement]
    totals: Callable[[_Rows], Mapping[str, Any]]
    is_list_first: bool

    async def run(self, connection: Connection, values: Mapping[str, Any]) -> int:
        """Purge the rows of the list of `user_id` in a transaction, and return how many; 0 if others did meanwhile."""
        locks = [LOCK_LIST, self.rows] if self.is_list_first else [self.rows, LOCK_LIST]
        steps = [(BEGIN, {}), connection.limit_transaction, *((each, values) for each in locks)]
        locked = dict(zip(locks, (await connection.run_all(steps))[2:], strict=True))
        *values_of_counters, erased_at, is_erasing = locked[LOCK_LIST][0]
        found, counters = locked[self.rows], ListCounters(*values_of_counters)._asdict()
        is_refused = erased_at is not None and (is_erasing or values.get("issued_at", NO_TOKEN) <= erased_at)
        if is_refused or not found or any(counters[name] < values.get(name, 0) for name in _CHECKED):
            await connection.run(ROLLBACK, {})
            return 0
        purged = {**values, **self.totals(found), "ids": POSTGRESQL.write_set([row[1] for row in found])}
        await connection.run_all([*((each, purged) for each in self.writes), (COMMIT, {})])
        return len(found)


def _plain(
    rows: sa.Select[Any],
    *writes: sa.UpdateBase,
    totals: Callable[[_Rows], Mapping[str, Any]] = lambda _: {},
    skip_locked: bool = True,
    is_list_first: bool = False,
) -> PlainPurge:
    owner = rows.selected_columns.user_id
    of_user = rows.where(owner == sa.bindparam("user_id")).with_for_update(skip_locked=skip_locked)
    return PlainPurge(
        POSTGRESQL.compile(sa.select(rows.subquery().c.user_id).distinct()),
        POSTGRESQL.compile(of_user),
        [POSTGRESQL.compile(write) for write in writes],
        totals,
        is_list_first,
    )


def _in_set(table: sa.Table, name: str = "id") -> sa.ColumnElement[bool]:
    return sa.and_(table.c.user_id == sa.bindparam("user_id"), InSet(table.c[name], sa.bindparam("ids")))


def _forgotten_keys(rows: _Rows) -> Mapping[str, Any]:
    return {"forgotten": sum(count for _, _, count in rows)}


def _forgotten(rows: _Rows) -> Mapping[str, Any]:
    return {
        "forgotten": len(rows),
        "in_trash": sum(in_trash for *_, in_trash in rows),
        "forgotten_revision": max(row[2] for row in rows),
    }


def _erased(rows: _Rows) -> Mapping[str, Any]:
    return {"erased": len(rows)}


_outcomes = idempotency_keys.alias("outcome")
_outcome_count = (
    sa.select(sa.func.count())
    .where(_outcomes.c.user_id == idempotency_keys.c.user_id, _outcomes.c.key == idempotency_keys.c.key)
    .scalar_subquery()
)
_erase: Final = ERASE.where(_in_set(tasks)), COUNT_ERASED
_forget: Final = sa.delete(tasks).where(_in_set(tasks)), COUNT_FORGOTTEN_DELETION
_erase_projects: Final = ERASE_PROJECTS.where(_in_set(projects))
_forget_keys: Final = _plain(
    OLD_KEYS.add_columns(_outcome_count),
    sa.delete(idempotency_keys).where(_in_set(idempotency_keys, "key")),
    COUNT_FORGOTTEN_KEY,
    totals=_forgotten_keys,
)

PLAIN_PURGES: Final[Mapping[Statement, PlainPurge]] = {
    purging.FORGET_KEYS: _forget_keys,
    purging.FORGET_KEYS_OF_USER: _forget_keys,
    purging.FORGET_DELETIONS: _plain(OLD_DELETIONS, *_forget, totals=_forgotten),
    purging.FORGET_OLDEST_DELETIONS: _plain(OLDEST_DELETIONS_OF_USER, *_forget, totals=_forgotten),
    purging.ERASE_OLD: _plain(OLD_TRASH, *_erase, totals=_erased),
    purging.ERASE_OLDEST: _plain(purging.OLDEST_IN_ORDER_OF_ID, *_erase, totals=_erased, skip_locked=False),
    purging.FORGET_PROJECTS: _plain(
        OLD_PROJECTS,
        sa.delete(projects).where(_in_set(projects)),
        RAISE_FORGOTTEN,
        totals=lambda rows: {"forgotten_revision": max(row[2] for row in rows)},
        is_list_first=True,
    ),
    purging.ERASE_OLD_PROJECTS: _plain(OLD_TRASHED_PROJECTS, _erase_projects, is_list_first=True),
    purging.ERASE_TRASHED_PROJECTS: _plain(TRASHED_PROJECTS_OF_USER, _erase_projects, is_list_first=True),
}
