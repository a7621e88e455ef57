"""The errors of the domain.

TodoError
├── RuleViolated                    a value breaks a rule; names the value and the rule
├── EmptyPatch                      a patch that names no field
├── AccessDenied                    the list belongs to another user
│   ├── ScopeMissing                the token does not have the scope that the call needs
│   └── TokenTooOld                 the call needs a token that was issued a moment ago
├── TokenRejected                   the token is not valid
├── TaskNotFound                    the user has no such task
├── ProjectNotFound                 the user has no such project
├── AccessTokenNotFound             the user has no such access token
├── PreconditionFailed              the task or project is not at an expected revision
├── IdempotencyConflict             the key was used for another request
├── CursorExpired                   the feed can't be continued from the token
├── BatchFailed                     one operation failed, so the batch was not done
├── QuotaExceeded                   the user would have more of something than a user may have
├── TooManyKeys                     no further idempotency key can be stored for the user now
└── Unavailable                     a temporary failure; the same call may succeed later
    ├── NotOpen                     the adapter is not open yet, or was closed
    ├── StorageUnavailable
    │   ├── StorageOverloaded       the store has too many calls; this one was not begun
    │   │   └── ErasureInProgress   everything of the user is being erased; the call had no effect
    │   └── StoreUnusable           only the operator can make the store usable
    └── TokenVerificationUnavailable

No class contains HTTP: one table in `todo_api.http.problems` maps every class to a response.
"""

from collections.abc import Sequence
from dataclasses import dataclass


class TodoError(Exception):
    """The base class of all errors that the domain and its adapters raise."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One rule that one value breaks; the violation never contains the value.

    `field` is the path to the value, such as `("tags", 2)`; `code` is a stable
    identifier for programs; `message` is a text for people that names the limit.
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
        """Return the same error with `place` before each field path, for a value inside a larger one."""
        return RuleViolated([Violation((*place, *v.field), v.code, v.message) for v in self.violations])


class EmptyPatch(TodoError, ValueError):
    """Raised when a patch names no field."""

    def __init__(self) -> None:
        super().__init__("a patch must name at least one field")


class AccessDenied(TodoError):
    """Raised when a principal requests the list of another user.

    It is the same error whether or not that user exists.
    """

    def __init__(self) -> None:
        super().__init__("the token belongs to another user")


class ScopeMissing(AccessDenied):
    """Raised when the token does not have the scope that a call needs."""

    def __init__(self, scope: str) -> None:
        TodoError.__init__(self, f"the token does not have the scope {scope}")
        self.scope = scope


class TokenTooOld(AccessDenied):
    """Raised when a call needs a token that was issued more recently."""

    def __init__(self) -> None:
        TodoError.__init__(self, "the token was issued too long ago: get a new session token")


class TokenRejected(TodoError):
    """Raised when a token does not prove who is calling.

    `reason` is only for the service's log: a client learns only that the token is not
    valid.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TaskNotFound(TodoError):
    """Raised when the user has no task with this id, or it is in the trash; or not in the trash, if it must be."""

    def __init__(self, task_id: int) -> None:
        super().__init__(f"no task {task_id}")
        self.task_id = task_id


class ProjectNotFound(TodoError):
    """Raised when the user has no project with this id, or has removed it."""

    def __init__(self, project_id: int) -> None:
        super().__init__(f"no project {project_id}")
        self.project_id = project_id


class AccessTokenNotFound(TodoError):
    """Raised when the user has no access token with this id or hash."""

    def __init__(self) -> None:
        super().__init__("no such access token")


class PreconditionFailed(TodoError):
    """Raised when a task or a project is not at one of the expected revisions."""

    def __init__(self, current: int) -> None:
        super().__init__(f"the current revision is {current}")
        self.current = current


class IdempotencyConflict(TodoError):
    """Raised when an idempotency key is used again for a different request."""

    def __init__(self) -> None:
        super().__init__("this idempotency key was used for a different request")


class CursorExpired(TodoError):
    """Raised when changes after a feed token could be missing.

    The reader must start again without a token.
    """

    def __init__(self) -> None:
        super().__init__("the feed can't be continued from this token; read it from the start")


class BatchFailed(TodoError):
    """Raised when an operation of a batch fails; then no operation is done.

    - index: the operation, from 0
    - cause: its error
    - part: what the fields of a RuleViolated are in, "task" or "project"
    """

    def __init__(self, index: int, cause: TodoError, part: str = "task") -> None:
        super().__init__(f"operation {index}: {cause}")
        self.index = index
        self.cause = cause
        self.part = part


class QuotaExceeded(TodoError):
    """Raised when a write would give a user more of something than a user may have; then nothing is written.

    `counted` is what is bounded: "open tasks", "tasks", "projects" or "access tokens". `limit` is the bound.
    """

    def __init__(self, counted: str, limit: int) -> None:
        super().__init__(f"a user can have at most {limit} {counted}")
        self.counted = counted
        self.limit = limit


class TooManyKeys(TodoError):
    """Raised when the user has stored as many idempotency keys as possible; then nothing is written.

    Keys are forgotten when they are old enough, so the same call succeeds later.
    """

    def __init__(self, limit: int) -> None:
        super().__init__(f"at most {limit} operations with an idempotency key are remembered")
        self.limit = limit


class Unavailable(TodoError):
    """The base class of temporary failures that the caller did not cause."""


class NotOpen(Unavailable):
    """Raised when an adapter is used before it was opened or after it was closed. The call had no effect."""

    def __init__(self, adapter: object) -> None:
        super().__init__(f"{type(adapter).__name__} is not open: use it inside its `async with` block")


class StorageUnavailable(Unavailable):
    """Raised when the store failed or did not respond in time.

    A write may or may not have been done. With an idempotency key or a precondition it
    is safe to repeat. `kind` names what is wrong for the operator's programs, such as
    `unknown_host`, if the adapter has a name for it.
    """

    def __init__(self, message: str = "", kind: str | None = None) -> None:
        super().__init__(message)
        self.kind = kind


class StoreUnusable(StorageUnavailable):
    """Raised when the store can't be used until its operator changes something.

    For example, its schema is that of another version, or the password is wrong.
    """


class StorageOverloaded(StorageUnavailable):
    """Raised when the store has more calls than it can serve in time. The call had no effect."""


class ErasureInProgress(StorageOverloaded):
    """Raised by a write while everything of the user is being erased. The call had no effect."""

    def __init__(self) -> None:
        super().__init__("everything of the user is being erased")


class TokenVerificationUnavailable(Unavailable):
    """Raised when the keys that verify tokens are not available."""
