import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tokens import JSON
from todo_adapters.jwt.encoding import read_json_object


@given(st.dictionaries(st.text(), JSON, max_size=3))
def test_decoding_json_reverses_encoding(value: dict[str, Any]) -> None:
    assert read_json_object(json.dumps(value).encode()) == value


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"{", id="cut off"),
        pytest.param(b"{} {}", id="two"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b"null", id="null"),
        pytest.param(b'"{}"', id="text"),
        pytest.param(b'{"a": 1, "a": 1}', id="a name twice"),
        pytest.param(b'{"b": {"a": 1, "\\u0061": 2}}', id="a name twice, further in and spelt differently"),
        pytest.param(b'{"a": NaN}', id="NaN"),
        pytest.param(b'{"a": -Infinity}', id="Infinity"),
        pytest.param(b'{"a": ' + b"1" * 5000 + b"}", id="a number of 5000 digits"),
        pytest.param(b"\xef\xbb\xbf{}", id="a byte order mark"),
        pytest.param('{"a": 1}'.encode("utf-16"), id="UTF-16"),
        pytest.param('{"a": 1}'.encode("utf-16-le"), id="UTF-16 without a mark"),
        pytest.param('{"a": 1}'.encode("utf-32-be"), id="UTF-32"),
        pytest.param(b'{"a": "\xff"}', id="no UTF-8"),
        pytest.param(b'{"a": "\xed\xa0\x80"}', id="a surrogate"),
        pytest.param(b'{"a": "\x00"}', id="a bare NUL"),
        pytest.param(b'{"a":' * 100_000, id="nested too deeply"),
    ],
)
def test_content_that_is_not_an_unambiguous_object_in_utf_8_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each kind of malformed JSON has its own message
        read_json_object(content)
