"""The times at which everything of a user was erased."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0003"
down_revision: Final = "0002"

_INSTANT: Final = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    """Add the time of an erasure, and whether it is in progress, to the lists."""
    op.add_column("task_lists", sa.Column("erased_at", _INSTANT))
    op.add_column("task_lists", sa.Column("erasing", sa.Boolean))
    erased = sa.text("erased_at IS NOT NULL")
    op.create_index("erased_lists", "task_lists", ["erased_at"], sqlite_where=erased, postgresql_where=erased)
