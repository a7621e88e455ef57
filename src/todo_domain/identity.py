"""Users, and the rules of access to what they own."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Self

from todo_domain.errors import AccessDenied, RuleViolated, ScopeMissing, Violation

MAX_USER_ID_LENGTH: Final = 128
USER_ID_CHARACTERS: Final = r"A-Za-z0-9\-._~!$&'()*+,;=:@|"
"""The unreserved characters and sub-delims of RFC 3986, and `: @ |`, as a regular expression character class."""
_USER_ID = re.compile(rf"(?!\.{{1,2}}\Z)[{USER_ID_CHARACTERS}]{{1,{MAX_USER_ID_LENGTH}}}\Z")


class UserId(str):
    """The id of a user, as in tokens.

    It has 1–128 ASCII letters, digits and characters of `- . _ ~ ! $ & ' ( ) * + , ; = : @ |`,
    and is neither `.` nor `..`, which a URL path can't contain. Raises RuleViolated.
    """

    __slots__ = ()

    def __new__(cls, value: str) -> Self:
        """Check the rule and return the id."""
        if not isinstance(value, str) or not _USER_ID.match(value):
            message = (
                f"must have 1 to {MAX_USER_ID_LENGTH} ASCII letters, digits and characters of "
                "- . _ ~ ! $ & ' ( ) * + , ; = : @ | and be neither . nor .."
            )
            raise RuleViolated([Violation(("user_id",), "user_id", message)])
        return super().__new__(cls, value)


class Scope(StrEnum):
    """What a caller may do.

    - ACCOUNT: manage access tokens; no access token has it
    """

    TASKS_READ = "tasks:read"
    TASKS_WRITE = "tasks:write"
    CALENDAR_READ = "calendar:read"
    ACCOUNT = "account"


ALL_SCOPES: Final = frozenset(Scope)
"""The scopes of a session token."""


@dataclass(frozen=True, slots=True)
class Principal:
    """The user that a verified token names, the time when the token expires (aware, UTC), and its scopes.

    A principal with `TASKS_WRITE` also has `TASKS_READ`.
    """

    user_id: UserId
    expires_at: datetime
    scopes: frozenset[Scope] = ALL_SCOPES

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
