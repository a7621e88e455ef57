"""The comparison of a repository with the model: each call must have the same result on both."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from typing import Any

from hypothesis.stateful import RuleBasedStateMachine

from todo_adapters.contract.model import Model
from todo_adapters.contract.shrinking import Shrinking
from todo_domain import TaskStore, TodoError

Run = Callable[[Awaitable[Any]], Any]
"""Runs a coroutine in the event loop of the repository, and returns its result."""


class ComparingMachine(RuleBasedStateMachine):
    """Makes calls on a repository and on the model, and records them. A subclass has the rules."""

    def __init__(self, repository: TaskStore, run: Run, model: Model, shrinking: Shrinking) -> None:
        super().__init__()
        self._repository = repository
        self._run = run
        self._model = model
        self._shrinking = shrinking
        self._calls: list[str] = []

    def _compare(self, method: str, *args: Any, **named: Any) -> Any:
        """Make a call on both, compare the results, and return the result. An error of the domain is a result."""
        expected = _result_of(lambda: getattr(self._model, method)(*args, **named))
        call = f"{method}({', '.join([*map(repr, args), *(f'{name}={value!r}' for name, value in named.items())])})"
        with self._watch(call):
            result = _result_of(lambda: self._run(getattr(self._repository, method)(*args, **named)))
            assert result == expected, call
        return result

    def _watch(self, call: str) -> AbstractContextManager[None]:
        """Record a call that the body of the `with` statement makes."""
        self._calls.append(call)
        return self._shrinking.watch(self._calls)


def _result_of(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except TodoError as error:
        return type(error), str(error)
