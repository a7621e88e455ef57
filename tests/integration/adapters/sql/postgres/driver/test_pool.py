"""The pool with a real server, and with a proxy that fails on demand."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import psycopg
import pytest

from tests.integration.adapters.sql.postgres.pooler import pooling
from tests.integration.adapters.sql.postgres.proxy import Proxy
from tests.postgres import Postgres
from todo_adapters.sql.dialects import Statement
from todo_adapters.sql.postgres.driver import idle, prepared_statements
from todo_adapters.sql.postgres.driver.connection import Connection, Step
from todo_adapters.sql.postgres.driver.conninfo import conninfo_of
from todo_adapters.sql.postgres.driver.errors import ConnectionLost
from todo_adapters.sql.postgres.driver.pool import Pool
from todo_domain import StorageOverloaded, StorageUnavailable

pytestmark = pytest.mark.anyio

NAME = "todo-pool"
FOREVER = "SELECT pg_sleep(3600)"


@asynccontextmanager
async def running_pool(url: str, **settings: Any) -> AsyncIterator[Pool]:
    pool = Pool(f"{conninfo_of(url)} application_name={NAME}", **settings)
    try:
        # Far beyond every deadline that a test sets: only a call that hangs reaches it.
        async with asyncio.timeout(60):
            yield pool
    finally:
        await pool.close()


async def pid(pool: Pool) -> int:
    async def work(connection: Connection) -> int:
        return connection.backend_pid

    return await pool.run(work)


async def run(pool: Pool, sql: str) -> list[tuple[Any, ...]]:
    return await pool.run(lambda connection: connection.run(Statement(sql, ()), {}))


@dataclass
class Loan:
    """A connection that is in use until `give_back`."""

    connection: Connection
    done: asyncio.Event
    lending: asyncio.Task[bool]

    async def give_back(self) -> None:
        self.done.set()
        await self.lending


async def hold(pool: Pool) -> Loan:
    lent, done = asyncio.get_running_loop().create_future(), asyncio.Event()

    async def work(connection: Connection) -> bool:
        lent.set_result(connection)
        return await done.wait()

    lending = asyncio.create_task(pool.run(work))
    return Loan(await lent, done, lending)


async def settle() -> None:
    """Let every task run until it waits for something."""
    for _ in range(10):
        await asyncio.sleep(0)


def operate(url: str, sql: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url, autocommit=True) as operator:
        return operator.execute(sql.encode()).fetchall()


def sessions(url: str, condition: str = "true") -> int:
    ((count,),) = operate(
        url, f"SELECT count(*) FROM pg_stat_activity WHERE application_name = '{NAME}' AND {condition}"
    )
    return int(count)


async def no_sessions_left(url: str) -> None:
    """Wait until the server has no session of the pool any more; the test's time limit ends the wait."""
    while sessions(url):  # noqa: ASYNC110 - no event signals the end of a session
        await asyncio.sleep(0.01)


def terminate(url: str, process: int) -> None:
    operate(url, f"SELECT pg_terminate_backend({process}, 10000)")


async def test_the_connection_returned_last_is_used_first(database_url: str) -> None:
    async with running_pool(database_url) as pool:
        first, last = await hold(pool), await hold(pool)
        await first.give_back()
        await last.give_back()

        lent = await pid(pool)

        assert lent == last.connection.backend_pid


async def test_the_pool_never_has_more_than_max_size_connections(database_url: str) -> None:
    async with running_pool(database_url, max_size=3) as pool:
        await asyncio.gather(*(run(pool, "SELECT pg_sleep(0.001)") for _ in range(50)))

        assert sessions(database_url) == 3


async def test_waiting_callers_get_connections_in_order_of_arrival(database_url: str) -> None:
    served = []

    async def wait(pool: Pool, number: int) -> None:
        await pid(pool)
        served.append(number)

    async with running_pool(database_url, max_size=1) as pool:
        loan = await hold(pool)
        waiting = [asyncio.create_task(wait(pool, number)) for number in range(20)]
        await settle()
        await loan.give_back()
        await asyncio.gather(*waiting)

    assert served == list(range(20))


