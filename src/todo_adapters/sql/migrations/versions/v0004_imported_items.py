"""The table of imported items: a new table, which earlier programs don't use."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0004"
down_revision: Final = "0003"

_TEXT: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "imported_items",
        sa.Column("user_id", _TEXT, primary_key=True),
        sa.Column("key", _TEXT, primary_key=True),
        sa.Column("task_id", sa.BigInteger),
        sa.Column("project_id", sa.BigInteger),
        sa.ForeignKeyConstraint(["user_id", "task_id"], ["tasks.user_id", "tasks.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id", "project_id"], ["projects.user_id", "projects.id"], ondelete="CASCADE"),
        sqlite_with_rowid=False,
    )
    for kind in ("task", "project"):
        present = sa.text(f"{kind}_id IS NOT NULL")
        op.create_index(
            f"imported_{kind}s",
            "imported_items",
            ["user_id", f"{kind}_id"],
            sqlite_where=present,
            postgresql_where=present,
        )
