"""An index in the order of creation.

While PostgreSQL builds it, writes wait. They fail if that takes longer than the server's statement timeout.
"""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0002"
down_revision: Final = "0001"


def upgrade() -> None:
    """Create an index by creation on the tasks that are not deleted."""
    present = sa.text("deleted_at IS NULL")
    op.create_index(
        "tasks_by_creation", "tasks", ["user_id", "created_at", "id"], sqlite_where=present, postgresql_where=present
    )
