"""Opens in-memory adapters outside of an event loop, and gives them other quotas."""

from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar

from todo_adapters.contract import MakeRepository
from todo_adapters.in_memory import InMemoryTaskRepository
from todo_domain import Quotas, TaskStore

Adapter = TypeVar("Adapter", bound=AbstractAsyncContextManager[Any])


def open_at_once(adapter: Adapter) -> Adapter:
    """Open the in-memory repository or the verifier of shared secrets, and return it."""
    opening = adapter.__aenter__()
    try:
        opening.send(None)
    except StopIteration:
        return adapter
    raise AssertionError(f"{type(adapter).__name__} awaits something when it opens")


def with_quotas(repository: InMemoryTaskRepository) -> MakeRepository:
    """Return a function that gives the repository, whose store is the object itself, other quotas."""

    def make_repository(quotas: Quotas) -> TaskStore:
        repository.quotas = quotas
        return repository

    return make_repository
