from collections.abc import Iterator

import pytest

from tests.postgres import Postgres
from todo_adapters.sql.migrations import upgrade


@pytest.fixture(scope="session")
def database_url(postgres: Postgres) -> Iterator[str]:
    """The URL of a database with the schema; tests keep apart by users of their own."""
    with postgres.database() as url:
        upgrade(url)
        yield url
