"""The tables. Statements are built from them, and tests compare the migrations with them.

Every key begins with `user_id`, so the tables can be distributed by user. Text is compared
by bytes on both databases (collation "C" on PostgreSQL, BINARY on SQLite): the order of
UTF-8 is the order of code points, and no locale matters. The columns named `_key` contain
the values that the domain derives for comparisons.
"""

from datetime import datetime
from typing import Any, ClassVar, Final

from sqlalchemy import BigInteger, Boolean, ForeignKeyConstraint, Index, SmallInteger
from sqlmodel import Field

from todo_adapters.sql.table_parts import CLUSTERED, IN_TRASH, INSTANT, TEXT, Row, where

OPEN_TASKS: Final = Index(
    "open_tasks", "user_id", "created_at", "id", **where("completed_at IS NULL AND deleted_at IS NULL")
)
"""For pages of open tasks: their cost does not depend on how many tasks were completed."""


TASKS_OF_PROJECT: Final = Index("tasks_of_project", "user_id", "project_id", **where("project_id IS NOT NULL"))
"""For pages of a project, and for its removal and its restoration."""


TASKS_BY_POSITION: Final = Index("tasks_by_position", "user_id", "position", **where("deleted_at IS NULL"))
"""For the neighbours of a place in the order by hand, and for what has the place of a task in the trash."""


class TaskListRow(Row, table=True):
    """The counters of one user's list: those of ListCounters, and `FeedState.purged_revision`.

    Every change to a list updates its row. No index has a column that such a change sets, and
    pages are half empty, so that PostgreSQL can update rows in place (HOT).

    - erased_at: when everything of the user was erased, or null
    - erasing: true until all records are deleted, then null
    """

    __tablename__ = "task_lists"
    __table_args__: ClassVar[Any] = (
        Index("erased_lists", "erased_at", **where("erased_at IS NOT NULL")),
        {**CLUSTERED, "postgresql_with": {"fillfactor": 50}},
    )

    user_id: str = Field(primary_key=True, sa_type=TEXT)
    revision: int = Field(sa_type=BigInteger)
    last_task_id: int = Field(sa_type=BigInteger)
    open_count: int = Field(sa_type=BigInteger)
    task_count: int = Field(sa_type=BigInteger)
    deletion_count: int = Field(sa_type=BigInteger)
    trash_count: int = Field(sa_type=BigInteger)
    key_count: int = Field(sa_type=BigInteger)
    last_project_id: int = Field(sa_type=BigInteger)
    project_count: int = Field(sa_type=BigInteger)
    forgotten_revision: int = Field(sa_type=BigInteger)
    erased_at: datetime | None = Field(sa_type=INSTANT)
    erasing: bool | None = Field(sa_type=Boolean)


class TaskRow(Row, table=True):
    r"""A task in one of three states.

    - in the list: `deleted_at` is null
    - in the trash: `deleted_at` is set, `in_trash` is true, and `revision` is that of the deletion;
      `deleted_with` is the project whose removal removed the task
    - a tombstone: `deleted_at` is set, and the content is erased

    - Each field of a task is in the column of the same name, in the format that `rows` writes.
    - completed_at: null while the task is open
    - due: the key and, after a space, the time zone; due_key: `Due.sort_key`
    - recurrence, succeeds: what the days are counted from, the anchor and the rule, separated by spaces
    - tags: one per line; tags_key: folded, each between two line feeds, so that a
      tag is found as `"\n" + tag + "\n"`
    - checklist: JSON, a pair for each item, or empty; checklist_key: the folded titles, separated by a character
      that neither they nor the text of a search can contain
    """

    __tablename__ = "tasks"
    __table_args__: ClassVar[Any] = (
        # Unique, because two changes to a list never have the same revision: a lost increment raises an error.
        Index("tasks_by_revision", "user_id", "revision", unique=True),
        # For the default order: the cost of an unfiltered page depends only on its size.
        Index("tasks_by_creation", "user_id", "created_at", "id", **where("deleted_at IS NULL")),
        OPEN_TASKS,
        TASKS_BY_POSITION,
        TASKS_OF_PROJECT,
        Index("tasks_by_deletion", "deleted_at", **where("deleted_at IS NOT NULL")),
        # For purging: tombstones are remembered longer, and would have to be read each time.
        Index("trash_by_deletion", "deleted_at", **IN_TRASH),
        Index("trash_by_revision", "user_id", "revision", **IN_TRASH),
        CLUSTERED,
    )

    user_id: str = Field(primary_key=True, sa_type=TEXT)
    id: int = Field(primary_key=True, sa_type=BigInteger)
    revision: int = Field(sa_type=BigInteger)
    title: str = Field(sa_type=TEXT)
    title_key: str = Field(sa_type=TEXT)
    description: str | None = Field(sa_type=TEXT)
    description_key: str | None = Field(sa_type=TEXT)
    completed_at: datetime | None = Field(sa_type=INSTANT)
    priority: int = Field(sa_type=SmallInteger)
    due: str | None = Field(sa_type=TEXT)
    due_key: str | None = Field(sa_type=TEXT)
    recurrence: str | None = Field(sa_type=TEXT)
    tags: str = Field(sa_type=TEXT)
    tags_key: str = Field(sa_type=TEXT)
    checklist: str = Field(sa_type=TEXT)
    checklist_key: str = Field(sa_type=TEXT)
    project_id: int | None = Field(sa_type=BigInteger)
    position: str = Field(sa_type=TEXT)
    successor_id: int | None = Field(sa_type=BigInteger)
    succeeds: str | None = Field(sa_type=TEXT)
    created_at: datetime = Field(sa_type=INSTANT)
    updated_at: datetime = Field(sa_type=INSTANT)
    deleted_at: datetime | None = Field(sa_type=INSTANT)
    in_trash: bool = Field(sa_type=Boolean)
    deleted_with: int | None = Field(sa_type=BigInteger)


