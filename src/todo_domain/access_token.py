"""Access tokens: credentials that users create for their scripts, calendars and assistants.

A token is `todo_pat_`, the user in base64url, a dot, and 256 random bits in base64url, both without
padding. A store has only its SHA-256.
"""

import re
import secrets
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final, NamedTuple, Self

from todo_domain.base64url import decode_base64url, encode_base64url
from todo_domain.errors import TokenRejected
from todo_domain.identity import Principal, Scope, UserId
from todo_domain.rules import Violations

MAX_ACCESS_TOKENS: Final = 20
"""The most access tokens that a user may have; those that have expired are not counted."""
MAX_TOKEN_NAME_LENGTH: Final = 100
MAX_TOKEN_LIFE: Final = timedelta(days=366)
TOKEN_PREFIX: Final = "todo_pat_"  # noqa: S105 - the public part of every token
TOKEN_SCOPES: Final = tuple(scope for scope in Scope if scope is not Scope.ACCOUNT)
"""The scopes that an access token may have."""

_SECRET_BYTES: Final = 32
_TOKEN: Final = re.compile(rf"{TOKEN_PREFIX}([A-Za-z0-9_-]{{2,171}})\.([A-Za-z0-9_-]{{43}})")
_NEVER: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessTokenDraft:
    """The values of a new access token. Raises RuleViolated with all violations.

    - name: 1–100 code points on one line, at least one visible; white space at both ends is removed
    - scopes: at least one of `TOKEN_SCOPES`; `calendar:read` only alone. They are put into one order.
    - expires_at: aware, or None for a token that never expires
    """

    name: str
    scopes: Collection[str]
    expires_at: datetime | None = None

    def __post_init__(self) -> None:
        """Check and normalize every field."""
        found = Violations()
        object.__setattr__(self, "name", found.single_line(("name",), self.name, MAX_TOKEN_NAME_LENGTH))
        scopes = tuple(scope for scope in TOKEN_SCOPES if scope in self.scopes)
        is_known = bool(scopes) and set(self.scopes) <= set(scopes)
        object.__setattr__(self, "scopes", scopes)
        choices = " or ".join(TOKEN_SCOPES)
        found.expect(is_known, ("scopes",), "choice", f"must have at least one scope, each {choices}")
        is_alone = Scope.CALENDAR_READ not in scopes or len(scopes) == 1
        found.expect(is_alone, ("scopes",), "scope_combination", "must not have calendar:read with another scope")
        found.raise_if_any()


class AccessToken(NamedTuple):
    """What a store has of an access token.

    - id: chosen at random, so that it is never used again
    - scopes: in the order of `TOKEN_SCOPES`
    - expires_at: None if it never expires
    - last_used_at: the hour in which it was last used, or None

    The constructor does not check its arguments, so that adapters can restore stored tokens.
    """

    user_id: UserId
    id: str
    name: str
    scopes: tuple[Scope, ...]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None

    @classmethod
    def from_draft(cls, draft: AccessTokenDraft, *, user_id: UserId, at: datetime) -> Self:
        """Create the token that a draft describes. Raises RuleViolated if it would expire too early or too late."""
        expires_at = draft.expires_at
        if expires_at is not None:
            found = Violations()
            message = f"must be in the future, and at most {MAX_TOKEN_LIFE.days} days ahead"
            found.expect(at < expires_at <= at + MAX_TOKEN_LIFE, ("expires_at",), "expiry", message)
            found.raise_if_any()
        return cls(
            user_id=user_id,
            id=secrets.token_hex(8),
            name=draft.name,
            scopes=tuple(map(Scope, draft.scopes)),
            created_at=at,
            expires_at=expires_at,
            last_used_at=None,
        )

    @property
    def principal(self) -> Principal:
        """The principal that the token represents until it expires."""
        return Principal(self.user_id, self.expires_at or _NEVER, frozenset(self.scopes), self.created_at)

    def has_expired(self, now: datetime) -> bool:
        """Return whether the token is no longer valid."""
        return self.expires_at is not None and self.expires_at <= now


def new_secret(user_id: UserId) -> str:
    """Return a new token for the user, which nobody can guess."""
    return f"{TOKEN_PREFIX}{encode_base64url(user_id.encode())}.{encode_base64url(secrets.token_bytes(_SECRET_BYTES))}"


def owner_of(token: str) -> UserId:
    """Return the user that a token names. Raises TokenRejected unless it has exactly the form of `new_secret`."""
    if form := _TOKEN.fullmatch(token):
        with suppress(ValueError):
            user_id, _ = map(decode_base64url, form.groups())
            return UserId(user_id.decode("ascii"))
    raise TokenRejected("the access token is malformed")


def hash_of(token: str) -> str:
    """Return the SHA-256 of a token in hexadecimal digits, by which a store finds it."""
    return sha256(token.encode()).hexdigest()