async def test_the_figures_tell_used_and_idle_connections_and_waiting_callers(database_url: str) -> None:
    async with running_pool(database_url, max_size=2) as pool:
        loans = [await hold(pool), await hold(pool)]
        waiting = asyncio.create_task(pid(pool))
        await settle()
        busy = pool.figures()
        await loans[0].give_back()
        await waiting
        waited = pool.figures()
        await loans[1].give_back()

    assert busy["pool_connections", "used"] == busy["pool_connections_max", ""] == 2
    assert (busy["pool_connections", "idle"], busy["queue_waiting", "connection"]) == (0, 1)
    assert (waited["pool_connections", "used"], waited["pool_connections", "idle"]) == (1, 1)
    assert (waited["queue_waiting", "connection"], waited["queue_waits", "connection"]) == (0, 1)
    assert waited["queue_wait_seconds", "connection"] > 0


async def test_waiting_for_a_connection_ends_at_the_deadline(database_url: str) -> None:
    async with running_pool(database_url, max_size=1, timeout_seconds=60) as pool:
        loan = await hold(pool)
        pool.timeout_seconds = 0.05

        with pytest.raises(StorageUnavailable, match="no database connection was free"):
            await pid(pool)

        await loan.give_back()
        assert await pid(pool) == loan.connection.backend_pid


async def test_a_connection_is_not_lost_if_the_caller_that_receives_it_is_cancelled(database_url: str) -> None:
    async with running_pool(database_url, max_size=1) as pool:
        loan = await hold(pool)
        before, after = asyncio.create_task(pid(pool)), asyncio.create_task(pid(pool))
        await settle()

        before.cancel()
        await settle()
        loan.done.set()
        await asyncio.sleep(0)  # the next caller has been chosen, but has not run yet
        after.cancel()
        await asyncio.gather(before, after, loan.lending, return_exceptions=True)

        assert before.cancelled()
        assert after.cancelled()
        assert await pid(pool) == loan.connection.backend_pid


async def test_a_place_is_not_lost_if_the_caller_that_would_open_its_connection_is_cancelled(
    database_url: str,
) -> None:
    async with running_pool(database_url, max_size=1) as pool:
        loan = await hold(pool)
        await loan.connection.run(Statement("BEGIN", ()), {})
        waiting = asyncio.create_task(pid(pool))
        await settle()

        loan.done.set()
        await asyncio.sleep(0)  # the place has been assigned, but its caller has not run yet
        waiting.cancel()
        await asyncio.gather(waiting, loan.lending, return_exceptions=True)

        assert waiting.cancelled()
        assert await run(pool, "SELECT 42") == [(42,)]


async def test_a_connection_that_closes_before_a_waiting_caller_receives_it_is_replaced(database_url: str) -> None:
    async with running_pool(database_url, max_size=1) as pool:
        loan = await hold(pool)
        ended = loan.connection.backend_pid
        waiting = asyncio.create_task(pid(pool))
        await settle()

        loan.done.set()
        await asyncio.sleep(0)  # the connection has been assigned, but its caller has not run yet
        loan.connection.close()

        assert await waiting != ended
        await loan.lending


async def test_a_storm_of_cancellations_loses_no_connection(database_url: str) -> None:
    async with running_pool(database_url, max_size=4) as pool:
        for seed in range(20):
            chance = random.Random(seed)
            storm = [asyncio.create_task(run(pool, "SELECT pg_sleep(0.002)")) for _ in range(20)]
            for task in storm:
                await asyncio.sleep(chance.choice([0, 0, 0.001]))
                task.cancel()
            await asyncio.gather(*storm, return_exceptions=True)

        held = [await hold(pool) for _ in range(4)]

        assert [await loan.connection.run(Statement("SELECT 42", ()), {}) for loan in held] == [[(42,)]] * 4
        for loan in held:
            await loan.give_back()


