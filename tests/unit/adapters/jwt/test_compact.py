from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tokens import HEADER, base64url, hs256
from todo_adapters.jwt.compact import ACCESS_TYPES, SESSION_TYPES, CompactToken
from todo_domain import TokenRejected


def parse(token: str) -> CompactToken:
    return CompactToken.parse(token, ["HS256"])


def parse_access_token(token: str) -> CompactToken:
    return CompactToken.parse(token, ["HS256"], SESSION_TYPES + ACCESS_TYPES)


def test_a_token_is_parsed_into_its_parts() -> None:
    parts = [base64url(part) for part in (b'{"alg":"HS256","kid":"k1"}', b"payload", b"signature")]

    parsed = parse(".".join(parts))

    assert parsed == CompactToken("HS256", "k1", b"payload", ".".join(parts[:2]).encode(), b"signature")


def test_the_kid_is_optional() -> None:
    assert parse(hs256()).key_id is None


def test_a_token_has_at_most_8192_characters() -> None:
    token = hs256(b" " * 6000)
    longest = token + "A" * (8192 - len(token))

    parse(longest)
    with pytest.raises(TokenRejected, match="more than 8192 characters"):
        parse(longest + "A")


@pytest.mark.parametrize(
    "token",
    [
        pytest.param("", id="nothing"),
        pytest.param("opaque-session-token", id="one part"),
        pytest.param("{header}.{payload}", id="two parts"),
        pytest.param("{header}.{payload}.{signature}.{signature}", id="four parts"),
        pytest.param("{header}.{payload}.{key}.{iv}.{tag}", id="the five parts of an encrypted token"),
        pytest.param("{header}=.{payload}.{signature}", id="padding"),
        pytest.param("{header}.{payload}.{signature}=", id="padding at the end"),
        pytest.param("{header}.{payload}.{signature}\n", id="a line break"),
        pytest.param(" {header}.{payload}.{signature}", id="a space"),
        pytest.param("..", id="empty parts"),
        pytest.param(".{payload}.{signature}", id="no header"),
        pytest.param("{payload}.{payload}.{signature}", id="a header that is not JSON"),
    ],
)
def test_a_token_is_three_parts_of_unpadded_base64url(token: str) -> None:
    header, _, signature = hs256().split(".")
    parts = {"header": header, "payload": "QQ", "signature": signature, "key": "QQ", "iv": "QQ", "tag": "QQ"}

    with pytest.raises(TokenRejected, match="three parts of base64url"):
        parse(token.format_map(parts))


@pytest.mark.parametrize("header", [b'{"alg":"HS256","alg":"HS256"}', b'["HS256"]', '{"alg":"HS256"}'.encode("utf-16")])
def test_a_header_is_an_unambiguous_object(header: bytes) -> None:
    with pytest.raises(TokenRejected, match="JSON"):
        parse(hs256(header=header))


@pytest.mark.parametrize(
    "algorithm", ["none", "None", "", "hs256", "HS384", "HS512", "RS256", None, 256, ["HS256"], {}], ids=repr
)
def test_the_algorithm_is_one_of_the_accepted_ones(algorithm: Any) -> None:
    with pytest.raises(TokenRejected, match="alg is not one of HS256"):
        parse(hs256(header={"alg": algorithm}))


def test_the_algorithm_is_required() -> None:
    with pytest.raises(TokenRejected, match="alg is not one of HS256"):
        parse(hs256(header={"typ": "JWT"}))


@pytest.mark.parametrize("header", [{}, {"typ": "JWT"}, {"typ": "jwt"}, {"typ": "application/JWT"}])
def test_the_type_is_absent_or_jwt_in_any_spelling(header: dict[str, str]) -> None:
    token = hs256(header={"alg": "HS256", **header})

    assert parse(token).algorithm == parse_access_token(token).algorithm == "HS256"


@pytest.mark.parametrize("type_", ["at+jwt", "AT+JWT", "application/at+jwt"])
def test_an_access_token_is_accepted_only_if_configured(type_: str) -> None:
    token = hs256(header={"alg": "HS256", "typ": type_})

    assert parse_access_token(token).algorithm == "HS256"
    with pytest.raises(TokenRejected, match="typ is not jwt"):
        parse(token)


@pytest.mark.parametrize("header", [{}, {"typ": "JWT"}, {"typ": None}])
def test_the_type_of_an_access_token_can_be_required(header: dict[str, str | None]) -> None:
    with pytest.raises(TokenRejected, match="typ is not at\\+jwt"):
        CompactToken.parse(hs256(header={"alg": "HS256", **header}), ["HS256"], ACCESS_TYPES)


@pytest.mark.parametrize(
    "type_",
    ["session+jwt", "logout+jwt", "dpop+jwt", "JOSE", "JWE", "", "text/jwt", "application/", None, 1, ["JWT"], {}],
)
def test_another_type_is_refused(type_: Any) -> None:
    with pytest.raises(TokenRejected, match="typ is not jwt or at\\+jwt"):
        parse_access_token(hs256(header={"alg": "HS256", "typ": type_}))


@pytest.mark.parametrize("extension", [{"crit": ["b64"], "b64": True}, {"crit": []}, {"b64": False}, {"cty": "JWT"}])
def test_a_header_that_changes_what_is_signed_is_refused(extension: dict[str, Any]) -> None:
    with pytest.raises(TokenRejected, match="crit, b64, cty"):
        parse(hs256(header={**HEADER, **extension}))


@pytest.mark.parametrize("key_id", [None, 1, ["k1"], {"k": 1}])
def test_a_kid_is_text(key_id: Any) -> None:
    with pytest.raises(TokenRejected, match="kid is not text"):
        parse(hs256(header={**HEADER, "kid": key_id}))


@given(st.text() | st.text("eyJ.-_=", max_size=40))
def test_any_text_is_parsed_or_rejected(token: str) -> None:
    try:
        parsed = parse(token)
    except TokenRejected:
        return

    assert parsed.algorithm == "HS256"
