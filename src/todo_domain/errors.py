"""Everything that can go wrong, as the domain sees it.

TodoError
├── RuleViolated                    a value breaks a rule; says which and how
├── EmptyPatch                      a patch that names no field
├── AccessDenied                    the caller is somebody else
├── TokenRejected                   the token proves nothing
├── TaskNotFound                    no such task of this user
├── PreconditionFailed              the task is at no revision that the caller expects
├── IdempotencyConflict             the key was used for something else
├── CursorExpired                   the feed can't be continued from there
├── BatchFailed                     one operation failed, so none was done
└── Unavailable                     not now; the same call may succeed later
    ├── NotOpen                     the adapter is not open yet, or was closed
    ├── StorageUnavailable
    └── TokenVerificationUnavailable

No class knows HTTP: one table in `todo_api.http.problems` maps every class to an answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass


class TodoError(Exception):
    """The root of all errors that the domain and its adapters raise on purpose."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One rule that one value breaks; the value itself is never repeated.

    `field` is the path to the value, such as `("tags", 2)`; `code` is a stable
    word for programs, `message` a sentence for people that names the limit.
    """

    field: tuple[str | int, ...]
    code: str
    message: str


class RuleViolated(TodoError, ValueError):
    """Raised when input breaks one or more of the domain's rules."""

    def __init__(self, violations: Sequence[Violation]) -> None:
        super().__init__("; ".join(f"{'.'.join(map(str, v.field))}: {v.message}" for v in violations))
        self.violations = tuple(violations)

    def at(self, *place: str | int) -> "RuleViolated":
        """Return the same error for a value that is a part of something greater."""
        return RuleViolated([Violation((*place, *v.field), v.code, v.message) for v in self.violations])


class EmptyPatch(TodoError, ValueError):
    """Raised when a patch names no field."""

    def __init__(self) -> None:
        super().__init__("a patch must name at least one field")


class AccessDenied(TodoError):
    """Raised when a principal asks for a list that is not its own.

    It is the same whether or not the owner exists.
    """

    def __init__(self) -> None:
        super().__init__("the token belongs to another user")


class TokenRejected(TodoError):
    """Raised when a token does not prove who is calling.

    `reason` is for the log of the service only: a caller learns no more than that
    the token is not valid.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TaskNotFound(TodoError):
    """Raised when the user has no such task: never had, or has removed it."""

    def __init__(self, task_id: int) -> None:
        super().__init__(f"no task {task_id}")
        self.task_id = task_id


class PreconditionFailed(TodoError):
    """Raised when a task is not at one of the revisions the caller expects."""

    def __init__(self, current: int) -> None:
        super().__init__(f"the task is at revision {current}")
        self.current = current


class IdempotencyConflict(TodoError):
    """Raised when a key comes again with a request that is not the one it was first used for."""

    def __init__(self) -> None:
        super().__init__("this idempotency key was used for a different request")


class CursorExpired(TodoError):
    """Raised when the change feed can't be continued from a token without missing something.

    The reader must start over without a token.
    """

    def __init__(self) -> None:
        super().__init__("the feed can't be continued from this token; read it from the start")


class BatchFailed(TodoError):
    """Raised when an operation of a batch fails; nothing of the batch is done.

    `index` counts from 0; `cause` is the error that the operation alone would have raised.
    """

    def __init__(self, index: int, cause: TodoError) -> None:
        super().__init__(f"operation {index}: {cause}")
        self.index = index
        self.cause = cause


class Unavailable(TodoError):
    """The root of errors that say: not now, and through no fault of the caller."""


class NotOpen(Unavailable):
    """Raised when an adapter is used before it was opened or after it was closed. The call had no effect."""

    def __init__(self, adapter: object) -> None:
        super().__init__(f"{type(adapter).__name__} is not open: use it inside its `async with` block")


class StorageUnavailable(Unavailable):
    """Raised when the store failed or did not answer in time.

    A write may or may not have been done; an idempotency key or a condition makes
    it safe to send it again.
    """


class TokenVerificationUnavailable(Unavailable):
    """Raised when the keys that tokens are signed with were never had."""
