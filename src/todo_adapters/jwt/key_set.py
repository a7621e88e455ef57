"""A published set of signing keys (RFC 7517 §5), without the keys that can't verify tokens."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from cryptography.exceptions import UnsupportedAlgorithm
from jwt import PyJWK, PyJWTError

from todo_adapters.jwt.encoding import read_json_object
from todo_domain.base64url import decode_base64url

MAX_KEYS: Final = 100
MIN_RSA_BITS: Final = 2048


@dataclass(frozen=True, slots=True)
class _Kind:
    """A type of key: its parameters, and the algorithms it may sign with, the default first."""

    parameters: tuple[str, ...]
    algorithms: tuple[str, ...]


# By type and curve. Symmetric keys are not allowed: everyone who can read a published one can sign with it.
_KINDS = {
    ("OKP", "Ed25519"): _Kind(("x",), ("EdDSA",)),
    ("EC", "P-256"): _Kind(("x", "y"), ("ES256",)),
    ("EC", "P-521"): _Kind(("x", "y"), ("ES512",)),
    ("RSA", None): _Kind(("n", "e"), ("RS256", "PS256")),
}
ALGORITHMS: Final = tuple(name for kind in _KINDS.values() for name in kind.algorithms)


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that verifies signatures of one algorithm. Keys with the same algorithm and material are equal."""

    algorithm: str
    material: Mapping[str, Any]
    _key: PyJWK = field(compare=False, repr=False)

    def verifies(self, signing_input: bytes, signature: bytes) -> bool:
        """Return whether this key made the signature."""
        return self._key.Algorithm.verify(signing_input, self._key.key, signature)


KeySet = Mapping[str, PublicKey]
"""Keys by their `kid`."""


def read_key_set(content: bytes) -> KeySet:
    """Return the usable keys; raise ValueError if there are none, or if this is not a set of 1-100 keys.

    Other keys are skipped: those of another type, without a `kid`, for encryption,
    published with the private key, malformed, or RSA with less than 2048 bits. If two
    keys have the same `kid`, the first counts. A key without `alg` has the algorithm of
    its curve, or RS256 if it is an RSA key.
    """
    entries = read_json_object(content).get("keys")
    if not isinstance(entries, list) or not 1 <= len(entries) <= MAX_KEYS:
        raise ValueError(f"not a set of 1 to {MAX_KEYS} keys")
    keys: dict[str, PublicKey] = {}
    for entry in entries:
        key_id = entry.get("kid") if isinstance(entry, dict) else None
        if isinstance(key_id, str) and (key := _read_key(entry)):
            keys.setdefault(key_id, key)
    if not keys:
        raise ValueError("the set has no usable key")
    return keys


def _read_key(entry: dict[str, Any]) -> PublicKey | None:
    try:
        kind = _KINDS[entry["kty"], entry.get("crv")]
        algorithm = entry.get("alg", kind.algorithms[0])
        if algorithm not in kind.algorithms or "d" in entry or not _is_for_signatures(entry):
            return None
        for name in kind.parameters:
            decode_base64url(entry[name])
        # PyJWT gets only the checked members.
        material = {name: entry[name] for name in ("kty", "crv", *kind.parameters) if name in entry}
        key = PyJWK(material, algorithm)
    except (KeyError, TypeError, ValueError, PyJWTError, UnsupportedAlgorithm):
        return None
    if entry["kty"] == "RSA" and key.key.key_size < MIN_RSA_BITS:
        return None
    return PublicKey(algorithm, material, key)


def _is_for_signatures(entry: dict[str, Any]) -> bool:
    operations = entry.get("key_ops", ["verify"])
    return entry.get("use", "sig") == "sig" and isinstance(operations, list) and "verify" in operations
