import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from tests.signing_keys import ALGORITHMS, SigningKey, rsa_key
from tests.tokens import JSON, base64url
from todo_adapters.jwt import key_set
from todo_adapters.jwt.key_set import PublicKey, read_key_set
from todo_domain.base64url import decode_base64url

GOOD = SigningKey.generate(kid="good")
EDDSA = SigningKey.generate().jwk
ES256 = SigningKey.generate("ES256").jwk
RS256 = SigningKey.generate("RS256").jwk


def read(*entries: Any) -> dict[str, PublicKey]:
    return dict(read_key_set(json.dumps({"keys": entries}).encode()))


def without(entry: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if key != name}


def signed_by(key: SigningKey) -> tuple[bytes, bytes]:
    signing_input, _, signature = key.sign().rpartition(".")
    return signing_input.encode(), decode_base64url(signature)


def test_there_are_five_algorithms() -> None:
    assert sorted(key_set.ALGORITHMS) == sorted(ALGORITHMS)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_key_verifies_only_its_own_signatures(algorithm: str) -> None:
    key = SigningKey.generate(algorithm)
    signing_input, signature = signed_by(key)

    public = read(key.jwk)["k1"]

    assert public.algorithm == algorithm
    assert public.verifies(signing_input, signature)
    assert not public.verifies(signing_input + b"x", signature)
    assert not public.verifies(signing_input, signature[:-1])
    assert not public.verifies(signing_input, b"")
    assert not public.verifies(signing_input, bytes(len(signature)))


@pytest.mark.parametrize(
    ("signing", "publishing"), [("RS256", "PS256"), ("PS256", "RS256")], ids=["PKCS1 as PSS", "PSS as PKCS1"]
)
def test_an_rsa_key_is_bound_to_its_one_algorithm(signing: str, publishing: str) -> None:
    signed = signed_by(SigningKey.generate(signing))

    public = read(SigningKey.generate(publishing).jwk)["k1"]

    assert not public.verifies(*signed)


@pytest.mark.parametrize("algorithm", ["EdDSA", "ES256", "ES512", "RS256"])
def test_a_key_without_alg_has_the_default_algorithm_of_its_type(algorithm: str) -> None:
    key = SigningKey.generate(algorithm)

    assert read(without(key.jwk, "alg"))["k1"].algorithm == algorithm


