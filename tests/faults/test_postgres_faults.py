"""PostgreSQL fails while clients create tasks, each with a key, and repeat each request until it succeeds."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest

from tests.integration.adapters.sql.postgres.proxy import Proxy
from tests.postgres import Postgres
from todo_adapters.sql.dialects import Statement
from todo_adapters.sql.migrations import upgrade
from todo_adapters.sql.postgres.driver.conninfo import conninfo_of
from todo_adapters.sql.postgres.driver.pool import Pool
from todo_adapters.sql.postgres.repository import PostgresTaskRepository
from todo_domain import IdempotencyKey, StorageUnavailable, Task, TaskDraft, UserId

pytestmark = pytest.mark.anyio

AT = datetime(2026, 12, 1, 17, tzinfo=UTC)
CLIENTS = 8
DEADLINE_SECONDS = 0.3
LONG = 60.0


@dataclass
class Stage:
    """A database of a role that is not a superuser, behind a proxy."""

    url: str
    role: str
    proxy: Proxy

    def operate(self, *statements: str) -> None:
        """Run statements as a superuser, past the proxy, whatever the database refuses."""
        with psycopg.connect(self.url, autocommit=True, options="-c default_transaction_read_only=off") as operator:
            for statement in statements:
                operator.execute(statement.encode())

    @property
    def database(self) -> str:
        return urlsplit(self.url).path[1:]

    def end_sessions(self) -> None:
        """End all sessions of the role, as a server does that is restarted."""
        self.operate(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{self.role}'")


async def a_moment() -> None:
    """Let the fault last so long that calls reach their deadline."""
    await asyncio.sleep(2 * DEADLINE_SECONDS)


async def killed_sessions(stage: Stage) -> None:
    stage.end_sessions()


async def frozen(stage: Stage) -> None:
    stage.proxy.freeze()
    await a_moment()
    stage.proxy.thaw()


async def reset(stage: Stage) -> None:
    stage.proxy.cut()


async def torn_replies(stage: Stage) -> None:
    stage.proxy.tear_replies(CLIENTS)


async def lost_replies(stage: Stage) -> None:
    stage.proxy.lose_replies(CLIENTS)


async def black_hole(stage: Stage) -> None:
    stage.proxy.silence()


async def slow(stage: Stage) -> None:
    for _ in range(3):
        stage.proxy.freeze()
        await asyncio.sleep(DEADLINE_SECONDS / 2)
        stage.proxy.thaw()
        await asyncio.sleep(0.01)


async def read_only(stage: Stage) -> None:
    stage.operate(f"ALTER DATABASE {stage.database} SET default_transaction_read_only = on")
    stage.end_sessions()
    await a_moment()
    stage.operate(f"ALTER DATABASE {stage.database} RESET default_transaction_read_only")


async def full_disk(stage: Stage) -> None:
    stage.operate(
        "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE disk_full; END $$",
        "CREATE TRIGGER fails BEFORE INSERT ON tasks EXECUTE FUNCTION fail()",
    )
    await a_moment()
    stage.operate("DROP FUNCTION fail CASCADE")


async def out_of_connections(stage: Stage) -> None:
    stage.operate(f"ALTER ROLE {stage.role} CONNECTION LIMIT 0")
    stage.end_sessions()
    await a_moment()
    stage.operate(f"ALTER ROLE {stage.role} CONNECTION LIMIT -1")


@pytest.fixture
async def stage(anyio_backend: str, postgres: Postgres) -> AsyncIterator[Stage]:  # noqa: ARG001 - runs this fixture
    role = f"role_{uuid4().hex}"
    with postgres.database() as url:
        upgrade(url)
        address = urlsplit(url)
        async with Proxy.before(address._replace(netloc=f"{role}@{address.hostname}:{address.port}").geturl()) as proxy:
            stage = Stage(url, role, proxy)
            stage.operate(f"CREATE ROLE {role} LOGIN", f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}")
            yield stage
        stage.operate(f"DROP OWNED BY {role}", f"DROP ROLE {role}")


class Client:
    """Creates tasks, each until it is confirmed."""

    def __init__(self, repository: PostgresTaskRepository) -> None:
        self.confirmed: list[str] = []
        self.failures = 0
        self._repository = repository
        self._user = UserId(uuid4().hex)
        self._is_over = False

    async def run(self) -> None:
        while not self._is_over:
            draft = TaskDraft(title=str(len(self.confirmed)))
            key = IdempotencyKey.of_request(draft.title, draft)
            try:
                await self._repository.add(self._user, draft, at=AT, key=key)
            except StorageUnavailable:
                self.failures += 1
                await asyncio.sleep(0.01)
            else:
                self.confirmed.append(draft.title)

    async def progress(self) -> None:
        """Wait until another task is confirmed, which was begun after this call."""
        enough = len(self.confirmed) + 2
        while len(self.confirmed) < enough:  # noqa: ASYNC110 - the time limit of the test ends it
            await asyncio.sleep(0.01)

    def end(self) -> None:
        self._is_over = True

    async def stored(self) -> list[str]:
        """Return the titles of all tasks."""
        page = await self._repository.changes(self._user, None, 1_000_000)
        return [change.title for change in page.changes if isinstance(change, Task)]


@pytest.mark.parametrize(
    ("fault", "is_noticed"),
    [
        (killed_sessions, False),
        (frozen, True),
        (reset, False),
        (torn_replies, False),
        (lost_replies, False),
        (black_hole, True),
        (slow, False),
        (read_only, True),
        (full_disk, True),
        (out_of_connections, True),
    ],
    ids=lambda value: getattr(value, "__name__", "noticed" if value else "unnoticed"),
)
async def test_a_fault_loses_and_duplicates_nothing_and_all_clients_go_on_after_it(
    stage: Stage, fault: Callable[[Stage], Awaitable[None]], *, is_noticed: bool
) -> None:
    async with (
        asyncio.timeout(LONG),
        PostgresTaskRepository(stage.proxy.url, timeout_seconds=DEADLINE_SECONDS) as repository,
    ):
        clients = [Client(repository) for _ in range(CLIENTS)]
        async with asyncio.TaskGroup() as load:
            for client in clients:
                load.create_task(client.run())
            await asyncio.gather(*(client.progress() for client in clients))
            await fault(stage)
            await asyncio.gather(*(client.progress() for client in clients))
            for client in clients:
                client.end()

        stored = [await client.stored() for client in clients]

    assert stored == [client.confirmed for client in clients]
    assert any(client.failures for client in clients) or not is_noticed


async def test_a_name_that_is_never_resolved_ends_the_call_at_its_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(*_: object, **__: object) -> None:
        asked.set()
        await asyncio.Event().wait()

    asked = asyncio.Event()
    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", never)
    pool = Pool(conninfo_of("postgresql://database.example/tasks"), timeout_seconds=0.05)
    async with asyncio.timeout(LONG):
        with pytest.raises(StorageUnavailable):
            await pool.run(lambda connection: connection.run(Statement("SELECT 42", ()), {}))
        await pool.close()

    assert asked.is_set()
