"""Adapters with one fault each, and the test of the kit that must find it."""

from collections.abc import Callable
from typing import TypeVar

Broken = TypeVar("Broken", bound=type)
PROMISES: dict[type, str] = {}
"""For each broken adapter, the test that must fail."""


def breaks(test: str) -> Callable[[Broken], Broken]:
    """Declare which promise an adapter breaks, by the name of the test that proves it."""

    def note(adapter: Broken) -> Broken:
        PROMISES[adapter] = test
        return adapter

    return note
