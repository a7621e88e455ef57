"""The composition root: which adapter stands behind which port. No other module knows an adapter."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

from dependency_injector import containers, providers

from todo_adapters.jwt.jwks import JwksTokenVerifier
from todo_adapters.jwt.shared_secret import SharedSecretTokenVerifier
from todo_adapters.sql.postgres import PostgresTaskRepository
from todo_adapters.sql.sqlite import SqliteTaskRepository
from todo_adapters.system_clock import SystemClock
from todo_api.development import development_secret
from todo_api.live_feed import LiveFeed
from todo_api.settings import Settings
from todo_domain import Clock, TaskUseCases, TokenVerifier


def _task_repository(settings: Settings) -> SqliteTaskRepository | PostgresTaskRepository:
    if settings.sqlite_path:
        return SqliteTaskRepository(settings.sqlite_path)
    return PostgresTaskRepository(
        settings.database,
        max_connections=settings.database_connections,
        timeout_seconds=settings.database_timeout_seconds,
    )


def _token_verifier(settings: Settings, clock: Clock) -> TokenVerifier:
    if settings.authentication == "jwks":
        base = (settings.better_auth_url or "").rstrip("/")
        return JwksTokenVerifier(
            f"{base}/api/auth/jwks",
            clock,
            issuer=settings.jwt_issuer or base,
            audience=settings.jwt_audience or base,
            accept_subject=settings.user_from_sub,
        )
    return SharedSecretTokenVerifier(
        settings.secrets() or [development_secret(settings)],
        clock,
        issuer=settings.jwt_issuer,
        audience=settings.jwt_audience,
    )


class Container(containers.DeclarativeContainer):
    """Everything one app is made of. Providers are synchronous; `opened` opens and closes what has to be."""

    settings = providers.Dependency(instance_of=Settings)
    clock = providers.Singleton(SystemClock)
    task_repository = providers.Singleton(_task_repository, settings)
    token_verifier = providers.Singleton(_token_verifier, settings, clock)
    live_feed = providers.Singleton(LiveFeed, task_repository)
    task_use_cases = providers.Factory(TaskUseCases, task_repository, clock, announce=live_feed.provided.announce)


@asynccontextmanager
async def opened(container: Container) -> AsyncIterator[None]:
    """Open the adapters that hold files or connections, and close them in the end."""
    async with AsyncExitStack() as stack:
        for adapter in (container.task_repository(), container.token_verifier(), container.live_feed()):
            if isinstance(adapter, AbstractAsyncContextManager):
                await stack.enter_async_context(adapter)
        yield
