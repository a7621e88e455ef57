from typing import Final

import psycopg
import pytest

from tests.integration.adapters.sql.erasing import erase_in_every_way
from tests.integration.adapters.sql.postgres.partitions import partition
from tests.postgres import Postgres
from todo_adapters.sql.migrations import upgrade
from todo_adapters.sql.postgres.repository import PostgresTaskRepository

TABLES: Final = ("access_tokens", "idempotency_keys", "imported_items", "projects", "task_lists", "tasks")
KEPT: Final = (
    "SELECT replace(indexdef, ' ON ONLY ', ' ON ') FROM pg_indexes WHERE tablename = ANY(%(tables)s) ORDER BY 1",
    """SELECT table_name, column_name, data_type, is_nullable, collation_name FROM information_schema.columns
       WHERE table_name = ANY(%(tables)s) ORDER BY table_name, ordinal_position""",
    """SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
       WHERE contype = 'f' AND conrelid = ANY(%(tables)s::regclass[]) AND conparentid = 0 ORDER BY 1, 2""",
    *(f"SELECT * FROM {table} AS row ORDER BY row" for table in TABLES),
)
# A table and its partitions have the same storage parameters.
PARTITIONED: Final = """
SELECT DISTINCT parent.relname, count(*), child.reloptions
FROM pg_inherits JOIN pg_class AS parent ON parent.oid = inhparent JOIN pg_class AS child ON child.oid = inhrelid
WHERE parent.relkind = 'p' GROUP BY parent.relname, child.reloptions ORDER BY 1
"""


@pytest.mark.anyio
async def test_partitioning_keeps_the_rows_the_columns_and_the_indexes(postgres: Postgres) -> None:
    with postgres.database() as url:
        upgrade(url)
        async with PostgresTaskRepository(url) as repository:
            await erase_in_every_way(repository)
        with psycopg.connect(url) as connection:
            before = [connection.execute(query.encode(), {"tables": list(TABLES)}).fetchall() for query in KEPT]

        partition(url)

        with psycopg.connect(url) as connection:
            assert [connection.execute(query.encode(), {"tables": list(TABLES)}).fetchall() for query in KEPT] == before
            assert connection.execute(PARTITIONED).fetchall() == [
                (table, 8, ["fillfactor=50"] if table == "task_lists" else None) for table in TABLES
            ]
        upgrade(url)  # finds the schema of this version
