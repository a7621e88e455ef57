"""Who calls, and whose tasks they may touch."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

from todo_domain.errors import AccessDenied, RuleViolated, Violation

MAX_USER_ID_LENGTH: Final = 128
_USER_ID = re.compile(rf"(?!\.{{1,2}}\Z)[A-Za-z0-9_\-.:@|]{{1,{MAX_USER_ID_LENGTH}}}\Z")


class UserId(str):
    """The name of a user, as the issuer of tokens gives it: 1–128 of `A–Z a–z 0–9 _ - . : @ |`.

    `.` and `..` are no user ids, since a URL could not name them. Raises RuleViolated.
    """

    __slots__ = ()

    def __new__(cls, value: str) -> Self:
        """Check the rule and make it so."""
        if not isinstance(value, str) or not _USER_ID.match(value):
            message = f"must be 1 to {MAX_USER_ID_LENGTH} ASCII letters, digits or _ - . : @ | and neither . nor .."
            raise RuleViolated([Violation(("user_id",), "user_id", message)])
        return super().__new__(cls, value)


@dataclass(frozen=True, slots=True)
class Principal:
    """The user a verified token speaks for, until the token expires (aware, UTC)."""

    user_id: UserId
    expires_at: datetime

    def access(self, owner: str) -> UserId:
        """Return the id of the list's owner if it is the principal; else raise AccessDenied.

        This is the only rule of access: everyone may touch their own list, and nothing else.
        """
        if owner != self.user_id:
            raise AccessDenied
        return self.user_id
