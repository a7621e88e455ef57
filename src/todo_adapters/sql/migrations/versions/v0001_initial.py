"""Task lists, tasks, projects, idempotency keys, access tokens, and the store's epoch."""

import secrets
from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0001"
down_revision: Final = None

_TEXT: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_INSTANT: Final = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    """Create all tables and generate the first epoch."""
    op.create_table(
        "task_lists",
        sa.Column("user_id", _TEXT, primary_key=True),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("last_task_id", sa.BigInteger, nullable=False),
        sa.Column("open_count", sa.BigInteger, nullable=False),
        sa.Column("task_count", sa.BigInteger, nullable=False),
        sa.Column("deletion_count", sa.BigInteger, nullable=False),
        sa.Column("trash_count", sa.BigInteger, nullable=False),
        sa.Column("key_count", sa.BigInteger, nullable=False),
        sa.Column("last_project_id", sa.BigInteger, nullable=False),
        sa.Column("project_count", sa.BigInteger, nullable=False),
        sa.Column("forgotten_revision", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
        postgresql_with={"fillfactor": 50},
    )
    op.create_table(
        "tasks",
        sa.Column("user_id", _TEXT, primary_key=True),
        sa.Column("id", sa.BigInteger, primary_key=True),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("title", _TEXT, nullable=False),
        sa.Column("title_key", _TEXT, nullable=False),
        sa.Column("description", _TEXT),
        sa.Column("description_key", _TEXT),
        sa.Column("completed_at", _INSTANT),
        sa.Column("priority", sa.SmallInteger, nullable=False),
        sa.Column("due", _TEXT),
        sa.Column("due_key", _TEXT),
        sa.Column("recurrence", _TEXT),
        sa.Column("tags", _TEXT, nullable=False),
        sa.Column("tags_key", _TEXT, nullable=False),
        sa.Column("checklist", _TEXT, nullable=False),
        sa.Column("checklist_key", _TEXT, nullable=False),
        sa.Column("project_id", sa.BigInteger),
        sa.Column("position", _TEXT, nullable=False),
        sa.Column("successor_id", sa.BigInteger),
        sa.Column("succeeds", _TEXT),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("updated_at", _INSTANT, nullable=False),
        sa.Column("deleted_at", _INSTANT),
        sa.Column("in_trash", sa.Boolean, nullable=False),
        sa.Column("deleted_with", sa.BigInteger),
        sqlite_with_rowid=False,
    )
    op.create_index("tasks_by_revision", "tasks", ["user_id", "revision"], unique=True)
    open_tasks = "completed_at IS NULL AND deleted_at IS NULL"
    _create_partial_index("open_tasks", "tasks", ["user_id", "created_at", "id"], where=open_tasks)
    _create_partial_index("tasks_by_position", "tasks", ["user_id", "position"], where="deleted_at IS NULL")
    _create_partial_index("tasks_of_project", "tasks", ["user_id", "project_id"], where="project_id IS NOT NULL")
    _create_partial_index("tasks_by_deletion", "tasks", ["deleted_at"], where="deleted_at IS NOT NULL")
    in_trash = {"where": "in_trash", "on_sqlite": "in_trash = 1"}
    _create_partial_index("trash_by_deletion", "tasks", ["deleted_at"], **in_trash)
    _create_partial_index("trash_by_revision", "tasks", ["user_id", "revision"], **in_trash)
    op.create_table(
        "projects",
        sa.Column("user_id", _TEXT, primary_key=True),
        sa.Column("id", sa.BigInteger, primary_key=True),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("archived", sa.Boolean, nullable=False),
        sa.Column("position", _TEXT, nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("updated_at", _INSTANT, nullable=False),
        sa.Column("deleted_at", _INSTANT),
        sa.Column("in_trash", sa.Boolean, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("projects_by_revision", "projects", ["user_id", "revision"], unique=True)
    _create_partial_index("projects_by_deletion", "projects", ["deleted_at"], where="deleted_at IS NOT NULL")
    _create_partial_index("trashed_projects", "projects", ["deleted_at"], **in_trash)
    op.create_table(
        "idempotency_keys",
        sa.Column("user_id", _TEXT, primary_key=True),
        sa.Column("key", _TEXT, primary_key=True),
        sa.Column("position", sa.SmallInteger, primary_key=True),
        sa.Column("fingerprint", _TEXT, nullable=False),
        sa.Column("task_id", sa.BigInteger, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("task_position", _TEXT),
        sa.Column("created_at", _INSTANT, nullable=False),
        sqlite_with_rowid=False,
    )
    first = "position = 0"
    _create_partial_index("idempotency_keys_by_creation", "idempotency_keys", ["created_at"], where=first)
    _create_partial_index("idempotency_keys_of_user", "idempotency_keys", ["user_id", "created_at"], where=first)
    op.create_table(
        "access_tokens",
        sa.Column("user_id", _TEXT, primary_key=True),
        sa.Column("hash", _TEXT, primary_key=True),
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("scopes", _TEXT, nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("expires_at", _INSTANT),
        sa.Column("last_used_at", _INSTANT),
        sqlite_with_rowid=False,
    )
    _create_partial_index("access_tokens_by_expiry", "access_tokens", ["expires_at"], where="expires_at IS NOT NULL")
    store = op.create_table(
        "store",
        sa.Column("epoch", _TEXT, primary_key=True),
        sa.Column("revision_floor", sa.BigInteger, nullable=False),
        sa.Column("timeline", _TEXT, nullable=False),
        sqlite_with_rowid=False,
    )
    op.execute(sa.insert(store).values(epoch=secrets.token_hex(4), revision_floor=0, timeline=""))


def _create_partial_index(
    name: str, table: str, columns: list[str], *, where: str, on_sqlite: str | None = None
) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(on_sqlite or where), postgresql_where=sa.text(where))
