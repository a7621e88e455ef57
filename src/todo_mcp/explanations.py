"""What an assistant is told when a tool refuses a call: how to do it right, and nothing of what was sent."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import todo_domain as domain


def explanation_of(error: domain.TodoError, entries: str = "") -> str | None:
    """Return what to tell the assistant, or None for an error that is not the call's fault.

    `entries` is the argument with the operations of a batch.
    """
    if isinstance(error, domain.BatchFailed):
        place = f"{entries}[{error.index}]"
        if isinstance(error.cause, domain.RuleViolated):
            return explanation_of(error.cause.at(entries, error.index))
        cause = explanation_of(error.cause)
        return cause and f"{place}: {cause} Nothing was changed."
    if isinstance(error, domain.RuleViolated):
        return "; ".join(f"{_path(violation.field)}: {violation.message}" for violation in error.violations)
    kind = next((kind for kind in type(error).__mro__ if kind in _EXPLANATIONS), None)
    return _EXPLANATIONS[kind](error) if kind else None


def _path(field: Sequence[str | int]) -> str:
    """Return the argument in the form of `tasks[0].title`."""
    first, *rest = field
    return str(_ARGUMENTS.get(first, first)) + "".join(
        f"[{part}]" if isinstance(part, int) else f".{part}" for part in rest
    )


_ARGUMENTS: Final[Mapping[str | int, str]] = {"idempotency_key": "key", "tag": "tags", "project": "project_id"}
"""The arguments whose names differ from those of the domain."""

_EXPLANATIONS: Final[Mapping[type[domain.TodoError], Callable[[Any], str]]] = {
    domain.TaskNotFound: lambda _: (
        "there is no such task. restore_tasks needs a task in the trash, all other tools one that is not."
    ),
    domain.ProjectNotFound: lambda _: "there is no such project. list_projects shows the ids of projects.",
    domain.PreconditionFailed: lambda _: (
        "the task has changed since that revision. Read it again with find_tasks and ids, then decide again."
    ),
    domain.IdempotencyConflict: lambda _: (
        "this key was used for other tasks, so nothing was added. Use a new key for new tasks, and the same key "
        "only to repeat the same call."
    ),
    domain.CursorExpired: lambda _: "changes since then can't be listed any more. Call get_changes without since.",
    domain.QuotaExceeded: lambda e: f"{e}. Nothing was changed.",
    domain.TooManyKeys: lambda _: "too many tasks were added within a day. Try again in an hour with the same key.",
}
