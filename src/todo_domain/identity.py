"""Who calls, and whose tasks they may touch."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

from todo_domain.errors import AccessDenied, RuleViolated, Violation

MAX_USER_ID_LENGTH: Final = 128
USER_ID_CHARACTERS: Final = r"A-Za-z0-9\-._~!$&'()*+,;=:@|"
"""RFC 3986's unreserved characters and sub-delims, and `: @ |`, as a character class of a regular expression."""
_USER_ID = re.compile(rf"(?!\.{{1,2}}\Z)[{USER_ID_CHARACTERS}]{{1,{MAX_USER_ID_LENGTH}}}\Z")


class UserId(str):
    """The name of a user, as the issuer of tokens gives it.

    It has 1–128 ASCII letters, digits and characters of `- . _ ~ ! $ & ' ( ) * + , ; = : @ |`,
    and is neither `.` nor `..`, which a URL can't name. Raises RuleViolated.
    """

    __slots__ = ()

    def __new__(cls, value: str) -> Self:
        """Check the rule and make it so."""
        if not isinstance(value, str) or not _USER_ID.match(value):
            message = (
                f"must have 1 to {MAX_USER_ID_LENGTH} ASCII letters, digits and characters of "
                "- . _ ~ ! $ & ' ( ) * + , ; = : @ | and be neither . nor .."
            )
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