async def test_a_cancelled_statement_ends_on_the_server_and_its_connection_is_not_reused(database_url: str) -> None:
    async with running_pool(database_url, max_size=1) as pool:
        dirty = await pid(pool)
        statement = asyncio.create_task(run(pool, FOREVER))
        while not sessions(database_url, "state = 'active'"):  # noqa: ASYNC110 - no event signals its start
            await asyncio.sleep(0.01)

        statement.cancel()
        await asyncio.gather(statement, return_exceptions=True)

        assert await pid(pool) != dirty
        assert not sessions(database_url, "state = 'active'")


async def test_a_connection_returned_within_a_transaction_is_not_reused(database_url: str) -> None:
    async with running_pool(database_url, max_size=1) as pool:
        loan = await hold(pool)
        dirty = loan.connection.backend_pid
        await loan.connection.run(Statement("BEGIN", ()), {})
        await loan.give_back()

        assert await pid(pool) != dirty


async def test_an_idle_connection_that_the_server_closed_is_replaced_without_an_error(database_url: str) -> None:
    async with running_pool(database_url, max_size=1) as pool:
        ended = await pid(pool)
        terminate(database_url, ended)

        assert await pid(pool) != ended


async def test_an_idle_connection_that_the_network_dropped_is_replaced_without_an_error(
    proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running_pool(proxy.url, max_size=2) as pool:
        first, second = await hold(pool), await hold(pool)
        await first.give_back()
        await second.give_back()
        monkeypatch.setattr(idle, "_TRUSTED_SECONDS", 0)
        proxy.silence()

        assert await run(pool, "SELECT 42") == [(42,)]


async def test_an_idle_connection_that_responds_is_kept(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running_pool(database_url) as pool:
        first = await pid(pool)
        monkeypatch.setattr(idle, "_TRUSTED_SECONDS", 0)

        assert await pid(pool) == first


async def test_a_connection_that_breaks_in_use_raises_connection_lost(database_url: str) -> None:
    async with running_pool(database_url) as pool:
        process = await pid(pool)
        statement = asyncio.create_task(run(pool, FOREVER))
        await settle()
        await asyncio.to_thread(terminate, database_url, process)

        with pytest.raises(ConnectionLost):
            await statement

        assert await run(pool, "SELECT 42") == [(42,)]


async def test_after_one_connection_breaks_idle_connections_are_checked_before_use(proxy: Proxy) -> None:
    async with running_pool(proxy.url) as pool:
        first, second = await hold(pool), await hold(pool)
        await first.give_back()
        with suppress(psycopg.Error):
            proxy.lose_replies(1)
            await second.give_back()
        with pytest.raises(ConnectionLost):
            await run(pool, "SELECT 42")
        before = proxy.round_trips

        await run(pool, "SELECT 42")

        assert proxy.round_trips == before + 2


async def test_a_statement_on_a_frozen_server_ends_at_its_deadline(proxy: Proxy) -> None:
    async with running_pool(proxy.url, timeout_seconds=60, max_size=1) as pool:
        await pid(pool)
        pool.timeout_seconds = 0.05
        proxy.freeze()

        with pytest.raises(StorageUnavailable, match="did not respond in time"):
            await run(pool, "SELECT 42")


async def test_a_checkout_from_a_frozen_server_ends_at_its_deadline(proxy: Proxy) -> None:
    async with running_pool(proxy.url, timeout_seconds=0.05) as pool:
        proxy.freeze()

        with pytest.raises(StorageUnavailable):
            await pid(pool)


async def test_a_statement_past_its_deadline_is_cancelled_on_the_server(database_url: str) -> None:
    async with running_pool(database_url, timeout_seconds=1) as pool:
        with pytest.raises(StorageUnavailable, match="did not respond in time"):
            await run(pool, FOREVER)

        await no_sessions_left(database_url)


async def test_a_connection_is_reused_after_a_failed_statement(database_url: str) -> None:
    async with running_pool(database_url) as pool:
        first = await pid(pool)

        with pytest.raises(StorageUnavailable):
            await run(pool, "SELECT 1 / 0")

        assert await pid(pool) == first


async def test_a_write_that_a_read_only_session_refused_runs_in_another_one(postgres: Postgres) -> None:
    with postgres.database() as url:
        async with running_pool(url) as pool:
            await run(pool, "SELECT set_config('default_transaction_read_only', 'on', false)")

            await run(pool, "CREATE TABLE written ()")

            assert await run(pool, "SELECT count(*) FROM written") == [(0,)]


async def test_a_write_that_every_session_refuses_fails_and_reads_go_on(database_url: str) -> None:
    async with running_pool(f"{database_url}?options=-cdefault_transaction_read_only%3Don") as pool:
        with pytest.raises(StorageUnavailable):
            await run(pool, "CREATE TABLE never_written ()")

        assert await run(pool, "SELECT 42") == [(42,)]


@pytest.mark.parametrize("deallocate", ["DEALLOCATE ALL", "DISCARD ALL"])
async def test_a_session_that_lost_its_prepared_statements_is_replaced_unnoticed(
    database_url: str, deallocate: str
) -> None:
    async with running_pool(database_url, max_size=1) as pool:
        for _ in range(3):
            await run(pool, "SELECT 42")
        process = await pid(pool)
        await run(pool, deallocate)

        assert await run(pool, "SELECT 42") == [(42,)]
        assert await pid(pool) != process


async def test_several_statements_of_which_the_session_lost_one_run_again_as_a_whole(postgres: Postgres) -> None:
    steps: list[Step] = [(Statement(sql, ()), {}) for sql in ("BEGIN", "INSERT INTO written DEFAULT VALUES", "COMMIT")]
    with postgres.database() as url:
        async with running_pool(url, max_size=1) as pool:
            await run(pool, "CREATE TABLE written (id int GENERATED ALWAYS AS IDENTITY)")
            for _ in range(3):
                await pool.run(lambda connection: connection.run_all(steps))
            loan = await hold(pool)
            await loan.connection.run(Statement("DEALLOCATE s1", ()), {})
            await loan.give_back()

            await pool.run(lambda connection: connection.run_all(steps))

            assert await run(pool, "SELECT count(*) FROM written") == [(4,)]


async def test_a_transaction_that_lost_a_race_runs_again(database_url: str) -> None:
    attempts = 0

    async def lose_twice(connection: Connection) -> list[tuple[Any, ...]]:
        nonlocal attempts
        attempts += 1
        sql = "SELECT 42" if attempts == 3 else "DO $$ BEGIN RAISE deadlock_detected; END $$"
        return await connection.run(Statement(sql, ()), {})

    async with running_pool(database_url) as pool:
        assert await pool.run(lose_twice) == [(42,)]


async def test_a_transaction_that_loses_every_race_is_given_up(database_url: str) -> None:
    async with running_pool(database_url) as pool:
        with pytest.raises(StorageUnavailable):
            await run(pool, "DO $$ BEGIN RAISE deadlock_detected; END $$")


async def test_all_attempts_have_one_deadline(database_url: str) -> None:
    async def lose_slowly(connection: Connection) -> None:
        pool.timeout_seconds = 3600
        await connection.run(Statement("DO $$ BEGIN PERFORM pg_sleep(0.02); RAISE deadlock_detected; END $$", ()), {})

    async with running_pool(database_url) as pool:
        await pid(pool)
        pool.timeout_seconds = 0.1

        with pytest.raises(StorageUnavailable, match="did not respond in time"):
            await pool.run(lose_slowly)


LIMITS = "SELECT current_setting('statement_timeout'), current_setting('tcp_keepalives_idle')"


async def test_a_server_gives_up_what_a_direct_client_has_given_up(database_url: str) -> None:
    async with running_pool(database_url, timeout_seconds=7) as pool:
        assert await run(pool, LIMITS) == [("7s", "5")]


async def test_a_statement_of_a_direct_client_is_planned_for_one_process_and_pages_in_memory(database_url: str) -> None:
    planning = "SELECT current_setting('max_parallel_workers_per_gather'), current_setting('random_page_cost')"

    async with running_pool(database_url) as pool:
        assert await run(pool, planning) == [("0", "1")]


async def test_a_session_of_a_pooler_keeps_its_settings(database_url: str) -> None:
    before = operate(database_url, LIMITS)

    async with pooling(database_url, sessions=1) as url, running_pool(url) as pool:
        assert await run(pool, LIMITS) == before


async def test_one_owner_has_at_most_half_of_the_connections(database_url: str) -> None:
    alice, bob = "alice", "bob"
    everyone_is_there = asyncio.Event()

    async def wait(connection: Connection) -> int:
        await everyone_is_there.wait()
        return connection.backend_pid

    async def arrive(_: Connection) -> None:
        everyone_is_there.set()

    async with running_pool(database_url, max_size=4) as pool:
        calls = [asyncio.create_task(pool.run(wait, owner=alice)) for _ in range(10)]
        await settle()

        await pool.run(arrive, owner=bob)

        assert len(set(await asyncio.gather(*calls))) == 2


async def test_a_call_that_waits_for_its_owner_s_share_ends_at_its_deadline(database_url: str) -> None:
    async with running_pool(database_url, max_size=1) as pool:
        await pid(pool)
        pool.timeout_seconds = 0.05
        calls = [
            asyncio.create_task(pool.run(lambda connection: connection.run(Statement(FOREVER, ()), {}), owner="alice"))
            for _ in range(2)
        ]

        failures = await asyncio.gather(*calls, return_exceptions=True)

        assert [type(failure) for failure in failures] == [StorageUnavailable, StorageOverloaded]
        pool.timeout_seconds = 60
        assert await pool.run(lambda connection: connection.run(Statement("SELECT 42", ()), {}), owner="alice") == [
            (42,)
        ]


async def test_one_read_of_an_owner_that_may_be_long_runs_at_a_time(database_url: str) -> None:
    running, most = Counter[str](), Counter[str]()

    async def read(owner: str, connection: Connection) -> None:
        running[owner] += 1
        most[owner] = max(most[owner], running[owner])
        await connection.run(Statement("SELECT 1", ()), {})
        await settle()
        running[owner] -= 1

    async with running_pool(database_url) as pool:
        owners = ["alice", "bob"] * 4
        await asyncio.gather(*(pool.run(partial(read, owner), owner=owner, statement="read") for owner in owners))

    assert most == {"alice": 1, "bob": 1}


async def test_reads_of_an_owner_that_were_fast_run_beside_each_other(database_url: str) -> None:
    barrier = asyncio.Barrier(2)

    async def read(_: Connection) -> None: ...

    async def meet(_: Connection) -> None:
        await barrier.wait()

    async with running_pool(database_url) as pool:
        await pool.run(read, owner="alice", statement="read")

        await asyncio.gather(*(pool.run(meet, owner="alice", statement="read") for _ in range(2)))


async def test_a_read_that_waits_for_a_long_one_of_its_owner_ends_at_its_deadline(database_url: str) -> None:
    async def read(connection: Connection) -> list[tuple[Any, ...]]:
        return await connection.run(Statement(FOREVER, ()), {})

    async with running_pool(database_url, timeout_seconds=60) as pool:
        long_read = asyncio.create_task(pool.run(read, owner="alice", statement="read"))
        await settle()
        pool.timeout_seconds = 0.05

        with pytest.raises(StorageOverloaded, match="an earlier read of the user did not end in time"):
            await pool.run(read, owner="alice", statement="read")

        long_read.cancel()
        with suppress(asyncio.CancelledError):
            await long_read


async def test_without_a_free_connection_reads_of_an_owner_wait_for_one_and_not_for_each_other(
    database_url: str,
) -> None:
    async def read(connection: Connection) -> int:
        return connection.backend_pid

    async with running_pool(database_url, max_size=4) as pool:
        loans = [await hold(pool) for _ in range(4)]
        pool.timeout_seconds = 0.05

        failures = await asyncio.gather(
            *(pool.run(read, owner="alice", statement="read") for _ in range(2)), return_exceptions=True
        )

        assert [f"{failure}" for failure in failures] == ["no database connection was free in time"] * 2
        for loan in loans:
            await loan.give_back()


async def test_a_share_is_not_free_before_the_server_was_asked_to_stop_the_statement(proxy: Proxy) -> None:
    async with running_pool(proxy.url, max_size=2, timeout_seconds=60) as pool:
        await pid(pool)
        pool.timeout_seconds = 0.05
        proxy.freeze()

        for missing in ("the database did not respond", "no connection of the user's share was free"):
            with pytest.raises(StorageUnavailable, match=missing):
                await pool.run(lambda connection: connection.run(Statement(FOREVER, ()), {}), owner="alice")


async def test_more_calls_than_the_server_grants_connections_wait_for_one(limited_url: str) -> None:
    async with running_pool(limited_url, max_size=10, timeout_seconds=50) as pool:
        results = await asyncio.gather(*(run(pool, "SELECT pg_sleep(0.001)::text") for _ in range(100)))

        assert results == [[("",)]] * 100


async def test_a_server_without_a_free_connection_is_waited_for_until_the_deadline(limited_url: str) -> None:
    async with running_pool(limited_url) as others, running_pool(limited_url, timeout_seconds=0.5) as pool:
        loans = [await hold(others) for _ in range(3)]
        with pytest.raises(StorageUnavailable, match="the server has no free connection"):
            await pid(pool)

        pool.timeout_seconds = 50
        waiting = [asyncio.create_task(pid(pool)) for _ in range(20)]
        await settle()
        for loan in loans:
            loan.connection.close()
            await loan.give_back()

        assert len(set(await asyncio.gather(*waiting))) <= 3


async def test_an_unreachable_server_costs_no_place_in_the_pool(database_url: str) -> None:
    unreachable = database_url.rpartition("/")[0] + "/nowhere"
    async with running_pool(unreachable, max_size=1) as pool:
        failed = await asyncio.gather(*(pid(pool) for _ in range(5)), return_exceptions=True)

        assert [type(failure) for failure in failed] == [StorageUnavailable] * 5
        assert {str(failure) for failure in failed} == {"the database can't be reached: the database does not exist"}


async def test_a_connection_that_has_been_idle_for_long_is_closed(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running_pool(database_url) as pool:
        surplus, second = await hold(pool), await hold(pool)
        await surplus.give_back()
        monkeypatch.setattr(idle, "_SURPLUS_SECONDS", -1)

        await second.give_back()

        assert surplus.connection.is_closed


async def test_a_closed_pool_refuses_callers_and_leaves_no_connection_open(database_url: str) -> None:
    async with running_pool(database_url, max_size=2) as pool:
        first, second = await hold(pool), await hold(pool)
        waiting = asyncio.create_task(pid(pool))
        await settle()
        await first.give_back()
        await waiting

        await pool.close()

        with pytest.raises(StorageUnavailable, match="closed"):
            await pid(pool)
        await second.give_back()
        await no_sessions_left(database_url)


async def test_a_caller_that_waits_while_the_pool_closes_gets_an_error(database_url: str) -> None:
    async with running_pool(database_url, max_size=1) as pool:
        loan = await hold(pool)
        waiting = asyncio.create_task(pid(pool))
        await settle()

        await pool.close()
        await loan.give_back()

        with pytest.raises(StorageUnavailable, match="closed"):
            await waiting


async def test_a_value_larger_than_the_socket_buffer_is_sent_completely(database_url: str) -> None:
    long = "x" * 20_000_000
    async with running_pool(database_url) as pool:
        rows = await pool.run(
            lambda connection: connection.run(Statement("SELECT length($1::text)", ["value"]), {"value": long})
        )

    assert rows == [(len(long),)]


async def test_statements_are_prepared_on_a_direct_connection(database_url: str) -> None:
    async with running_pool(database_url, max_size=1) as pool:
        for _ in range(3):
            await run(pool, "SELECT 42")

        assert await run(pool, "SELECT count(*) FROM pg_prepared_statements WHERE statement = 'SELECT 42'") == [(1,)]


async def test_only_the_most_recently_used_statements_stay_prepared(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepared_statements, "MAX_PREPARED", 2)
    async with running_pool(database_url, max_size=1) as pool:
        for _ in range(3):
            for number in (1, 2, 3):
                assert await run(pool, f"SELECT {number}") == [(number,)]

        ((prepared,),) = await run(pool, "SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 's%'")

    assert prepared == 2


async def test_a_statement_that_failed_to_prepare_is_tried_again(database_url: str) -> None:
    async with running_pool(database_url, max_size=1) as pool:
        for _ in range(3):
            with pytest.raises(StorageUnavailable):
                await run(pool, "SELECT * FROM not_yet_there")
        await run(pool, "SELECT set_config('search_path', 'pg_temp', false)")
        create_table = "DO $$ BEGIN CREATE TEMPORARY TABLE not_yet_there AS SELECT 42 AS number; END $$"
        loan = await hold(pool)
        await loan.connection.run(Statement(create_table, ()), {})
        await loan.give_back()

        assert await run(pool, "SELECT * FROM not_yet_there") == [(42,)]


async def test_a_statement_is_prepared_once_for_all_values(database_url: str) -> None:
    echo = Statement("SELECT $1::bigint, $2::smallint[], $3::timestamptz, $4::text", ("number", "set", "time", "text"))
    values: list[dict[str, Any]] = [
        {"number": 1, "set": [1], "time": datetime(2026, 12, 1, 17, tzinfo=UTC), "text": "here"},
        {"number": 2**15, "set": [1, 2], "time": None, "text": None},
        {"number": 2**53, "set": [], "time": None, "text": ""},
        {"number": None, "set": None, "time": None, "text": None},
    ]

    async def echo_each(connection: Connection) -> list[list[tuple[Any, ...]]]:
        return [await connection.run(echo, each) for each in values]

    async with running_pool(database_url, max_size=1) as pool:
        rows = await pool.run(echo_each)

        assert rows == [[tuple(v.values())] for v in values]
        assert await run(pool, "SELECT count(*) FROM pg_prepared_statements WHERE statement ~ 'smallint'") == [(1,)]


async def test_statements_after_a_failed_one_are_not_run(database_url: str) -> None:
    def steps(*sqls: str) -> list[Step]:
        return [(Statement(sql, ()), {}) for sql in sqls]

    async with running_pool(database_url, max_size=1) as pool:
        process = await pid(pool)
        with pytest.raises(StorageUnavailable):
            await pool.run(
                lambda connection: connection.run_all(
                    steps("SELECT 42", "SELECT 1 / 0", "SELECT set_config('application_name', 'late', false)")
                )
            )

        assert await pool.run(lambda connection: connection.run_all(steps("SELECT 1", "SELECT 2"))) == [[(1,)], [(2,)]]
        assert await run(pool, "SHOW application_name") == [(NAME,)]
        assert await pid(pool) == process


async def test_several_statements_on_a_connection_that_breaks_raise_connection_lost(database_url: str) -> None:
    async def break_in_the_middle(connection: Connection) -> None:
        end = Statement("SELECT pg_terminate_backend(pg_backend_pid())", ())
        await connection.run_all([(Statement("SELECT 42", ()), {}), (end, {}), (Statement("SELECT 42", ()), {})])

    async with running_pool(database_url, max_size=1) as pool:
        with pytest.raises(ConnectionLost):
            await pool.run(break_in_the_middle)

        assert await run(pool, "SELECT 42") == [(42,)]
