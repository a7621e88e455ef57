"""The opening of the store: what is waited for, and what ends the process."""

import asyncio
import logging
from typing import Self

import pytest
from dependency_injector import providers

from tests.integration.server import settings_for
from todo_adapters.in_memory import InMemoryTaskRepository
from todo_api.container import Container
from todo_api.server import store_opening
from todo_api.server.store_opening import store_kept_open
from todo_domain import StorageUnavailable, StoreUnusable

pytestmark = pytest.mark.anyio

POSTGRESQL = "postgresql://127.0.0.1/tasks"
SQLITE = "tasks.sqlite3"


class Down(InMemoryTaskRepository):
    """A store that fails to open with these errors, and then opens."""

    def __init__(self, *errors: Exception) -> None:
        super().__init__()
        self._errors = list(errors)
        self.opened = asyncio.Event()

    async def __aenter__(self) -> Self:
        if self._errors:
            raise self._errors.pop(0)
        self.opened.set()
        return await super().__aenter__()


def container_of(store: Down, database: str) -> Container:
    return Container(settings=settings_for(database), task_repository=providers.Object(store))


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_opening, "RETRY_SECONDS", 0.001)


async def test_a_server_that_is_down_is_waited_for_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    store = Down(StorageUnavailable("down"), StorageUnavailable("still down"))

    async with asyncio.timeout(10), store_kept_open(container_of(store, POSTGRESQL)):
        await store.opened.wait()

    assert [record.getMessage() for record in caplog.records][:2] == [
        "waiting for the database",
        "the database is available",
    ]
    assert vars(caplog.records[0])["fields"] == {"reason": "down"}


@pytest.mark.parametrize(
    ("error", "database"),
    [
        (StoreUnusable("another schema"), POSTGRESQL),
        (StorageUnavailable("in use"), SQLITE),
        (ZeroDivisionError("a defect"), POSTGRESQL),
    ],
)
async def test_a_store_that_can_not_be_used_ends_the_start(error: Exception, database: str) -> None:
    with pytest.raises(type(error), match=str(error)):
        async with store_kept_open(container_of(Down(error), database)):
            pass


async def test_a_store_that_proves_unusable_later_ends_the_process(caplog: pytest.LogCaptureFixture) -> None:
    failed = asyncio.Event()
    container = container_of(Down(StorageUnavailable("down"), StoreUnusable("another schema")), POSTGRESQL)

    class Shutdown:
        def fail(self) -> None:
            failed.set()

    container.shutdown.override(providers.Object(Shutdown()))
    async with asyncio.timeout(10), store_kept_open(container):
        await failed.wait()

    assert caplog.records[-1].getMessage() == "the database can't be used"
    assert vars(caplog.records[-1])["fields"] == {"reason": "another schema"}
