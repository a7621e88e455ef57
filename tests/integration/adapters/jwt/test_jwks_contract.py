"""The promises of the TokenVerifier port, kept with keys that are fetched over HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from tests.integration.adapters.jwt.issuer import DAY, URL, Issuer, token
from tests.tokens import NOW, StoppedClock
from todo_adapters.contract import MakeVerifier, TokenVerifierContract, Verifiable
from todo_adapters.jwt.jwks import JwksTokenVerifier
from todo_domain import Principal, UserId


class TestJwksTokenVerifier(TokenVerifierContract):
    @pytest.fixture
    def make_verifier(self) -> MakeVerifier:
        @asynccontextmanager
        async def with_issuer() -> AsyncIterator[Verifiable]:
            async with Issuer().running() as issuer:
                verifier = JwksTokenVerifier(issuer.jwks_url, StoppedClock(), issuer=URL, audience=URL)
                yield verifier, token(), Principal(UserId("alice"), NOW + timedelta(seconds=DAY))

        return with_issuer
