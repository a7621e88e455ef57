"""The verifier of access tokens, before that of session tokens: the form of a token decides which one verifies it."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from contextvars import Context
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Self

from todo_domain import (
    AccessTokenNotFound,
    AccessTokenRepository,
    Clock,
    NotOpen,
    Principal,
    StorageOverloaded,
    TokenRejected,
    TokenVerifier,
    Unavailable,
    UserId,
)
from todo_domain.access_token import TOKEN_PREFIX, hash_of, owner_of

MAX_KNOWN: Final = 4096
KNOWN_FOR: Final = timedelta(seconds=4)
"""The time for which a token is not looked up again, and so accepted after another process has revoked it."""

MAX_LOOKUPS: Final = 4
"""Of tokens that are not known, at once: anyone can guess tokens, and must not occupy the store."""

_WAIT_SECONDS: Final = 1.0
_MAX_NOTES: Final = 64


@dataclass(slots=True)
class _Known:
    """A token that was found at a time. `last_used_at` is changed before it is written."""

    principal: Principal
    last_used_at: datetime | None
    found_at: datetime


class AccessTokenVerifier:
    """A TokenVerifier that looks access tokens up in a store, and gives all other tokens to `sessions`.

    It opens and closes `sessions`; the caller opens the store. See docs/decisions/0037.
    """

    def __init__(self, sessions: TokenVerifier, tokens: AccessTokenRepository, clock: Clock) -> None:
        self._sessions = sessions
        self._tokens = tokens
        self._clock = clock
        self._known: dict[str, _Known] = {}
        self._forgotten = 0
        self._notes: set[asyncio.Task[None]] = set()
        self._is_open = False

    async def __aenter__(self) -> Self:
        """Open the verifier of session tokens too."""
        await self._sessions.__aenter__()
        self._lookups = asyncio.Semaphore(MAX_LOOKUPS)
        self._is_open = True
        return self

    async def __aexit__(self, *exception: object) -> None:
        """Close the verifier of session tokens too, and give up what was not yet written."""
        self._is_open = False
        self._known.clear()
        for note in self._notes:
            note.cancel()
        await asyncio.gather(*self._notes, return_exceptions=True)
        await self._sessions.__aexit__(*exception)

    def verify(self, token: str) -> Coroutine[Any, Any, Principal]:
        """See TokenVerifier."""
        # Not a coroutine function: it would cost every request with a session token one more coroutine.
        return self._verify(token) if token.startswith(TOKEN_PREFIX) else self._sessions.verify(token)

    async def check(self) -> None:
        """See TokenVerifier. The store has a check of its own."""
        await self._sessions.check()

    def forget(self, user_id: UserId) -> None:
        """Look the user's tokens up again from now on, because one was revoked."""
        self._forgotten += 1
        self._known = {token: known for token, known in self._known.items() if known.principal.user_id != user_id}

    async def _verify(self, token: str) -> Principal:
        if not self._is_open:
            raise NotOpen(self)
        now = self._clock.now()
        known = self._known.get(token)
        if known is None:
            known = await self._find_unknown(token, now)
        elif not known.found_at <= now < known.found_at + KNOWN_FOR:
            known = await self._find(known.principal.user_id, token, now)
        if known.principal.expires_at <= now:
            raise TokenRejected("the access token has expired")
        self._note_use(token, known, now.replace(minute=0, second=0, microsecond=0))
        return known.principal

    async def _find_unknown(self, token: str, now: datetime) -> _Known:
        """Find a token as soon as few others are looked up. Raises StorageOverloaded after a second."""
        owner = owner_of(token)
        try:
            async with asyncio.timeout(_WAIT_SECONDS):
                await self._lookups.acquire()
        except TimeoutError:
            raise StorageOverloaded("too many unknown access tokens are looked up") from None
        try:
            return await self._find(owner, token, now)
        finally:
            self._lookups.release()

    async def _find(self, owner: UserId, token: str, now: datetime) -> _Known:
        forgotten = self._forgotten
        try:
            found = await self._tokens.find(owner, hash_of(token))
        except AccessTokenNotFound:
            self._known.pop(token, None)
            raise TokenRejected("there is no such access token") from None
        known = _Known(found.principal, found.last_used_at, now)
        # What was read before a revocation must not be kept after it.
        if forgotten == self._forgotten:
            self._known.pop(token, None)
            if len(self._known) >= MAX_KNOWN:
                del self._known[next(iter(self._known))]
            self._known[token] = known
        return known

    def _note_use(self, token: str, known: _Known, hour: datetime) -> None:
        """Write the hour of the last use beside the request, which neither waits for it nor fails with it."""
        if (known.last_used_at is None or known.last_used_at < hour) and len(self._notes) < _MAX_NOTES:
            known.last_used_at = hour
            # In an empty context: the write belongs to no request, so it has no deadline and no client.
            writing = self._write_use(known.principal.user_id, hash_of(token), hour)
            note = asyncio.create_task(writing, context=Context())
            self._notes.add(note)
            note.add_done_callback(self._notes.discard)

    async def _write_use(self, user_id: UserId, token_hash: str, hour: datetime) -> None:
        with suppress(Unavailable):
            await self._tokens.mark_used(user_id, token_hash, hour)


class AssistantTokenVerifier:
    """Verifies the tokens of assistants: access tokens, and OAuth access tokens if there is a verifier of these.

    `access_tokens` may accept session tokens too; they are refused. The caller opens both verifiers.
    """

    def __init__(self, access_tokens: TokenVerifier, oauth: TokenVerifier | None) -> None:
        self._access_tokens = access_tokens
        self._oauth = oauth

    async def verify(self, token: str) -> Principal:
        """See TokenVerifier."""
        if token.startswith(TOKEN_PREFIX):
            return await self._access_tokens.verify(token)
        if self._oauth is None:
            raise TokenRejected("it is not an access token")
        return await self._oauth.verify(token)
