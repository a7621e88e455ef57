"""An index in the order of creation.

Writes wait while PostgreSQL builds it, which takes seconds for millions of tasks.
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
