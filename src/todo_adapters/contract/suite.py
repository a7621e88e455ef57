"""Run the tests of the kit: each in its own event loop, with a new adapter that it opens."""

import asyncio
import functools
import inspect
from collections.abc import Awaitable, Callable
from typing import Any

from todo_domain import NO_QUOTAS, Quotas, TaskStore

MakeRepository = Callable[[Quotas], TaskStore]
"""What the fixture `make_repository` returns: a function that makes a repository with quotas, not yet open.

Within one test, all repositories that it makes use the same store. At the beginning of each
test, the epoch of the store must be new. The store MAY have lists of other users, but no
other process may renew its epoch or purge it while a test runs."""


class Contract:
    """Promises as tests. A subclass can add tests; it can't override one.

    An `async def` test with the parameter `repository` receives an open repository, which
    the fixture `make_repository` made, without quotas.
    """

    def __init_subclass__(cls) -> None:
        """Make coroutine functions run as tests; raise TypeError if a test of a base is overridden."""
        super().__init_subclass__()
        for name, test in list(vars(cls).items()):
            if name.startswith("test_") and inspect.iscoroutinefunction(test):
                setattr(cls, name, _in_an_event_loop(test))
        for base in cls.__mro__:
            promised = [name for name in vars(base) if name.startswith("test_")] if issubclass(base, Contract) else []
            for name in promised:
                if getattr(cls, name) is not vars(base)[name]:
                    raise TypeError(f"{cls.__name__} must not override {base.__name__}.{name}")


def missing_methods_of(adapter: type, port: type) -> list[str]:
    """Return the names of the port's methods that the class lacks, or only inherits from the protocol."""
    methods = {name: method for kind in reversed(port.__mro__) for name, method in _methods_of(kind).items()}
    return [name for name, method in methods.items() if getattr(adapter, name, method) is method]


def _methods_of(protocol: type) -> dict[str, object]:
    if not getattr(protocol, "_is_protocol", False):
        return {}
    return {
        name: method
        for name, method in vars(protocol).items()
        if inspect.isfunction(method) and (name in ("__aenter__", "__aexit__") or not name.startswith("_"))
    }


def _in_an_event_loop(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """Return a test that runs the coroutine function, with an open repository if it takes one."""
    signature = inspect.signature(test)
    parameters = [
        parameter.replace(name="make_repository", annotation=inspect.Parameter.empty)
        if parameter.name == "repository"
        else parameter
        for parameter in signature.parameters.values()
    ]

    @functools.wraps(test)
    def run(self: Contract, **fixtures: Any) -> None:
        async def open_and_test() -> None:
            if "repository" not in signature.parameters:
                await test(self, **fixtures)
                return
            async with fixtures.pop("make_repository")(NO_QUOTAS) as repository:
                await test(self, repository=repository, **fixtures)

        asyncio.run(open_and_test())

    # pytest reads the signature to find out which fixtures the test needs.
    run.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    return run
