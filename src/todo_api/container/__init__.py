"""The composition root: it chooses the adapter for each port. No other package imports adapters."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from functools import partial
from typing import Final

from dependency_injector import containers, providers

from todo_adapters.access_token_verifier import AccessTokenVerifier, AssistantTokenVerifier
from todo_adapters.system_clock import SystemClock
from todo_api.container.extras import new_mcp_server, new_tracing
from todo_api.container.stores import new_store
from todo_api.container.tokens import new_oauth_verifier, new_session_verifier
from todo_api.http.deadlines import Deadlines
from todo_api.http.uploads import UploadSpace
from todo_api.http.user_limits import Bounds, UserLimits
from todo_api.server.development import prepare_directory
from todo_api.server.erased_users import ErasedUsers
from todo_api.server.health import HealthMonitor
from todo_api.server.metrics.counts import Counts
from todo_api.server.shutdown import Shutdown
from todo_api.settings import Settings, WrongSetting
from todo_api.streaming.export import OpenExports
from todo_api.streaming.live_feed import LiveFeed
from todo_domain import AccessTokenUseCases, ErasureUseCase, TaskUseCases, UserId

_log: Final = logging.getLogger(__name__)


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
    tracing = providers.Singleton(new_tracing, settings)
    task_repository = providers.Singleton(new_store, settings, tracing)
    session_verifier = providers.Singleton(new_session_verifier, settings, clock, tracing)
    token_verifier = providers.Singleton(
        AccessTokenVerifier, session_verifier, task_repository.provided.access_tokens, clock
    )
    mcp = providers.Singleton(new_mcp_server, settings)
    oauth_verifier = providers.Singleton(new_oauth_verifier, settings, clock, tracing)
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
