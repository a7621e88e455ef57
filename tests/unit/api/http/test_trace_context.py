"""Which values of `traceparent` name a trace (W3C Trace Context, section 3.2)."""

import pytest

from todo_api.http.trace_context import trace_id_of

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"
GOOD = f"00-{TRACE}-{PARENT}-01"


def trace_of(*values: str) -> str | None:
    lines = [(b"traceparent", value.encode("latin-1")) for value in values]
    return trace_id_of([(b"host", b"todo.example"), *lines])


@pytest.mark.parametrize(
    "value",
    [GOOD, f"00-{TRACE}-{PARENT}-00", f"00-{TRACE}-{PARENT}-ff", f"01-{TRACE}-{PARENT}-01", f"cc{GOOD[2:]}-x-\n"],
)
def test_a_well_formed_value_names_its_trace(value: str) -> None:
    assert trace_of(value) == TRACE


@pytest.mark.parametrize(
    "value",
    [
        "",
        "00",
        TRACE,
        f"ff-{TRACE}-{PARENT}-01",
        f"0-{TRACE}-{PARENT}-01",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{PARENT}-01",
        f"00-{TRACE}-{PARENT.upper()}-01",
        f"00-{TRACE[1:]}-{PARENT}-01",
        f"00-{TRACE}0-{PARENT}-01",
        f"00-{TRACE}-{PARENT[1:]}-01",
        f"00-{TRACE}-{PARENT}-1",
        f"00-{TRACE}-{PARENT}-0g",
        f"00-{TRACE}-{PARENT}",
        f"00_{TRACE}_{PARENT}_01",
        f"{GOOD}-",
        f"{GOOD}-more",
        f"{GOOD}\n",
        f" {GOOD}",
        f"01-{TRACE}-{PARENT}-01x",
        f"{GOOD},{GOOD}",
        "x" * 60_000,
    ],
)
def test_any_other_value_is_ignored(value: str) -> None:
    assert trace_of(value) is None


def test_two_values_are_ignored_even_if_they_are_equal() -> None:
    assert trace_of(GOOD, GOOD) is None
    assert trace_of() is None
