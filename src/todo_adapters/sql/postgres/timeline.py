"""Notice that a standby was promoted, which may have lost writes, by PostgreSQL's timeline.

PostgreSQL begins a new timeline with every promotion and every recovery to a point in time.
The store remembers the timeline of its epoch. Both are compared inside each statement that
gives out revisions or reads the feed, because a pooler may change the server under an open
connection:

- A read of the feed on another timeline returns no epoch. `follow_timeline` then renews it.
- A write on another timeline gets a revision above all that were given out before, which may
  be lost, so no revision is used twice. That it still belongs to the old epoch does no harm:
  every read of the feed renews the epoch before it returns a token.

An empty timeline in the store means that the server reports none, as some services do.
"""

import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa
from psycopg.errors import FeatureNotSupported
from psycopg.rows import TupleRow

from todo_adapters.sql import feed, statements
from todo_adapters.sql.dialects import POSTGRESQL, Statement
from todo_adapters.sql.epoch_log import log_renewed
from todo_adapters.sql.statements import Greatest
from todo_adapters.sql.tables import store
from todo_domain import Kind, StorageUnavailable

Run = Callable[[Statement, Mapping[str, Any]], Awaitable[Sequence[TupleRow]]]
"""Runs one statement and returns its rows."""

# The first 8 digits of a WAL file's name. Unlike pg_control_checkpoint(), it changes at the promotion.
_TIMELINE: Final = sa.literal_column("substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)", sa.Text())
_NONE: Final = sa.literal_column("''", sa.Text())
_NEW_FLOOR: Final = sa.literal_column("CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)", sa.BigInteger())
"""The `revision_floor` of an epoch that begins now."""


def _if_same_timeline(value: Any, otherwise: Any = None) -> Any:
    return sa.case((store.c.timeline == _NONE, value), (store.c.timeline == _TIMELINE, value), else_=otherwise)


REVISION_FLOOR: Final = sa.select(
    _if_same_timeline(store.c.revision_floor, Greatest(store.c.revision_floor, _NEW_FLOOR))
).scalar_subquery()
"""What all new revisions are above."""

_CURRENT: Final = sa.select(_if_same_timeline(store.c.epoch).label("epoch")).subquery("current")
_CHANGES: Final = {kinds: POSTGRESQL.compile(feed.changes(_CURRENT, kinds)) for kinds in feed.KINDS}

_REPORT: Final = POSTGRESQL.compile(
    sa.select(store.c.timeline, sa.case((~sa.func.pg_is_in_recovery(), _TIMELINE), else_=store.c.timeline))
)
_FOLLOW: Final = POSTGRESQL.compile(
    statements.RENEW_EPOCH.where(store.c.timeline != sa.bindparam("timeline"))
    .values(
        # A new store, whose timeline is empty too, has lost nothing.
        revision_floor=sa.case(
            (store.c.timeline == _NONE, store.c.revision_floor), else_=Greatest(store.c.revision_floor, _NEW_FLOOR)
        ),
        timeline=sa.bindparam("timeline"),
    )
    .returning(store.c.epoch)
)


async def read_changes(run: Run, kinds: frozenset[Kind], values: Mapping[str, Any]) -> Sequence[TupleRow]:
    """Return the rows for `feed.read_changes`. One statement, unless the timeline has changed."""
    for _ in range(2):
        found = await run(_CHANGES[kinds], values)
        if found[0][0] is not None:
            return found
        await follow_timeline(run)
    raise StorageUnavailable("the timeline of the database changes all the time")


async def follow_timeline(run: Run) -> None:
    """Renew the epoch if the store was on another timeline, or if it is unknown whether it was."""
    try:
        ((stored, timeline),) = await run(_REPORT, {})
    except StorageUnavailable as error:
        if not isinstance(error.__cause__, FeatureNotSupported):
            raise
        stored, timeline = None, ""
    if timeline != stored:
        for (epoch,) in await run(_FOLLOW, {"epoch": secrets.token_hex(4), "timeline": timeline}):
            log_renewed(epoch, timeline=timeline, level=logging.INFO if stored == "" else logging.WARNING)
