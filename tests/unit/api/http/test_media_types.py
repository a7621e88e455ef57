"""The media type of a body is read as RFC 9110 §8.3.1 writes it."""

import pytest

from todo_api.http.media_types import MAX_LENGTH, media_type_in_utf8


@pytest.mark.parametrize(
    "value",
    [
        "application/json",
        "Application/JSON",
        " application/json\t",
        "application/json;",
        "application/json; ; charset=utf-8",
        'application/json;charset="UTF-8"',
        'application/json; profile="a;charset=latin-1"',
        r'application/json; profile="\"; charset=latin-1"',
        "application/json; charset*=iso-8859-1''x",
        "application/json; CHARSET=UTF-8 ;a=b",
    ],
)
def test_a_media_type_may_have_parameters(value: str) -> None:
    assert media_type_in_utf8(value) == "application/json"


@pytest.mark.parametrize(
    "value",
    [
        "",
        "json",
        "application/",
        "/json",
        "application/json, application/json",
        "application/json charset=utf-8",
        "application/json; charset",
        "application/json; charset =utf-8",
        'application/json; charset="utf-8',
        "application/json; charset=utf-16",
        "application/json; charset=utf-8; charset=latin-1",
        "application/j\xe4son",
    ],
)
def test_a_malformed_media_type_and_another_charset_are_refused(value: str) -> None:
    assert media_type_in_utf8(value) is None


def test_a_long_content_type_is_not_read() -> None:
    longest = "application/json".ljust(MAX_LENGTH)

    assert media_type_in_utf8(longest) == "application/json"
    assert media_type_in_utf8(longest + " ") is None
