"""An index in the order of creation.

While PostgreSQL builds it, writes wait, and fail when that takes longer than their server's timeout.
"""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0002"
down_revision: Final = "0001"


def upgrade() -> None:
    """Index the tasks that are there by creation."""
    there = sa.text("deleted_at IS NULL")
    op.create_index(
        "tasks_by_creation", "tasks", ["user_id", "created_at", "id"], sqlite_where=there, postgresql_where=there
    )
