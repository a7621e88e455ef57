"""What a program may learn of the statements that an adapter runs: their texts, times and errors, but no values."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

Observe = Callable[[Sequence[str]], AbstractContextManager[object]]
"""Returns a context manager for the time in which one statement runs, or several in one round trip.

It is called in the context (`contextvars`) of the caller, and with SQLite maybe in another thread.
"""
