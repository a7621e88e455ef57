"""The composition root: it chooses the adapter for each port. No other module imports adapters.

The adapters for PostgreSQL and published keys, OpenTelemetry, and the SDK of the Model Context Protocol are imported
only when they are used, because importing them takes a large part of the start time.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime, timedelta
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from dependency_injector import containers, providers

from todo_adapters.access_token_verifier import AccessTokenVerifier, AssistantTokenVerifier
from todo_adapters.jwt.shared_secret import SharedSecretTokenVerifier, mint_token
from todo_adapters.sql import migrations
from todo_adapters.sql.sqlite.backup import BackupFailed, back_up
from todo_adapters.sql.sqlite.repository import SqliteTaskRepository
from todo_adapters.sql.sqlite.restore import restore
from todo_adapters.system_clock import SystemClock
from todo_api.http.deadlines import Deadlines, current_request
from todo_api.http.uploads import UploadSpace
from todo_api.http.user_limits import Bounds, UserLimits
from todo_api.server.development import development_secret, prepare_directory
from todo_api.server.erased_users import ErasedUsers
from todo_api.server.health import HealthMonitor
from todo_api.server.metrics.counts import Counts
from todo_api.server.shutdown import Shutdown
from todo_api.settings import Settings, WrongSetting
from todo_api.streaming.export import OpenExports
from todo_api.streaming.live_feed import LiveFeed
from todo_domain import (
    AccessTokenUseCases,
    Clock,
    ErasureUseCase,
    Quotas,
    TaskStore,
    TaskUseCases,
    TokenVerifier,
    UserId,
)

_log: Final = logging.getLogger(__name__)

if TYPE_CHECKING:
    from todo_adapters.sql.postgres.store import PostgresStore
    from todo_api.tracing.export import Tracing
    from todo_mcp.server import McpServer


@contextmanager
def _extra(name: str, setting: str) -> Iterator[None]:
    """Say which setting needs the packages of an extra, if they are not installed."""
    try:
        yield
    except ModuleNotFoundError as missing:
        message = f"{setting} needs the package {missing.name}: install todo-backend[api,{name}]"
        raise WrongSetting(message) from missing


def _tracing(settings: Settings) -> "Tracing | None":
    if not settings.otel_exporter_otlp_endpoint:
        return None
    with _extra("otel", "OTEL_EXPORTER_OTLP_ENDPOINT"):
        from todo_api.tracing.export import Tracing  # noqa: PLC0415 - see the module
    return Tracing(settings.otel_exporter_otlp_endpoint)


def _mcp(settings: Settings) -> "McpServer | None":
    if not settings.mcp_url:
        return None
    with _extra("mcp", "TODO_MCP_URL"):
        from todo_mcp.server import McpServer  # noqa: PLC0415 - see the module
    return McpServer(version("todo-backend"))


def _task_repository(settings: Settings, tracing: "Tracing | None") -> TaskStore:
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


def _session_verifier(settings: Settings, clock: Clock, tracing: "Tracing | None") -> TokenVerifier:
    if settings.authentication == "jwks":
        from todo_adapters.jwt.jwks import JwksTokenVerifier  # noqa: PLC0415 - see the module

        return JwksTokenVerifier(
            settings.keys_url,
            clock,
            issuer=settings.jwt_issuer or settings.better_auth_origin,
            audience=settings.jwt_audience or settings.better_auth_origin,
            accept_subject=settings.user_from_sub,
            # OAuth access tokens with narrow scopes must not open the API by accident.
            accept_access_tokens=bool(settings.jwks_url and settings.jwt_issuer and settings.jwt_audience),
            refused_audience=settings.mcp_url,
            observe=tracing.calls.fetch if tracing else None,
        )
    return SharedSecretTokenVerifier(
        _secrets(settings),
        clock,
        issuer=settings.jwt_issuer,
        audience=settings.jwt_audience,
        accept_subject=settings.user_from_sub,
    )


def _oauth_verifier(settings: Settings, clock: Clock, tracing: "Tracing | None") -> TokenVerifier | None:
    if not (settings.mcp_url and settings.assistants_issuer):
        return None
    from todo_adapters.jwt.oauth import OAuthTokenVerifier  # noqa: PLC0415 - see the module

    return OAuthTokenVerifier(
        settings.keys_url,
        clock,
        issuer=settings.assistants_issuer,
        resource=settings.mcp_url,
        observe=tracing.calls.fetch if tracing else None,
    )


def _secrets(settings: Settings) -> list[str]:
    return settings.secrets() or [development_secret(settings)]


def _note_erasure(  # the objects that know something of a user, and the erasure
    erased_users: ErasedUsers, token_verifier: AccessTokenVerifier, live_feed: LiveFeed, user_id: UserId, at: datetime
) -> None:
    erased_users.note(user_id, at)
    token_verifier.forget(user_id)
    live_feed.notify(user_id)
    _log.warning("user erased", extra={"fields": {"user_id": user_id}})


def _user_limits(settings: Settings) -> UserLimits:
    return UserLimits(Bounds(settings.max_in_progress, settings.max_streams, settings.user_work_per_second))


class Container(containers.DeclarativeContainer):
    """The objects of one app. Providers are synchronous; `opened` opens and closes the adapters."""

    settings = providers.Dependency(instance_of=Settings)
    clock = providers.Singleton(SystemClock)
    tracing = providers.Singleton(_tracing, settings)
    task_repository = providers.Singleton(_task_repository, settings, tracing)
    session_verifier = providers.Singleton(_session_verifier, settings, clock, tracing)
    token_verifier = providers.Singleton(
        AccessTokenVerifier, session_verifier, task_repository.provided.access_tokens, clock
    )
    mcp = providers.Singleton(_mcp, settings)
    oauth_verifier = providers.Singleton(_oauth_verifier, settings, clock, tracing)
    assistant_verifier = providers.Singleton(AssistantTokenVerifier, token_verifier, oauth_verifier)
    deadlines = providers.Singleton(Deadlines, settings.provided.database_timeout_seconds)
    user_limits = providers.Singleton(_user_limits, settings)
    exports = providers.Singleton(OpenExports)
    live_feed = providers.Singleton(LiveFeed, task_repository)
    upload_space = providers.Singleton(UploadSpace)
    # One file at a time: its check takes a whole processor.
    import_checks = providers.Singleton(asyncio.Semaphore, 1)
    health = providers.Singleton(HealthMonitor, task_repository, token_verifier)
    erased_users = providers.Singleton(ErasedUsers, task_repository, clock, settings.provided.erasure_age)
    shutdown = providers.Singleton(Shutdown)
    counts = providers.Singleton(Counts)
    # Functions of the principal and the owner. A Factory would resolve all dependencies for every request.
    task_use_cases = providers.Singleton(
        partial,
        TaskUseCases,
        task_repository,
        clock,
        notify=live_feed.provided.notify,
        keeps_trash=providers.Callable(bool, settings.provided.kept_trash_days),
        erased_at=erased_users.provided.erased_at,
    )
    erasure_use_case = providers.Singleton(
        partial,
        ErasureUseCase,
        task_repository,
        clock,
        providers.Singleton(partial, _note_erasure, erased_users, token_verifier, live_feed),
    )
    access_token_use_cases = providers.Singleton(
        partial,
        AccessTokenUseCases,
        task_repository.provided.access_tokens,
        clock,
        token_verifier.provided.forget,
    )


def assemble(settings: Settings) -> Container:
    """Return a container and create its adapters. Raises WrongSetting if an adapter refuses a setting."""
    container = Container(settings=settings)
    container.tracing()
    container.mcp()
    with _naming("TODO_DATABASE_URL"):
        prepare_directory(settings)
        container.task_repository()
    keys = "TODO_JWKS_URL" if settings.jwks_url else "BETTER_AUTH_URL"
    with _naming(keys if settings.authentication == "jwks" else "BETTER_AUTH_SECRET"):
        container.token_verifier()
    with _naming(keys):
        container.oauth_verifier()
    return container


@contextmanager
def _naming(setting: str) -> Iterator[None]:
    try:
        yield
    except (ValueError, OSError) as error:
        raise WrongSetting(f"{setting}: {error}") from error


@asynccontextmanager
async def opened(container: Container) -> AsyncIterator[None]:
    """Open the adapters, the live feed and the health monitor, and close them at the end. Raises StorageUnavailable."""
    async with container.task_repository(), container.token_verifier(), container.live_feed(), container.health():
        yield


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


def mint(settings: Settings, user_id: str, lifetime: timedelta) -> str:
    """Return a token for the user, signed with the current secret. Raises ValueError, including RuleViolated."""
    return mint_token(
        _secrets(settings)[0],
        UserId(user_id),
        SystemClock().now(),
        lifetime,
        issuer=settings.jwt_issuer,
        audience=settings.jwt_audience,
    )
