"""A connection that breaks ends its statement on both event loops, and costs no place in the pool."""

import asyncio
import random

import psycopg
import pytest

from tests.faults.resetting_server import resetting_server
from tests.integration.adapters.sql.postgres.proxy import Proxy
from todo_adapters.sql.dialects import Statement
from todo_adapters.sql.postgres.driver.connection import Connection
from todo_adapters.sql.postgres.driver.conninfo import conninfo_of
from todo_adapters.sql.postgres.driver.errors import ConnectionLost
from todo_adapters.sql.postgres.driver.pool import Pool
from todo_domain import StorageUnavailable

pytestmark = pytest.mark.anyio

ENDLESS = 1000
SELECT = Statement("SELECT 42", ())
SHORT = Statement("SELECT pg_sleep(0.002)::text", ())


@pytest.fixture(params=["uvloop", pytest.param("asyncio", marks=pytest.mark.plain_asyncio)], autouse=True)
def event_loop_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(autouse=True)
async def _is_on(event_loop_kind: str) -> None:
    assert type(asyncio.get_running_loop()).__module__.partition(".")[0] == event_loop_kind


@pytest.mark.parametrize("pause", [0, 1, 2, 3])
async def test_a_connection_that_is_reset_within_a_response_ends_the_statement(pause: int) -> None:
    with resetting_server(pause=pause) as url:
        pool = Pool(conninfo_of(url), max_size=1, timeout_seconds=ENDLESS, prepare_threshold=5)
        async with asyncio.timeout(30):
            for _ in range(20):
                with pytest.raises(ConnectionLost):
                    await pool.run(lambda connection: connection.run(SELECT, {}))
        await pool.close()


def kill_backends(database_url: str) -> None:
    """End all other sessions of the database."""
    with psycopg.connect(database_url, autocommit=True) as operator:
        operator.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


async def test_a_storm_of_resets_kills_and_silent_connections_costs_no_place(database_url: str, proxy: Proxy) -> None:
    places, faults = 4, 40
    chance = random.Random(1)
    together = asyncio.Barrier(places)

    async def meet(connection: Connection) -> list[tuple[int]]:
        await together.wait()
        return await connection.run(SELECT, {})

    async with asyncio.timeout(600):
        pool = Pool(conninfo_of(proxy.url), max_size=places, timeout_seconds=0.5)
        for _ in range(faults):
            storm = [asyncio.create_task(pool.run(lambda connection: connection.run(SHORT, {}))) for _ in range(12)]
            await asyncio.sleep(chance.choice([0, 0.001, 0.005]))
            match chance.randrange(8):
                case 0:
                    await asyncio.to_thread(kill_backends, database_url)
                case 1:
                    proxy.silence()
                case 2 | 3 | 4:
                    proxy.cut()
                case _:
                    proxy.tear_replies(3)
            failures = [each for each in await asyncio.gather(*storm, return_exceptions=True) if each != [("",)]]
            assert all(isinstance(each, StorageUnavailable) for each in failures), failures

        pool.timeout_seconds = ENDLESS
        rows = await asyncio.gather(*(pool.run(meet) for _ in range(places)))
        await pool.close()

    assert rows == [[(42,)]] * places
