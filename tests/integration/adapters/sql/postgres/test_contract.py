"""The promises of the ports, kept on a real PostgreSQL server."""

from collections.abc import Iterator
from functools import partial

import psycopg
import pytest
from hypothesis import settings

from tests.integration.adapters.sql.counters import WRONG_COUNTERS
from tests.integration.adapters.sql.postgres.partitions import partition
from tests.integration.server import settings_for
from tests.postgres import Postgres
from todo_adapters.contract import DurableTaskRepositoryContract, MakeRepository
from todo_adapters.contract.batches import AppliesBatchesAtomically
from todo_adapters.contract.changing import ChangesAtomically
from todo_adapters.contract.concurrency import HandlesConcurrentWriters
from todo_adapters.contract.erasing import ErasesContent
from todo_adapters.contract.erasures import ErasesUsers
from todo_adapters.contract.lifecycle import OpensAndCloses
from todo_adapters.contract.preconditions import ChecksPreconditions
from todo_adapters.contract.project_trash import ErasesProjects
from todo_adapters.contract.purging import PurgesAndExpires
from todo_adapters.contract.record_quotas import BoundsDeletionsAndKeys
from todo_adapters.contract.removing import RemovesTasks
from todo_adapters.contract.retries import RecognisesRetries
from todo_adapters.contract.sequences import MatchesTheModel
from todo_adapters.sql.migrations import upgrade
from todo_adapters.sql.postgres.plain import PlainPostgresTaskRepository
from todo_adapters.sql.postgres.repository import PostgresTaskRepository
from todo_api.container import assemble


@pytest.fixture(scope="session")
def partitioned_url(postgres: Postgres) -> Iterator[str]:
    with postgres.database() as url:
        upgrade(url)
        partition(url)
        yield url


@pytest.fixture
def make_repository(database_url: str) -> Iterator[MakeRepository]:
    yield partial(PostgresTaskRepository, database_url)

    with psycopg.connect(database_url) as connection:
        assert connection.execute(WRONG_COUNTERS).fetchall() == []
    # The next test uses the same database and expects revisions from 1.
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("UPDATE store SET revision_floor = 0")


@pytest.fixture
def few_examples() -> Iterator[None]:
    """Run a twentieth of the examples: the state machine also runs with all of them on this database."""
    active = settings.get_current_profile_name()
    settings.register_profile("few", settings(max_examples=settings().max_examples // 20))
    settings.load_profile("few")
    yield
    settings.load_profile(active)


class TestPostgresTaskRepository(DurableTaskRepositoryContract):
    pass


@pytest.mark.usefixtures("few_examples")
class TestPlainPostgresTaskRepository(
    MatchesTheModel,
    ErasesUsers,
    BoundsDeletionsAndKeys,
    HandlesConcurrentWriters,
    PurgesAndExpires,
    ErasesProjects,
    RecognisesRetries,
    ErasesContent,
    RemovesTasks,
    ChecksPreconditions,
    ChangesAtomically,
):
    """The promises about writes and purging. All else is inherited."""

    @pytest.fixture
    def make_repository(self, make_repository: partial[PostgresTaskRepository]) -> MakeRepository:
        return partial(PlainPostgresTaskRepository, *make_repository.args)


@pytest.mark.usefixtures("few_examples")
class TestPostgresTaskRepositoryOnPartitions(MatchesTheModel, HandlesConcurrentWriters, PurgesAndExpires):
    """What locks, counts and deletes rows."""

    @pytest.fixture
    def database_url(self, partitioned_url: str) -> str:
        return partitioned_url


@pytest.mark.plain_asyncio
class TestPostgresTaskRepositoryOnAsyncio(
    OpensAndCloses, ChangesAtomically, HandlesConcurrentWriters, AppliesBatchesAtomically
):
    """What depends on the event loop also holds on asyncio's own, for programs that embed the adapter."""


@pytest.mark.parametrize(("value", "adapter"), [(False, PostgresTaskRepository), (True, PlainPostgresTaskRepository)])
def test_a_setting_chooses_plain_statements(value: bool, adapter: type) -> None:  # noqa: FBT001 - a parameter of pytest
    settings = settings_for("postgresql://localhost/todo", postgres_plain_statements=value)

    assert type(assemble(settings).task_repository()) is adapter
