"""The port to a verifier of tokens."""

from typing import Protocol, Self

from todo_domain.identity import Principal


class TokenVerifier(Protocol):
    """Decides which principal a token represents.

    It is an async context manager, as `todo_domain.ports` says. Opening MUST NOT need the
    network: a verifier whose keys are out of reach opens, and `verify` raises.
    """

    async def __aenter__(self) -> Self:
        """Open the verifier."""
        ...

    async def __aexit__(self, *_: object) -> None:
        """Close the verifier."""
        ...

    async def verify(self, token: str) -> Principal:
        """Return the principal of a valid token.

        - MUST raise TokenRejected for a token that is not valid now, whatever is wrong
          with it. The error MUST NOT contain the token.
        - MUST raise TokenVerificationUnavailable when no keys are available.
        - MAY raise StorageUnavailable for a token that it has to look up in a store.
        - MUST raise NotOpen while the verifier is not open.
        - MUST NOT raise any other error.
        """
        ...

    async def check(self) -> None:
        """Return if tokens can be verified.

        MUST raise TokenVerificationUnavailable when no keys are available, and NotOpen
        while the verifier is not open.
        """
        ...
