"""Whatever the arguments are: a tool has a result, or an error that an assistant can correct."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.mcp.assistant import Assistant
from todo_mcp.arguments import ArgumentsRefused
from todo_mcp.tools import TOOLS

MARK = "t0psecret"
TEXTS = st.sampled_from(["", MARK, MARK * 200, f"{MARK}\n", f"{MARK}\ud800", "a", "high", "due", "FREQ=DAILY", "17:00"])
DAYS = st.sampled_from(["2026-12-01", "0001-01-01", "9999-12-31", "2026-02-30"])
NUMBERS = st.sampled_from([1, 2, 3, 50, 0, -1, 2**53 - 1, 2**53, 10**400])
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)


def almost(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Return values that mostly fit a schema."""
    fitting = st.one_of([_fitting(each["type"], each) for each in schema.get("anyOf", [schema])])
    return st.one_of([fitting] * 9 + [JSON])


def _fitting(kind: str, schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    match kind:
        case "object":
            properties = {name: almost(each) for name, each in schema["properties"].items()}
            required = {name: properties.pop(name) for name in schema.get("required", ())}
            return st.fixed_dictionaries(required, optional=properties)
        case "array":
            return st.lists(almost(schema["items"]), min_size=1, max_size=3)
        case "string":
            return st.sampled_from(schema["enum"]) if "enum" in schema else DAYS if "format" in schema else TEXTS
        case "integer":
            return NUMBERS
        case "boolean":
            return st.booleans()
        case _:
            return st.none()


CALLS = st.one_of([st.tuples(st.just(name), almost(tool.arguments)) for name, tool in TOOLS.items()])


@pytest.fixture(scope="module")
def alice() -> Assistant:
    """One for all examples: what they leave in the list makes the next ones go further."""
    return Assistant()


@given(call=CALLS)
def test_a_tool_returns_a_result_or_an_error_without_the_arguments(alice: Assistant, call: tuple[str, Any]) -> None:
    error = ""
    try:
        alice.call(*call)
    except ArgumentsRefused as refused:
        error = str(refused)

    assert MARK not in error.replace(f"{MARK} is not known", "")
