"""Users, and the rules of access to what they own."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, Self

from todo_domain.errors import AccessDenied, RuleViolated, ScopeMissing, TokenTooOld, Violation

MAX_USER_ID_LENGTH: Final = 128
USER_ID_CHARACTERS: Final = r"A-Za-z0-9\-._~!$&'()*+,;=:@|"
"""The unreserved characters and sub-delims of RFC 3986, and `: @ |`, as a regular expression character class."""
_USER_ID = re.compile(rf"(?!\.{{1,2}}\Z)[{USER_ID_CHARACTERS}]{{1,{MAX_USER_ID_LENGTH}}}\Z")


NO_TOKEN: Final = datetime.max.replace(tzinfo=UTC)
"""In place of the time at which a token was issued: the id comes from no token."""
_1970: Final = datetime(1970, 1, 1, tzinfo=UTC)


class UserId(str):
    """The id of a user, as in tokens.

    The `user_id` of a principal also has the time at which the token was issued, so that a store can
    refuse it after an erasure, see TaskRepository.

    It has 1–128 ASCII letters, digits and characters of `- . _ ~ ! $ & ' ( ) * + , ; = : @ |`,
    and is neither `.` nor `..`, which a URL path can't contain. Raises RuleViolated.
    """

    __slots__ = ("issued_at",)
    issued_at: datetime

    def __new__(cls, value: str, issued_at: datetime = NO_TOKEN) -> Self:
        """Check the rule and return the id."""
        if not isinstance(value, str) or not _USER_ID.match(value):
            message = (
                f"must have 1 to {MAX_USER_ID_LENGTH} ASCII letters, digits and characters of "
                "- . _ ~ ! $ & ' ( ) * + , ; = : @ | and be neither . nor .."
            )
            raise RuleViolated([Violation(("user_id",), "user_id", message)])
        user_id = super().__new__(cls, value)
        user_id.issued_at = issued_at
        return user_id


class Scope(StrEnum):
    """What a caller may do.

    - ACCOUNT: manage access tokens, and erase everything; no access token has it
    """

    TASKS_READ = "tasks:read"
    TASKS_WRITE = "tasks:write"
    CALENDAR_READ = "calendar:read"
    ACCOUNT = "account"


ALL_SCOPES: Final = frozenset(Scope)
"""The scopes of a session token."""


@dataclass(frozen=True, slots=True)
class Principal:
    """The user that a verified token names, the times when it expires and was issued (aware, UTC), and its scopes.

    A principal with `TASKS_WRITE` also has `TASKS_READ`. A token that does not say when it was issued counts
    as one of 1970.
    """

    user_id: UserId
    expires_at: datetime
    scopes: frozenset[Scope] = ALL_SCOPES
    issued_at: datetime = field(default=_1970, compare=False)

    def __post_init__(self) -> None:
        """Put the time of issue into the id, and add the scope that another one includes."""
        object.__setattr__(self, "user_id", UserId(self.user_id, self.issued_at))
        if Scope.TASKS_WRITE in self.scopes and Scope.TASKS_READ not in self.scopes:
            object.__setattr__(self, "scopes", self.scopes | {Scope.TASKS_READ})

    def access(self, owner: str) -> UserId:
        """Return the owner's id if the owner is the principal; else raise AccessDenied.

        This is the only rule of access: a user may read and change only their own list.
        """
        if owner != self.user_id:
            raise AccessDenied
        return self.user_id

    def require(self, scope: Scope) -> None:
        """Raise ScopeMissing unless the principal has the scope."""
        if scope not in self.scopes:
            raise ScopeMissing(scope)

    def require_issued_after(self, at: datetime) -> None:
        """Raise TokenTooOld unless the token was issued after this time."""
        if self.issued_at <= at:
            raise TokenTooOld
