from collections.abc import AsyncIterator

import pytest

from tests.integration.adapters.jwt.issuer import URL, Issuer
from tests.tokens import StoppedClock
from todo_adapters.jwt.jwks import JwksTokenVerifier


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture
async def issuer(anyio_backend: str) -> AsyncIterator[Issuer]:  # noqa: ARG001 - runs this fixture
    async with Issuer().running() as issuer:
        yield issuer


@pytest.fixture
async def verifier(issuer: Issuer, clock: StoppedClock) -> AsyncIterator[JwksTokenVerifier]:
    """A verifier whose time changes only by `clock.advance`."""
    async with JwksTokenVerifier(
        issuer.jwks_url, clock, issuer=URL, audience=URL, monotonic=lambda: clock.now().timestamp()
    ) as verifier:
        yield verifier
