"""A request body is parsed strictly or refused."""

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.types import Message

from tests.tokens import JSON
from todo_api.http.problems import MALFORMED, PAYLOAD_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE, ProblemError
from todo_api.http.request_body import has_too_many_values, json_object, read_body

objects = st.dictionaries(st.text(max_size=5), JSON, max_size=4)


def read(body: bytes, most: int = 10_000, **headers: str) -> Any:
    """Read a body that arrives in chunks of 3 bytes."""
    chunks = [body[start : start + 3] for start in range(0, len(body), 3)] or [b""]
    lines = {"content-type": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}
    scope = {
        "type": "http",
        "method": "POST",
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in lines.items()],
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": chunks.pop(0), "more_body": bool(chunks)}

    return json_object(asyncio.run(read_body(Request(scope, receive), ("application/json",), most)))


@given(objects)
def test_reading_a_body_reverses_serialization(content: dict[str, Any]) -> None:
    assert read(json.dumps(content).encode()) == content


def is_object(body: bytes) -> bool:
    try:
        return isinstance(json.loads(body), dict)
    except ValueError:
        return False


@given((st.binary(max_size=20) | JSON.map(json.dumps).map(str.encode)).filter(lambda body: not is_object(body)))
def test_a_body_that_is_not_an_object_is_refused(body: bytes) -> None:
    with pytest.raises(ProblemError) as refused:
        read(body)

    assert refused.value.problem_type == MALFORMED


@given(st.text(st.characters(max_codepoint=0xFF, exclude_characters="\r\n"), max_size=20))
def test_every_media_type_except_the_accepted_ones_is_refused(media_type: str) -> None:
    refusal = None
    try:
        read(b"{}", content_type=media_type)
    except ProblemError as refused:
        refusal = refused.problem_type

    accepted = media_type.strip().lower().startswith("application/json") and refusal is None
    assert accepted or refusal == UNSUPPORTED_MEDIA_TYPE


@pytest.mark.parametrize("headers", [{}, {"content_length": "12"}])
def test_a_body_above_the_maximum_size_is_refused(headers: dict[str, str]) -> None:
    body = b'{"a": "bcd"}'

    assert read(body, len(body), **headers) == {"a": "bcd"}
    with pytest.raises(ProblemError) as refused:
        read(body, len(body) - 1, **headers)

    assert refused.value.problem_type == PAYLOAD_TOO_LARGE


@pytest.mark.parametrize("length", ["-1", "x", "1.0", ""])
def test_a_malformed_content_length_is_refused(length: str) -> None:
    with pytest.raises(ProblemError) as refused:
        read(b"{}", content_length=length)

    assert refused.value.problem_type == PAYLOAD_TOO_LARGE


def test_a_body_that_is_too_large_is_refused_before_it_is_complete() -> None:
    with pytest.raises(ProblemError) as refused:
        read(b"x" * 1_000_000, 100)

    assert refused.value.problem_type == PAYLOAD_TOO_LARGE


@pytest.mark.parametrize("value", ["{}", "[]", "1", '"t"', '{"n":1}'])
def test_a_body_with_very_many_values_is_refused(value: str) -> None:
    def body(count: int) -> bytearray:
        return bytearray(f'{{"a":[{",".join([value] * count)}],"b":"{" " * 20_000}"}}'.encode())

    assert json_object(body(3_000))["a"][0] == json.loads(value)
    with pytest.raises(ProblemError) as refused:
        json_object(body(24_000))

    assert refused.value.detail == "the body must have at most 20000 values"


@pytest.mark.parametrize("text", [',[{"', "\\", '\\"', '\\\\"', "[,"])
def test_text_does_not_count_as_values(text: str) -> None:
    content = {"a": [text * 10_000, ",", text], "b": text * 10_000}

    assert json_object(bytearray(json.dumps(content).encode())) == content


def test_very_many_texts_are_recognised_by_their_quotes() -> None:
    assert has_too_many_values(b'""' * 50_000)
