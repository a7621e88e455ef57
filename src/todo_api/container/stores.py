"""The database of the settings: the adapter that stores tasks in it, and what an operator does with it.

The adapter for PostgreSQL is imported only when it is used, because the import takes a large part of the start time.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

from todo_adapters.sql import migrations
from todo_adapters.sql.sqlite.backup import BackupFailed, back_up
from todo_adapters.sql.sqlite.repository import SqliteTaskRepository
from todo_adapters.sql.sqlite.restore import restore
from todo_adapters.system_clock import SystemClock
from todo_api.http.deadlines import current_request
from todo_api.settings import Settings, WrongSetting
from todo_domain import Quotas, TaskStore

if TYPE_CHECKING:
    from todo_adapters.sql.postgres.store import PostgresStore
    from todo_api.tracing.export import Tracing


def new_store(settings: Settings, tracing: "Tracing | None") -> TaskStore:
    """Return the adapter for the database. Raises ValueError, OSError."""
    quotas = Quotas(
        max_open_tasks=settings.max_open_tasks,
        max_tasks=settings.max_tasks,
        max_deletions=settings.max_deletions,
        max_trash=settings.max_trash,
        max_keys=settings.max_idempotency_keys,
    )
    if settings.sqlite_path:
        return SqliteTaskRepository(
            settings.sqlite_path,
            quotas,
            timeout_seconds=settings.database_timeout_seconds,
            snapshot_bytes=settings.max_export_bytes,
            caller=current_request,
            observe=tracing.calls.statements_of("sqlite") if tracing else None,
        )
    from todo_adapters.sql.postgres.plain import PlainPostgresTaskRepository  # noqa: PLC0415 - see the module
    from todo_adapters.sql.postgres.repository import PostgresTaskRepository  # noqa: PLC0415 - see the module

    kind = PlainPostgresTaskRepository if settings.postgres_plain_statements else PostgresTaskRepository
    return kind(
        settings.database,
        quotas,
        max_connections=settings.database_connections,
        timeout_seconds=settings.database_timeout_seconds,
        snapshot_bytes=settings.max_export_bytes,
        caller=current_request,
        observe=tracing.calls.statements_of("postgresql", store_name(settings)) if tracing else None,
    )


def store_name(settings: Settings) -> str:
    """Return where tasks are stored: a path, or the hosts and name of a database, without the password."""
    if settings.sqlite_path:
        return str(settings.sqlite_path)
    from todo_adapters.sql.postgres.driver.conninfo import public_part_of  # noqa: PLC0415 - see the module

    return public_part_of(settings.database)


async def store_time(store: TaskStore) -> datetime | None:
    """Return the time of the database server's clock; None for an SQLite file. Raises StorageUnavailable."""
    return None if isinstance(store, SqliteTaskRepository) else await cast("PostgresStore", store).now()


def upgrade_store(settings: Settings) -> bool:
    """Migrate the database to this version's schema, unless it has a newer one. Raises StorageUnavailable.

    Returns False if it has a newer schema, which this version can serve.
    """
    return migrations.upgrade(settings.database)


def back_up_store(settings: Settings, target: Path, *, overwrite: bool) -> None:
    """Write a backup of the SQLite file, also while a server uses it. Raises WrongSetting, StorageUnavailable."""
    with _explained_backup():
        back_up(_sqlite_file(settings, "pg_dump"), target, overwrite=overwrite)


def restore_store(settings: Settings, backup: Path) -> str:
    """Replace the SQLite file by a backup, and return its new epoch. Raises WrongSetting, StorageUnavailable."""
    with _explained_backup():
        return restore(_sqlite_file(settings, "pg_restore"), backup, at=SystemClock().now())


def _sqlite_file(settings: Settings, program: str) -> Path:
    if not settings.sqlite_path:
        raise WrongSetting(
            f"TODO_DATABASE_URL: this command is for an SQLite file; use {program} for PostgreSQL, "
            "as docs/operating/backup.md says"
        )
    return settings.sqlite_path


@contextmanager
def _explained_backup() -> Iterator[None]:
    try:
        yield
    except BackupFailed as error:
        raise WrongSetting(str(error)) from error
