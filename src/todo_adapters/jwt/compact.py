"""Parse a token: JWS compact serialization (RFC 7515 §7.1), with strict rules for the header."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final, Self

from todo_adapters.jwt.encoding import read_json_object
from todo_domain import TokenRejected
from todo_domain.base64url import decode_base64url

MAX_TOKEN_LENGTH: Final = 8192
SESSION_TYPES: Final[tuple[str | None, ...]] = (None, "jwt")
"""Values of `typ` in session tokens; None means that it is absent."""

ACCESS_TYPES: Final[tuple[str | None, ...]] = ("at+jwt",)
"""Values of `typ` in OAuth access tokens (RFC 9068 §2.1)."""

# Each of these changes what the signature covers or how to read the payload.
_REFUSED = ("crit", "b64", "cty")


@dataclass(frozen=True, slots=True)
class CompactToken:
    """A well-formed token whose signature and payload are not checked yet.

    All other header parameters are ignored: a key that the token itself contains or
    points to (`jwk`, `jku`, `x5c`, `x5u`) proves nothing.
    """

    algorithm: str
    key_id: str | None
    payload: bytes
    signing_input: bytes
    signature: bytes

    @classmethod
    def parse(cls, token: str, algorithms: Collection[str], types: Collection[str | None] = SESSION_TYPES) -> Self:
        """Parse a token; raise TokenRejected if it is malformed, or its algorithm or type is not one of these.

        The case of `typ` and its prefix `application/` do not matter (RFC 7515 §4.1.9).
        """
        if len(token) > MAX_TOKEN_LENGTH:
            raise TokenRejected(f"the token has more than {MAX_TOKEN_LENGTH} characters")
        try:
            header, payload, signature = (decode_base64url(part) for part in token.split("."))
            fields = read_json_object(header)
        except ValueError:
            raise TokenRejected("the token is not three parts of base64url with a JSON header") from None
        algorithm, key_id = _check_header(fields, algorithms, types)
        return cls(algorithm, key_id, payload, token.rpartition(".")[0].encode(), signature)


def _check_header(
    fields: dict[str, Any], algorithms: Collection[str], types: Collection[str | None]
) -> tuple[str, str | None]:
    algorithm = fields.get("alg")
    if not isinstance(algorithm, str) or algorithm not in algorithms:
        raise TokenRejected(f"the header's alg is not one of {', '.join(algorithms)}")
    if (_type_of(fields["typ"]) if "typ" in fields else None) not in types:
        raise TokenRejected(f"the header's typ is not {' or '.join(filter(None, types))}")
    if not isinstance(fields.get("kid", ""), str):
        raise TokenRejected("the header's kid is not text")
    if any(name in fields for name in _REFUSED):
        raise TokenRejected(f"the header must not have {', '.join(_REFUSED)}")
    return algorithm, fields.get("kid")


def _type_of(value: object) -> str:
    return value.lower().removeprefix("application/") if isinstance(value, str) else ""
