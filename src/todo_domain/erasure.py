"""The erasure of everything that a user has: which tokens it refuses, and the use case."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from todo_domain.errors import ErasureInProgress, RuleViolated, TokenRejected, Violation
from todo_domain.identity import Principal, Scope, UserId
from todo_domain.ports import Clock, TaskRepository

MAX_TOKEN_AGE: Final = timedelta(minutes=5)
"""The age at which a token can't erase any more."""
ERASED_AT_ONCE: Final = 100
"""How many records of each kind a step of an erasure deletes, so that it holds a store for a moment only."""


def require_not_erased(user_id: UserId, erased_at: datetime | None, *, is_erasing: bool = False) -> None:
    """Raise TokenRejected if the user's token is from before the erasure, and ErasureInProgress during it."""
    if erased_at is not None and user_id.issued_at <= erased_at:
        raise TokenRejected("everything of the user was erased after the token was issued")
    if is_erasing:
        raise ErasureInProgress


class ErasureUseCase:
    """How a principal erases everything that the principal has, in steps.

    The constructor raises AccessDenied unless the principal is the owner, ScopeMissing if the
    principal is an access token, TokenTooOld, and RuleViolated unless `confirm` is the owner. After
    the first step, `notify` is called with the owner and the time of the erasure.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - the ports, the caller, the owner and the confirmation
        self,
        repository: TaskRepository,
        clock: Clock,
        notify: Callable[[UserId, datetime], None],
        principal: Principal,
        owner: str,
        confirm: str,
    ) -> None:
        self._user_id = principal.access(owner)
        principal.require(Scope.ACCOUNT)
        now = clock.now()
        principal.require_issued_after(now - MAX_TOKEN_AGE)
        if confirm != owner:
            raise RuleViolated([Violation(("confirm",), "confirmation", "must be the id of the user in the path")])
        # The clock of the issuer may be ahead.
        self._at = max(now, principal.issued_at)
        self._repository = repository
        self._notify: Callable[[UserId, datetime], None] | None = notify

    async def step(self) -> bool:
        """Do a step, and return whether nothing is left."""
        is_done = await self._repository.erase_user(self._user_id, at=self._at, limit=ERASED_AT_ONCE)
        if self._notify:
            self._notify(self._user_id, self._at)
            self._notify = None
        return is_done
