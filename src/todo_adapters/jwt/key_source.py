"""Fetch the published signing keys, rarely, and keep the last good set when a fetch fails."""

import asyncio
import ipaddress
import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from http import HTTPStatus
from math import inf
from typing import Final

import httpx

from todo_adapters.jwt.key_set import KeySet, read_key_set
from todo_domain import TokenVerificationUnavailable

FRESH_SECONDS: Final = 300
STALE_SECONDS: Final = 3600
RENEWAL_SECONDS: Final = 10
RETRY_SECONDS: Final = 5
MAX_BYTES: Final = 256 * 1024
_MAX_CAUSE_LENGTH: Final = 200

_LOG = logging.getLogger(__name__)

ObserveFetch = Callable[[str], AbstractContextManager[Callable[[int], None]]]
"""Returns a context manager for the time of a GET of a URL; its value is called with the status of the response."""


def _unobserved(_: str) -> AbstractContextManager[Callable[[int], None]]:
    return nullcontext(lambda _: None)


class KeySource:
    """The key set at a URL, cached.

    - A set is fresh for 300 s. An older set is still used while a new one is fetched.
      After 3600 s it is not used any more.
    - There is one fetch at a time, shared by all callers. There is no fetch within 5 s
      of a failure. Fetches for a `kid` that the set lacks are at least 10 s apart.
    - Only a set with usable keys replaces a set. `on_change` is called at the moment
      when a different set replaces it.

    Raises ValueError for a URL that is neither https nor http on loopback.
    `monotonic` returns seconds. A fetch may take `timeout_seconds` in total. `observe` is told of
    each fetch.
    """

    def __init__(
        self,
        url: str,
        *,
        on_change: Callable[[], None],
        monotonic: Callable[[], float],
        timeout_seconds: float,
        observe: ObserveFetch | None,
    ) -> None:
        self._url = _accept_url(url)
        self._on_change = on_change
        self._monotonic = monotonic
        self._timeout_seconds = timeout_seconds
        self._observe = observe or _unobserved
        self._client: httpx.AsyncClient
        self._keys: KeySet = {}
        self._fetched_at = self._retry_at = self._renewal_at = -inf
        self._failure = ""
        self._fetch: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Create the HTTP client. Nothing is fetched yet."""
        self._client = httpx.AsyncClient(
            # A compressed response could decompress to any size.
            headers={"accept": "application/json", "accept-encoding": "identity"},
            follow_redirects=False,
            timeout=self._timeout_seconds,
            # For a proxy from the environment, loopback would mean the proxy's own machine.
            trust_env=not _is_loopback(self._url.host),
        )

    @property
    def is_fresh(self) -> bool:
        """Whether `current` returns the cached keys without a fetch."""
        return self.age_seconds < FRESH_SECONDS

    @property
    def age_seconds(self) -> float:
        """The time since the keys were fetched; infinite before that."""
        return self._monotonic() - self._fetched_at

    async def current(self) -> KeySet:
        """Return keys that are at most an hour old; raise TokenVerificationUnavailable if there are none."""
        if self.is_fresh:
            return self._keys
        self._begin_fetch()
        if self.age_seconds >= STALE_SECONDS:
            await self._end_fetch()
            if self.age_seconds >= STALE_SECONDS:
                raise self._unavailable()
        return self._keys

    async def renewed(self) -> KeySet:
        """Fetch because a `kid` is missing, unless such a fetch was less than 10 s ago, and return the keys.

        Raises TokenVerificationUnavailable while the last fetch failed: the key may be a new one.
        """
        if self._monotonic() >= self._renewal_at and self._begin_fetch():
            self._renewal_at = self._monotonic() + RENEWAL_SECONDS
        await self._end_fetch()
        if self._failure:
            raise self._unavailable()
        return self._keys

    async def close(self) -> None:
        """Cancel a fetch in progress and close all connections."""
        if self._fetch:
            self._fetch.cancel()
        await self._end_fetch()
        await self._client.aclose()

    def _unavailable(self) -> TokenVerificationUnavailable:
        return TokenVerificationUnavailable(f"the signing keys can't be fetched: {self._failure}")

    def _begin_fetch(self) -> bool:
        """Start a fetch unless one is in progress or has just failed; return whether it was started."""
        if (self._fetch and not self._fetch.done()) or self._monotonic() < self._retry_at:
            return False
        self._fetch = asyncio.create_task(self._refresh())
        return True

    async def _end_fetch(self) -> None:
        """Wait for a fetch in progress. Cancelling one waiting caller does not cancel the fetch for the others."""
        if self._fetch:
            await asyncio.wait([self._fetch])

    async def _refresh(self) -> None:
        started_at = self._monotonic()
        try:
            with self._observe(str(self._url)) as report_status:
                keys = read_key_set(await self._get(report_status))
        except (httpx.HTTPError, TimeoutError, ValueError) as cause:
            self._failure, self._retry_at = repr(cause)[:_MAX_CAUSE_LENGTH], self._monotonic() + RETRY_SECONDS
            fields = {"url": str(self._url), "reason": self._failure}
            _LOG.warning("the signing keys can't be fetched", extra={"fields": fields})
            return
        self._failure, self._fetched_at = "", started_at
        has_changed = keys != self._keys
        _LOG.info("signing keys fetched", extra={"fields": {"count": len(keys), "changed": has_changed}})
        if has_changed:
            self._keys = keys
            self._on_change()

    async def _get(self, report_status: Callable[[int], None]) -> bytes:
        content = bytearray()
        async with asyncio.timeout(self._timeout_seconds), self._client.stream("GET", self._url) as response:
            report_status(response.status_code)
            if response.status_code != HTTPStatus.OK:
                raise ValueError(f"the response has status {response.status_code}")
            async for chunk in response.aiter_raw():
                content += chunk
                if len(content) > MAX_BYTES:
                    raise ValueError(f"the response has more than {MAX_BYTES} bytes")
        return bytes(content)


def _accept_url(text: str) -> httpx.URL:
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        raise ValueError("the address of a key set must be a URL") from None
    if url.userinfo:
        raise ValueError("the address of a key set must not contain a user or a password")
    if not url.host or not (url.scheme == "https" or (url.scheme == "http" and _is_loopback(url.host))):
        raise ValueError("the address of a key set must be https, or http on loopback")
    return url


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
