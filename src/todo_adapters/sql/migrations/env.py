"""What Alembic runs: the migrations, in the transaction that `todo_adapters.sql.migrations` began."""

from alembic import context

from todo_adapters.sql.migrations import VERSION_TABLE
from todo_adapters.sql.tables import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, version_table=VERSION_TABLE
)
context.run_migrations()