class ProjectRow(Row, table=True):
    """A project in one of three states, like a TaskRow."""

    __tablename__ = "projects"
    __table_args__: ClassVar[Any] = (
        Index("projects_by_revision", "user_id", "revision", unique=True),
        Index("projects_by_deletion", "deleted_at", **where("deleted_at IS NOT NULL")),
        Index("trashed_projects", "deleted_at", **IN_TRASH),
        CLUSTERED,
    )

    user_id: str = Field(primary_key=True, sa_type=TEXT)
    id: int = Field(primary_key=True, sa_type=BigInteger)
    revision: int = Field(sa_type=BigInteger)
    name: str = Field(sa_type=TEXT)
    archived: bool = Field(sa_type=Boolean)
    position: str = Field(sa_type=TEXT)
    created_at: datetime = Field(sa_type=INSTANT)
    updated_at: datetime = Field(sa_type=INSTANT)
    deleted_at: datetime | None = Field(sa_type=INSTANT)
    in_trash: bool = Field(sa_type=Boolean)


class IdempotencyKeyRow(Row, table=True):
    """The outcome of one operation of a request with an idempotency key.

    A batch has a row for each operation, at positions from 0; a single create has only
    position 0. Purging searches for keys only at position 0.

    - task_position: the position that a move gave the task
    """

    __tablename__ = "idempotency_keys"
    __table_args__: ClassVar[Any] = (
        Index("idempotency_keys_by_creation", "created_at", **where("position = 0")),
        Index("idempotency_keys_of_user", "user_id", "created_at", **where("position = 0")),
        CLUSTERED,
    )

    user_id: str = Field(primary_key=True, sa_type=TEXT)
    key: str = Field(primary_key=True, sa_type=TEXT)
    position: int = Field(primary_key=True, sa_type=SmallInteger)
    fingerprint: str = Field(sa_type=TEXT)
    task_id: int = Field(sa_type=BigInteger)
    revision: int = Field(sa_type=BigInteger)
    task_position: str | None = Field(sa_type=TEXT)
    created_at: datetime = Field(sa_type=INSTANT)


class AccessTokenRow(Row, table=True):
    """An access token, found by its SHA-256 in hexadecimal digits.

    - scopes: separated by spaces
    """

    __tablename__ = "access_tokens"
    __table_args__: ClassVar[Any] = (
        Index("access_tokens_by_expiry", "expires_at", **where("expires_at IS NOT NULL")),
        CLUSTERED,
    )

    user_id: str = Field(primary_key=True, sa_type=TEXT)
    hash: str = Field(primary_key=True, sa_type=TEXT)
    id: str = Field(sa_type=TEXT)
    name: str = Field(sa_type=TEXT)
    scopes: str = Field(sa_type=TEXT)
    created_at: datetime = Field(sa_type=INSTANT)
    expires_at: datetime | None = Field(sa_type=INSTANT)
    last_used_at: datetime | None = Field(sa_type=INSTANT)


class ImportedItemRow(Row, table=True):
    """What an imported task or project is recognised by when it is imported again: the SHA-256 of its origin.

    The row is deleted together with the row of the task or project.

    - task_id, project_id: one is null
    """

    __tablename__ = "imported_items"
    __table_args__: ClassVar[Any] = (
        *(
            ForeignKeyConstraint(["user_id", f"{kind}_id"], [f"{kind}s.user_id", f"{kind}s.id"], ondelete="CASCADE")
            for kind in ("task", "project")
        ),
        # For deleting these rows with what they are about.
        *(
            Index(f"imported_{kind}s", "user_id", f"{kind}_id", **where(f"{kind}_id IS NOT NULL"))
            for kind in ("task", "project")
        ),
        CLUSTERED,
    )

    user_id: str = Field(primary_key=True, sa_type=TEXT)
    key: str = Field(primary_key=True, sa_type=TEXT)
    task_id: int | None = Field(sa_type=BigInteger)
    project_id: int | None = Field(sa_type=BigInteger)


class StoreRow(Row, table=True):
    """The store: a single row with its epoch, and the floor for all new revisions.

    - timeline: the server's timeline in this epoch, see `postgres.timeline`; empty where there is none
    """

    __tablename__ = "store"
    __table_args__: ClassVar[Any] = CLUSTERED

    epoch: str = Field(primary_key=True, sa_type=TEXT)
    revision_floor: int = Field(sa_type=BigInteger)
    timeline: str = Field(sa_type=TEXT)


metadata: Final = Row.metadata
task_lists: Final = metadata.tables["task_lists"]
tasks: Final = metadata.tables["tasks"]
projects: Final = metadata.tables["projects"]
idempotency_keys: Final = metadata.tables["idempotency_keys"]
access_tokens: Final = metadata.tables["access_tokens"]
imported_items: Final = metadata.tables["imported_items"]
store: Final = metadata.tables["store"]
