"""An erasure concerns every table of the database, and its steps are bounded."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.integration.adapters.sql.test_migrations import connection_to, store_of
from todo_adapters.contract.erasures import erase, fill
from todo_adapters.contract.importing import add_all, project, task
from todo_adapters.contract.scenario import NOON, add_titles, new_user
from todo_domain import UserId

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'todo.db'}"
    database_url: str = request.getfixturevalue("database_url")
    return database_url


def rows_of(url: str, user_id: UserId) -> dict[str, int]:
    """Return how many rows of the user each table has that the database has."""
    with connection_to(url) as connection:
        inspector = sa.inspect(connection)
        tables = [
            name
            for name in inspector.get_table_names()
            if any(column["name"] == "user_id" for column in inspector.get_columns(name))
        ]
        count = "SELECT count(*) FROM {} WHERE user_id = :user_id"
        return {name: connection.scalar(sa.text(count.format(name)), {"user_id": user_id}) or 0 for name in tables}


async def test_an_erasure_deletes_the_rows_of_every_table_and_keeps_the_counters(url: str) -> None:
    """A new table fails this test until `fill` adds rows to it."""
    user, other = new_user(), new_user()
    async with store_of(url) as store:
        for each in (user, other):
            await fill(store, each)
            await add_all(store, each, project(), task("a"))
        before = rows_of(url, user)

        await erase(store, user)

        kept = {"task_lists": 1}
        assert all(count >= (1 if name in kept else 2) for name, count in before.items()), before
        assert rows_of(url, user) == dict.fromkeys(before, 0) | kept
        assert rows_of(url, other) == before


async def test_each_step_deletes_at_most_limit_rows_of_a_table(url: str) -> None:
    user = new_user()
    async with store_of(url) as store:
        await add_titles(store, user, "abcde")

        left = []
        while not await store.erase_user(user, at=NOON, limit=2):
            left.append(rows_of(url, user)["tasks"])

        assert left == [3, 1]


async def test_the_row_of_a_user_is_deleted_when_the_erasure_is_forgotten(url: str) -> None:
    user, at = new_user(), NOON.replace(year=2000)
    async with store_of(url) as store:
        await add_titles(store, user, "a")
        await erase(store, user, at)

        while await store.purge_erasures(before=at.replace(hour=13), limit=10):
            pass

        assert set(rows_of(url, user).values()) == {0}
    with connection_to(url) as connection:
        connection.execute(sa.text("UPDATE store SET revision_floor = 0"))
