"""Opens adapters outside of an event loop, if opening them awaits nothing."""

from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar

Adapter = TypeVar("Adapter", bound=AbstractAsyncContextManager[Any])


def open_at_once(adapter: Adapter) -> Adapter:
    """Open the in-memory repository or the verifier of shared secrets, and return it."""
    opening = adapter.__aenter__()
    try:
        opening.send(None)
    except StopIteration:
        return adapter
    raise AssertionError(f"{type(adapter).__name__} awaits something when it opens")
