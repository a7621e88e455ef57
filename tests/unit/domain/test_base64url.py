import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tokens import base64url
from todo_domain.base64url import decode_base64url


@given(st.binary())
def test_decoding_base64url_reverses_encoding(content: bytes) -> None:
    assert decode_base64url(base64url(content)) == content


@given(st.text() | st.text("AQgw-_+/= \n", max_size=8))
def test_no_two_texts_decode_to_the_same_bytes(text: str) -> None:
    try:
        content = decode_base64url(text)
    except ValueError:
        return

    assert base64url(content) == text


@pytest.mark.parametrize(
    "text", ["QQ==", "QQ=", "Q", "QR", "Q+8", "Q/8", "QQ\n", " QQ", "Q.Q", "Qé", "QQQQ=", "\ud800"]
)
def test_padding_foreign_characters_and_left_over_bits_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^not (unpadded )?base64url$"):
        decode_base64url(text)
