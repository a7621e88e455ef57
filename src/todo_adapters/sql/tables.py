"""The tables: the one description that the statements and the migrations are held to.

Every key begins with `user_id`, so the tables distribute by user as they stand. Text
compares by bytes on both databases (collation "C" on PostgreSQL, BINARY on SQLite):
the order of UTF-8 is the order of code points, and no locale decides anything. What
the domain compares is stored as the domain derives it, in the columns named `_key`.
"""

from datetime import datetime
from typing import Any, ClassVar, Final

from sqlalchemy import BigInteger, DateTime, Index, MetaData, SmallInteger, Text, text
from sqlmodel import Field, SQLModel

_TEXT: Final = Text().with_variant(Text(collation="C"), "postgresql")
# On SQLite, `todo_domain.listing.instant_key`: text of one width, whose order is that of time.
_INSTANT: Final = DateTime(timezone=True).with_variant(Text(), "sqlite")
# Clustered by the primary key: the tasks of a user lie together, and there is one tree less to write.
_CLUSTERED: Final = {"sqlite_with_rowid": False}


def _where(condition: str) -> dict[str, Any]:
    """Say of an index, for both databases, which rows are in it."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


class _Row(SQLModel):
    metadata: ClassVar[MetaData] = MetaData()


class TaskListRow(_Row, table=True):
    """The counters of one user's list.

    No index but the primary key and half-empty pages, so that PostgreSQL updates in
    place (HOT): every change to a list passes here.
    """

    __tablename__ = "task_lists"
    __table_args__: ClassVar[Any] = {**_CLUSTERED, "postgresql_with": {"fillfactor": 50}}

    user_id: str = Field(primary_key=True, sa_type=_TEXT)
    revision: int = Field(sa_type=BigInteger)
    last_task_id: int = Field(sa_type=BigInteger)
    forgotten_revision: int = Field(sa_type=BigInteger)


class TaskRow(_Row, table=True):
    r"""A task, or the tombstone of one: then `deleted_at` is set and nothing of the task's content is left.

    - completed_at: null while the task is open
    - A field of a task is in the column of its name, in the form that `rows` writes.
    - completed_at: null while the task is open
    - due: the key and, after a blank, the time zone; due_key: `Due.sort_key`
    - tags: one to a line; tags_key: folded, each between two line feeds, so that a
      tag is found as `"\n" + tag + "\n"`
    """

    __tablename__ = "tasks"
    __table_args__: ClassVar[Any] = (
        # Unique because no two changes to a list share a revision: a lost bump fails instead of hiding a change.
        Index("tasks_by_revision", "user_id", "revision", unique=True),
        # The order of a list that asks for no other: a page without a filter costs what is on it.
        Index("tasks_by_creation", "user_id", "created_at", "id", **_where("deleted_at IS NULL")),
        Index("tasks_by_deletion", "deleted_at", **_where("deleted_at IS NOT NULL")),
        _CLUSTERED,
    )

    user_id: str = Field(primary_key=True, sa_type=_TEXT)
    id: int = Field(primary_key=True, sa_type=BigInteger)
    revision: int = Field(sa_type=BigInteger)
    title: str = Field(sa_type=_TEXT)
    title_key: str = Field(sa_type=_TEXT)
    description: str | None = Field(sa_type=_TEXT)
    description_key: str | None = Field(sa_type=_TEXT)
    completed_at: datetime | None = Field(sa_type=_INSTANT)
    priority: int = Field(sa_type=SmallInteger)
    due: str | None = Field(sa_type=_TEXT)
    due_key: str | None = Field(sa_type=_TEXT)
    tags: str = Field(sa_type=_TEXT)
    tags_key: str = Field(sa_type=_TEXT)
    created_at: datetime = Field(sa_type=_INSTANT)
    updated_at: datetime = Field(sa_type=_INSTANT)
    deleted_at: datetime | None = Field(sa_type=_INSTANT)


class IdempotencyKeyRow(_Row, table=True):
    """What one operation of a request with an idempotency key did.

    A batch keeps a row for each of its operations, at positions from 0; a single
    create keeps position 0. Purging finds a key by that position alone.
    """

    __tablename__ = "idempotency_keys"
    __table_args__: ClassVar[Any] = (
        Index("idempotency_keys_by_creation", "created_at", **_where("position = 0")),
        _CLUSTERED,
    )

    user_id: str = Field(primary_key=True, sa_type=_TEXT)
    key: str = Field(primary_key=True, sa_type=_TEXT)
    position: int = Field(primary_key=True, sa_type=SmallInteger)
    fingerprint: str = Field(sa_type=_TEXT)
    task_id: int = Field(sa_type=BigInteger)
    revision: int = Field(sa_type=BigInteger)
    created_at: datetime = Field(sa_type=_INSTANT)


class StoreRow(_Row, table=True):
    """The store itself: a single row with its epoch, and what all new revisions are above."""

    __tablename__ = "store"
    __table_args__: ClassVar[Any] = _CLUSTERED

    epoch: str = Field(primary_key=True, sa_type=_TEXT)
    revision_floor: int = Field(sa_type=BigInteger)


metadata: Final = _Row.metadata
task_lists: Final = metadata.tables["task_lists"]
tasks: Final = metadata.tables["tasks"]
idempotency_keys: Final = metadata.tables["idempotency_keys"]
store: Final = metadata.tables["store"]
