"""The store in an SQLite file as a whole: its opening, closing and maintenance."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Final, Self

from todo_adapters.sql import erasing, statements
from todo_adapters.sql.admission import Figures
from todo_adapters.sql.dialects import SQLITE
from todo_adapters.sql.epoch_log import log_renewed
from todo_adapters.sql.sqlite.access_tokens import SqliteAccessTokenRepository
from todo_adapters.sql.sqlite.epoch import renew_epoch
from todo_adapters.sql.sqlite.erase import purge_erasures
from todo_adapters.sql.sqlite.open_file import OpenFile
from todo_adapters.sql.sqlite.purge import purge
from todo_domain import NotOpen, UserId

_EPOCH: Final = SQLITE.compile(statements.EPOCH)
_PROBE: Final = SQLITE.compile(statements.PROBE)
_ERASED_SINCE: Final = SQLITE.compile(erasing.ERASED_SINCE)


class SqliteStore:
    """A StoreMaintenance on an SQLite file, which `open_file` opens each time this is opened."""

    def __init__(self, open_file: Callable[[], Awaitable[OpenFile]]) -> None:
        self._open = open_file
        self._opened: OpenFile | None = None
        self.access_tokens = SqliteAccessTokenRepository(lambda: self._file.reader, lambda: self._file.writer)

    async def __aenter__(self) -> Self:
        """Open the file: see `open_file`."""
        self._opened = await self._open()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Finish the pending writes, end the reads, and release the file."""
        file, self._opened = self._file, None
        await file.resources.aclose()

    async def check_reads(self) -> None:
        """See StoreMaintenance."""
        self._file.identity.verify()
        await self._file.reader.read(_EPOCH, {})

    async def check_writes(self) -> None:
        """See StoreMaintenance. SQLite does not write a row that keeps its value, so two updates cancel each other."""
        await self._file.writer.run(
            lambda connection: connection.executemany(_PROBE, [{"difference": 1}, {"difference": -1}])
        )

    async def purge(
        self,
        *,
        trash_before: datetime,
        deletions_before: datetime,
        keys_before: datetime,
        limit: int,
        dry_run: bool = False,
    ) -> int:
        """See StoreMaintenance."""
        return await self._file.writer.run(
            partial(
                purge,
                trash_before=trash_before,
                deletions_before=deletions_before,
                keys_before=keys_before,
                limit=limit,
                dry_run=dry_run,
            )
        )

    async def erased_since(self, since: datetime) -> Mapping[UserId, datetime]:
        """See StoreMaintenance."""
        found = await self._file.reader.read(_ERASED_SINCE, {"since": SQLITE.write_instant(since)})
        return {UserId(user_id): SQLITE.read_instant(erased_at) for user_id, erased_at in found}

    async def purge_erasures(self, *, before: datetime, limit: int, dry_run: bool = False) -> int:
        """See StoreMaintenance."""
        return await self._file.writer.run(
            lambda connection: purge_erasures(connection, before, limit, dry_run=dry_run)
        )

    async def renew_epoch(self, *, at: datetime) -> str:
        """See StoreMaintenance."""
        epoch = await self._file.writer.run(partial(renew_epoch, at=at))
        log_renewed(epoch)
        return epoch

    def figures(self) -> Figures:
        """Return figures of the writer and the readers, by name and part; none while the store is not open."""
        file = self._opened
        return {**file.writer.figures(), **file.reader.figures()} if file else {}

    @property
    def _file(self) -> OpenFile:
        if self._opened is None:
            raise NotOpen(self)
        return self._opened
