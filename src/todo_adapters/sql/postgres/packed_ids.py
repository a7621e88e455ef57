"""The ids of a whole list as one value: reading a row for each would stop the event loop for 40 ms."""

import sys
from array import array
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from todo_adapters.sql.dialects import Statement
from todo_domain import TaskIds, TaskQuery


@lru_cache(maxsize=512)
def packed(statement: Statement) -> Statement:
    """Return a statement whose only row has the list's revision and all ids, as big-endian integers of 8 bytes."""
    # The aggregate takes the rows in the order of the subquery.
    sql = f"SELECT max(revision), string_agg(int8send(id), '') FROM ({statement}) AS ids"  # noqa: S608 - our own SQL
    return Statement(sql, statement.names)


def read_packed_ids(query: TaskQuery, rows: Sequence[Sequence[Any]]) -> TaskIds:
    """Return the ids in the row of a packed statement; it has nulls if there is no list or no task."""
    ((revision, ids),) = rows
    unpacked = array("q", ids or b"")
    if sys.byteorder == "little":  # pragma: no branch  # depends on the processor
        unpacked.byteswap()
    return TaskIds(unpacked[: query.limit], revision or 0)
