"""The contract of the TokenVerifier port."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest

from todo_adapters.contract.suite import Contract
from todo_domain import Principal, TokenRejected, TokenVerifier

Verifiable = tuple[TokenVerifier, str, Principal]
"""A verifier, a token that is valid, and the principal that it speaks for."""

OpenVerifier = Callable[[], AbstractAsyncContextManager[Verifiable]]
"""What the fixture `open_verifier` returns."""

_NONE_HEADER = "eyJhbGciOiJub25lIn0"

FORGERIES: dict[str, Callable[[str], str]] = {
    "nothing": lambda _: "",
    "white space": lambda _: " ",
    "no token": lambda _: "token",
    "dots": lambda _: "..",
    "cut short": lambda token: token[:-5],
    "the first character gone": lambda token: token[1:],
    "its last part gone": lambda token: token.rpartition(".")[0],
    "something behind it": lambda token: f"{token}.e30",
    "twice": lambda token: token * 2,
    "a space before it": lambda token: f" {token}",
    "a line break behind it": lambda token: f"{token}\n",
    "padding behind it": lambda token: f"{token}=",
    "its scheme before it": lambda token: f"Bearer {token}",
    "other case": str.swapcase,
    "the other way round": lambda token: token[::-1],
    "no signature asked for": lambda token: ".".join([_NONE_HEADER, *token.split(".")[1:2], ""]),
    "a control character": lambda token: f"{token}\0",
    "a lone surrogate": lambda token: f"{token}\ud800",
    "beyond ASCII": lambda token: f"{token}é",
    "far too long": lambda token: token + "A" * 1_000_000,
    "deep nesting": lambda _: f"{'W1tb' * 5000}.e30.e30",
}


class TokenVerifierContract(Contract):
    """A valid token speaks for its principal; any other is rejected, and nothing else is raised."""

    async def test_a_valid_token_speaks_for_its_principal(self, verifier: Verifiable) -> None:
        subject, token, principal = verifier

        answers = await asyncio.gather(*(subject.verify(token) for _ in range(20)))

        assert answers == [principal] * 20

    @pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
    async def test_any_other_token_is_rejected_and_not_repeated(
        self, verifier: Verifiable, forge: Callable[[str], str]
    ) -> None:
        subject, token, principal = verifier

        with pytest.raises(TokenRejected) as unknown:
            await subject.verify(forge(token))
        spoken_for = await subject.verify(token)
        with pytest.raises(TokenRejected) as known:
            await subject.verify(forge(token))

        assert spoken_for == principal
        assert token not in f"{unknown.value} {known.value}"