@pytest.mark.parametrize(
    "members",
    [{"use": "sig"}, {"key_ops": ["verify"]}, {"key_ops": ["sign", "verify"]}, {"x5u": "http://a", "other": []}],
)
def test_other_members_of_a_key_are_ignored(members: dict[str, Any]) -> None:
    assert read({**EDDSA, **members}) == read(EDDSA)


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param(None, id="null"),
        pytest.param("key", id="text"),
        pytest.param([], id="a list"),
        pytest.param({}, id="nothing"),
        pytest.param(without(EDDSA, "kid"), id="no kid"),
        pytest.param({**EDDSA, "kid": 1}, id="a kid that is not text"),
        pytest.param({**EDDSA, "kid": None}, id="a kid of null"),
        pytest.param(without(EDDSA, "kty"), id="no type"),
        pytest.param({**EDDSA, "kty": ["OKP"]}, id="a type that is not text"),
        pytest.param({**EDDSA, "crv": {}}, id="a curve that is not text"),
        pytest.param({**EDDSA, "kty": "EC"}, id="a type that lacks this curve"),
        pytest.param({**EDDSA, "alg": "ES256"}, id="an algorithm of another type"),
        pytest.param({**ES256, "alg": "ES512"}, id="an algorithm of another curve"),
        pytest.param({**RS256, "alg": "RS512"}, id="an algorithm that is not accepted"),
        pytest.param({**RS256, "alg": "HS256"}, id="a symmetric algorithm for a public key"),
        pytest.param({**RS256, "alg": None}, id="an algorithm of null"),
        pytest.param({"kid": "k1", "kty": "oct", "alg": "HS256", "k": base64url(b"s" * 32)}, id="a symmetric key"),
        pytest.param({**EDDSA, "d": EDDSA["x"]}, id="published with its private half"),
        pytest.param({**EDDSA, "use": "enc"}, id="for encryption"),
        pytest.param({**EDDSA, "key_ops": ["encrypt"]}, id="for other operations"),
        pytest.param({**EDDSA, "key_ops": "verify"}, id="operations that are not a list"),
        pytest.param(without(EDDSA, "x"), id="nothing to verify with"),
        pytest.param({**EDDSA, "x": EDDSA["x"] + "="}, id="padded"),
        pytest.param({**EDDSA, "x": "AAAA"}, id="a point that is too short"),
        pytest.param({**EDDSA, "x": 1}, id="a point that is not text"),
        pytest.param({**EDDSA, "x": None}, id="a point of null"),
        pytest.param({**ES256, "y": ES256["x"]}, id="a point that is not on the curve"),
        pytest.param({**RS256, "e": "AA"}, id="an exponent of zero"),
        pytest.param({**RS256, "n": ""}, id="a modulus of nothing"),
        pytest.param({**RS256, "n": "AQAB"}, id="a modulus that is tiny"),
        pytest.param(SigningKey("k1", "RS256", rsa_key(1024)).jwk, id="an RSA key of 1024 bits"),
        pytest.param({**SigningKey("k1", "EdDSA", Ed448PrivateKey.generate()).jwk}, id="Ed448"),
        pytest.param(SigningKey("k1", "ES384", generate_private_key(SECP384R1())).jwk, id="P-384"),
    ],
)
def test_an_unusable_key_is_skipped(entry: Any) -> None:
    assert read(entry, GOOD.jwk).keys() == {"good"}


def test_of_two_keys_with_the_same_kid_the_first_counts() -> None:
    assert read(EDDSA, ES256)["k1"].algorithm == "EdDSA"


def test_sets_with_the_same_keys_are_equal() -> None:
    assert read(EDDSA, {**RS256, "kid": "k2"}) == read({**RS256, "kid": "k2"}, EDDSA)
    assert read(EDDSA) != read(SigningKey.generate().jwk)
    assert read(RS256) != read({**RS256, "alg": "PS256"})


def test_a_set_has_at_most_100_keys() -> None:
    entries = [{**EDDSA, "kid": str(number)} for number in range(101)]

    assert len(read(*entries[:100])) == 100
    with pytest.raises(ValueError, match="not a set of 1 to 100 keys"):
        read(*entries)


@pytest.mark.parametrize("content", ['{"keys": []}', '{"keys": {}}', '{"keys": null}', "{}", '{"Keys": [{}]}'])
def test_content_that_is_not_a_key_set_is_refused(content: str) -> None:
    with pytest.raises(ValueError, match="not a set of 1 to 100 keys"):
        read_key_set(content.encode())


@pytest.mark.parametrize("content", ["", "[]", "<html></html>", '{"keys": [], "keys": []}', '{"keys": NaN}'])
def test_content_that_is_not_an_object_is_refused(content: str) -> None:
    with pytest.raises(ValueError, match=r"JSON|Expecting|twice"):
        read_key_set(content.encode())


def test_a_set_without_a_usable_key_is_refused() -> None:
    with pytest.raises(ValueError, match="the set has no usable key"):
        read({**EDDSA, "use": "enc"})


@given(
    entry=st.sampled_from([EDDSA, ES256, RS256]),
    changes=st.dictionaries(
        st.sampled_from(["kid", "kty", "crv", "alg", "use", "key_ops", "x", "y", "n", "e", "d"]),
        JSON | st.binary(max_size=80).map(base64url),
        max_size=3,
    ),
)
def test_any_entry_is_read_or_skipped(entry: dict[str, Any], changes: dict[str, Any]) -> None:
    assert "good" in read({**entry, **changes}, GOOD.jwk)
