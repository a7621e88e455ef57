"""The contract of the TokenVerifier port."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Final

import pytest

from todo_adapters.contract.suite import Contract, missing_methods_of
from todo_domain import NotOpen, Principal, TokenRejected, TokenVerifier

Verifiable = tuple[TokenVerifier, str, Principal]
"""A verifier that is not open yet, a valid token, and the principal of that token."""

MakeVerifier = Callable[[], AbstractAsyncContextManager[Verifiable]]
"""What the fixture `make_verifier` returns. Its context is what the verifier needs, such as a server of keys."""

_NONE_HEADER = "eyJhbGciOiJub25lIn0"

FORGERIES: dict[str, Callable[[str], str]] = {
    "nothing": lambda _: "",
    "white space": lambda _: " ",
    "no token": lambda _: "token",
    "dots": lambda _: "..",
    "truncated": lambda token: token[:-5],
    "without its first character": lambda token: token[1:],
    "without its last part": lambda token: token.rpartition(".")[0],
    "with another part": lambda token: f"{token}.e30",
    "twice": lambda token: token * 2,
    "with a space in front": lambda token: f" {token}",
    "with a line break at the end": lambda token: f"{token}\n",
    "with padding at the end": lambda token: f"{token}=",
    "with its scheme in front": lambda token: f"Bearer {token}",
    "other case": str.swapcase,
    "in reverse": lambda token: token[::-1],
    "the algorithm none": lambda token: ".".join([_NONE_HEADER, *token.split(".")[1:2], ""]),
    "a control character": lambda token: f"{token}\0",
    "a lone surrogate": lambda token: f"{token}\ud800",
    "beyond ASCII": lambda token: f"{token}é",
    "far too long": lambda token: token + "A" * 1_000_000,
    "deep nesting": lambda _: f"{'W1tb' * 5000}.e30.e30",
}


CALLS: Final[dict[str, Callable[[TokenVerifier], Awaitable[object]]]] = {
    "verify": lambda verifier: verifier.verify("token"),
    "check": lambda verifier: verifier.check(),
}
"""A call of every method of the port."""
every_method = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)


class TokenVerifierContract(Contract):
    """All promises of a verifier; a subclass defines the fixture `make_verifier`.

    A valid token returns its principal. Any other token is rejected, and no other error is raised.
    """

    async def test_no_method_is_missing(self, make_verifier: MakeVerifier) -> None:
        async with make_verifier() as (verifier, _, _):
            missing = missing_methods_of(type(verifier), TokenVerifier)

            assert not missing, f"{type(verifier).__name__} lacks {', '.join(missing)}"

    @every_method
    async def test_a_call_before_opening_raises_not_open(
        self, make_verifier: MakeVerifier, call: Callable[[TokenVerifier], Awaitable[object]]
    ) -> None:
        async with make_verifier() as (verifier, _, _):
            with pytest.raises(NotOpen):
                await call(verifier)

    @every_method
    async def test_a_call_after_closing_raises_not_open(
        self, make_verifier: MakeVerifier, call: Callable[[TokenVerifier], Awaitable[object]]
    ) -> None:
        async with make_verifier() as (verifier, token, _):
            async with verifier:
                await verifier.verify(token)

            with pytest.raises(NotOpen):
                await call(verifier)
            with pytest.raises(NotOpen):
                await verifier.verify(token)

    async def test_opening_returns_the_verifier_itself(self, make_verifier: MakeVerifier) -> None:
        async with make_verifier() as (verifier, _, _), verifier as opened:
            assert opened is verifier

    async def test_a_closed_verifier_can_be_opened_again(self, make_verifier: MakeVerifier) -> None:
        async with make_verifier() as (verifier, token, principal):
            async with verifier:
                await verifier.check()

            async with verifier:
                assert await verifier.verify(token) == principal

    async def test_a_valid_token_returns_its_principal(self, make_verifier: MakeVerifier) -> None:
        async with make_verifier() as (verifier, token, principal), verifier:
            results = await asyncio.gather(*(verifier.verify(token) for _ in range(20)))

            assert results == [principal] * 20

    @pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
    async def test_any_other_token_is_rejected_and_is_not_in_the_error(
        self, make_verifier: MakeVerifier, forge: Callable[[str], str]
    ) -> None:
        async with make_verifier() as (verifier, token, principal), verifier:
            with pytest.raises(TokenRejected) as before:
                await verifier.verify(forge(token))
            verified = await verifier.verify(token)
            with pytest.raises(TokenRejected) as afterwards:
                await verifier.verify(forge(token))

            assert verified == principal
            assert token not in f"{before.value} {afterwards.value}"
