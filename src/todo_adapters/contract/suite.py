"""How the kit's tests run: each on a fresh event loop, against an adapter that its own loop opened."""

import asyncio
import functools
import inspect
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from todo_domain import StoreMaintenance, TaskRepository


class Store(TaskRepository, StoreMaintenance, Protocol):
    """What a store of tasks offers: to its users, and to its operator."""


OpenRepository = Callable[[], AbstractAsyncContextManager[Store]]
"""What the fixture `open_repository` returns: opens a repository, and closes it at exit.

Each opening needs a store whose epoch was never renewed, though tests before it did renew theirs.
The store MAY hold lists of other users, but nobody else may renew its epoch or purge it while a
test runs."""


class Contract:
    """A promise as tests. A subclass can add tests and can't take one back.

    An `async def test_…(self, repository)` is run within what the fixture
    `open_repository` opens, and so for every other name.
    """

    def __init_subclass__(cls) -> None:
        """Make tests of coroutine functions; raise TypeError if one of a base is overridden."""
        super().__init_subclass__()
        for name, test in list(vars(cls).items()):
            if name.startswith("test_") and inspect.iscoroutinefunction(test):
                setattr(cls, name, _opened(test))
        for base in cls.__mro__:
            promised = [name for name in vars(base) if name.startswith("test_")] if issubclass(base, Contract) else []
            for name in promised:
                if getattr(cls, name) is not vars(base)[name]:
                    raise TypeError(f"{cls.__name__} must not override {base.__name__}.{name}")


def _opened(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """Return a test that opens what the coroutine function takes first, on a loop for both."""
    signature = inspect.signature(test)
    this, subject, *others = signature.parameters.values()
    fixture = f"open_{subject.name}"

    @functools.wraps(test)
    def run(self: Contract, **given: Any) -> None:
        open_subject = given.pop(fixture)

        async def scene() -> None:
            async with open_subject() as opened:
                await test(self, opened, **given)

        asyncio.run(scene())

    # pytest asks the signature which fixtures to bring.
    opener = subject.replace(name=fixture, annotation=inspect.Parameter.empty)
    run.__signature__ = signature.replace(parameters=[this, opener, *others])  # type: ignore[attr-defined]
    return run
