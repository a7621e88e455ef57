import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.strategies import task_ids, texts
from todo_domain import RuleViolated
from todo_domain.cursor import Position, decode_cursor, encode_cursor

QUERY = "0123456789abcdef"
REFUSED = r"^cursor: must be the next_cursor of a page of the same query$"

positions = st.builds(Position, st.none() | st.integers() | texts(600), task_ids)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
json_values = scalars | st.lists(scalars) | st.dictionaries(st.text(), scalars)


def written(content: str) -> str:
    return base64.urlsafe_b64encode(content.encode()).decode().rstrip("=")


def read_back(cursor: Any) -> str:
    """Decode the cursor and return its encoding."""
    try:
        return encode_cursor(QUERY, decode_cursor(cursor, QUERY))
    except RuleViolated:
        return "refused"


@given(positions)
def test_decoding_a_cursor_reverses_encoding(position: Position) -> None:
    assert decode_cursor(encode_cursor(QUERY, position), QUERY) == position


@given(positions)
def test_a_cursor_needs_no_escaping_in_a_url(position: Position) -> None:
    cursor = encode_cursor(QUERY, position)

    assert cursor.isascii()
    assert cursor.replace("-", "a").replace("_", "a").isalnum()


@given(positions, st.text())
def test_a_cursor_is_valid_for_its_own_query_only(position: Position, other: str) -> None:
    cursor = encode_cursor(QUERY + other, position)

    assert (read_back(cursor) == cursor) is (other == "")


@given(positions, st.data())
def test_a_truncated_cursor_is_refused(position: Position, data: st.DataObject) -> None:
    cursor = encode_cursor(QUERY, position)
    truncated = cursor[: data.draw(st.integers(0, len(cursor) - 1))]

    with pytest.raises(RuleViolated, match=REFUSED):
        decode_cursor(truncated, QUERY)


@given(positions, st.data(), st.characters())
def test_a_cursor_with_another_character_is_refused_or_the_cursor_of_another_position(
    position: Position, data: st.DataObject, character: str
) -> None:
    cursor = encode_cursor(QUERY, position)
    place = data.draw(st.integers(0, len(cursor) - 1))
    altered = cursor[:place] + character + cursor[place + 1 :]

    assert read_back(altered) in {"refused", altered}


@given(st.text() | st.binary().map(lambda content: base64.urlsafe_b64encode(content).decode()))
def test_garbage_is_refused(garbage: str) -> None:
    with pytest.raises(RuleViolated, match=REFUSED):
        decode_cursor(garbage, QUERY)


@given(json_values, json_values)
def test_a_forged_cursor_is_refused_or_one_that_could_have_been_written(value: Any, task_id: Any) -> None:
    forged = written(json.dumps([QUERY, value, task_id], separators=(",", ":"), ensure_ascii=False))

    assert read_back(forged) in {"refused", forged}


@pytest.mark.parametrize(("task_id", "is_id"), [(0, False), (1, True), (2**53 - 1, True), (2**53, False), (-1, False)])
def test_the_id_of_a_cursor_is_one_that_a_task_can_have(task_id: int, is_id: bool) -> None:  # noqa: FBT001 a parameter of the table
    cursor = written(f'["{QUERY}",null,{task_id}]')

    assert (read_back(cursor) == cursor) is is_id


@pytest.mark.parametrize(
    "content",
    [
        "5",
        "null",
        "[]",
        f'["{QUERY}",null]',
        f'["{QUERY}",null,1,1]',
        f'["{QUERY}",null,true]',
        f'["{QUERY}",null,1.0]',
        f'["{QUERY}",null,"1"]',
        f'["{QUERY}",null,null]',
        f'["{QUERY}",[],1]',
        f'["{QUERY}",true,1]',
        f'["{QUERY}",0.5,1]',
        f'["{QUERY}",NaN,1]',
        f'["{QUERY}","\\ud800",1]',
        f'["{QUERY}", null, 1]',
        f'["{QUERY}","\\u0061",1]',
        f'{{"{QUERY}":1,"a":2,"b":3}}',
        f'["{QUERY}",{"9" * 5000},1]',
        "[" * 100_000,
    ],
)
def test_a_cursor_with_other_content_is_refused(content: str) -> None:
    with pytest.raises(RuleViolated, match=REFUSED):
        decode_cursor(written(content), QUERY)


@pytest.mark.parametrize("alteration", ["{}=", "{}==", "{}\n", " {}", "{}!", "{}A"])
def test_a_cursor_has_only_one_encoding(alteration: str) -> None:
    cursor = encode_cursor(QUERY, Position("a", 1))

    with pytest.raises(RuleViolated, match=REFUSED):
        decode_cursor(alteration.format(cursor), QUERY)


@pytest.mark.parametrize("value", [None, 5, b"abcd", ["abcd"], {}])
def test_a_cursor_that_is_not_text_is_refused(value: Any) -> None:
    with pytest.raises(RuleViolated, match=REFUSED):
        decode_cursor(value, QUERY)
