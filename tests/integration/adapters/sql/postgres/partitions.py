"""The hash partitions that docs/scaling.md describes."""

import psycopg

from tests.documents import code_block


def partition(url: str) -> None:
    """Partition the tables of a database as the document says."""
    with psycopg.connect(url) as connection:
        connection.execute(code_block("docs/scaling.md", "partitions").encode())
