"""Real keys of every algorithm: their published form, and tokens signed with them."""

from dataclasses import dataclass
from functools import cache
from typing import Any, Self

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, SECP521R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa_key
from jwt.algorithms import get_default_algorithms

from tests.tokens import CLAIMS

ALGORITHMS = ["EdDSA", "ES256", "ES512", "RS256", "PS256"]


@dataclass(frozen=True)
class SigningKey:
    kid: str
    algorithm: str
    private: Any

    @classmethod
    def generate(cls, algorithm: str = "EdDSA", kid: str = "k1") -> Self:
        return cls(kid, algorithm, _generate(algorithm))

    @property
    def jwk(self) -> dict[str, Any]:
        """The public key, with the members that Better Auth publishes."""
        material: dict[str, Any] = get_default_algorithms()[self.algorithm].to_jwk(
            self.private.public_key(), as_dict=True
        )
        # PyJWT adds `key_ops` to some.
        material.pop("key_ops", None)
        return {"kid": self.kid, "alg": self.algorithm, **material}

    def sign(self, claims: dict[str, Any] = CLAIMS, **header: Any) -> str:
        return jwt.encode(claims, self.private, self.algorithm, headers={"kid": self.kid, **header})


def _generate(algorithm: str) -> Any:
    match algorithm:
        case "EdDSA":
            return Ed25519PrivateKey.generate()
        case "ES256":
            return generate_private_key(SECP256R1())
        case "ES512":
            return generate_private_key(SECP521R1())
    return rsa_key()


@cache
def rsa_key(bits: int = 2048) -> Any:
    """Return an RSA key of this size, always the same one: generating keys is slow."""
    return generate_rsa_key(65537, bits)
