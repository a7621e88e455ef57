"""The environment script of Alembic: it runs the migrations in the transaction that the package began."""

from alembic import context

from todo_adapters.sql.migrations import VERSION_TABLE
from todo_adapters.sql.tables import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, version_table=VERSION_TABLE
)
context.run_migrations()
