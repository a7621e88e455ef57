"""A published set of signing keys (RFC 7517 §5), reduced to those that tokens may be signed with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from cryptography.exceptions import UnsupportedAlgorithm
from jwt import PyJWK, PyJWTError

from todo_adapters.jwt.encoding import decode_base64url, read_json_object

MAX_KEYS: Final = 100
MIN_RSA_BITS: Final = 2048


@dataclass(frozen=True, slots=True)
class _Kind:
    """A type of key: what it is made of, and what it may sign with, its default first."""

    parameters: tuple[str, ...]
    algorithms: tuple[str, ...]


# By type and curve. A symmetric key is none of them: who can read it can sign with it.
_KINDS = {
    ("OKP", "Ed25519"): _Kind(("x",), ("EdDSA",)),
    ("EC", "P-256"): _Kind(("x", "y"), ("ES256",)),
    ("EC", "P-521"): _Kind(("x", "y"), ("ES512",)),
    ("RSA", None): _Kind(("n", "e"), ("RS256", "PS256")),
}
ALGORITHMS: Final = tuple(name for kind in _KINDS.values() for name in kind.algorithms)


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that proves signatures of one algorithm. Two are equal when they prove the same."""

    algorithm: str
    material: Mapping[str, Any]
    _key: PyJWK = field(compare=False, repr=False)

    def verifies(self, signing_input: bytes, signature: bytes) -> bool:
        """Say whether this key's owner signed this."""
        return self._key.Algorithm.verify(signing_input, self._key.key, signature)


KeySet = Mapping[str, PublicKey]
"""Keys by their `kid`."""


def read_key_set(content: bytes) -> KeySet:
    """Return the usable keys; raise ValueError if there is none, or if this is no set of 1-100 keys.

    A key of no use here is skipped: of another type, without a `kid`, for encryption,
    published with its private half, broken, or an RSA key of less than 2048 bits. Of
    two with one `kid` the first counts. A key that doesn't say its algorithm has that
    of its curve; RSA then means RS256.
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
        raise ValueError("no key of the set is of use")
    return keys


def _read_key(entry: dict[str, Any]) -> PublicKey | None:
    try:
        kind = _KINDS[entry["kty"], entry.get("crv")]
        algorithm = entry.get("alg", kind.algorithms[0])
        if algorithm not in kind.algorithms or "d" in entry or not _is_for_signatures(entry):
            return None
        for name in kind.parameters:
            decode_base64url(entry[name])
        # PyJWT is given no more than was looked at.
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
