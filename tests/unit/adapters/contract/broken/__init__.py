"""Adapters with one fault each, and the test of the contract that must find it."""

from collections.abc import Callable
from typing import TypeVar

Broken = TypeVar("Broken", bound=type)
PROMISES: dict[type, str] = {}
"""The test that must fail, by broken adapter."""


def breaks(test: str) -> Callable[[Broken], Broken]:
    """Say which promise an adapter breaks, by the name of the test that holds it."""

    def note(adapter: Broken) -> Broken:
        PROMISES[adapter] = test
        return adapter

    return note
