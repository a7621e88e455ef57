"""What Alembic runs: the migrations, in the transaction that `todo_adapters.sql.migrations` began."""

from alembic import context

from todo_adapters.sql.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
