"""How many connections the descriptors that the system grants are enough for."""

from contextlib import suppress
from typing import Final

from todo_api.settings import Settings, WrongSetting

try:
    import resource
except ImportError:  # pragma: no cover - Windows has no such limit
    resource = None  # type: ignore[assignment]

MOST_CONNECTIONS: Final = 10_000
"""The default maximum where the system grants enough descriptors."""
_RESERVED: Final = 100
"""Descriptors for files, logs, key fetches and the event loop."""


def connection_limit(settings: Settings) -> int:
    """Return how many connections a process may have; raise the limit of descriptors as far as the system permits.

    Raises WrongSetting if TODO_MAX_CONNECTIONS needs more descriptors than there are.
    """
    wanted = settings.max_connections or MOST_CONNECTIONS
    reserved = _RESERVED + settings.database_connections
    enough = _raise_descriptors(wanted + reserved) - reserved
    if enough < (settings.max_connections or 1):
        raise WrongSetting(
            f"TODO_MAX_CONNECTIONS: the descriptors that the system grants are enough for {max(enough, 0)} connections"
        )
    return min(wanted, enough)


def _raise_descriptors(wanted: int) -> int:
    """Raise the soft limit, at most to the hard one, and return how many descriptors there are."""
    if resource is None:  # pragma: no cover - Windows
        return wanted
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return wanted
    raised = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    with suppress(ValueError, OSError):  # macOS permits less than its hard limit says
        resource.setrlimit(resource.RLIMIT_NOFILE, (raised, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
