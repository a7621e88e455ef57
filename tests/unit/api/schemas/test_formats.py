"""Each value has exactly one accepted text form, and parsing that form restores the value."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from tests.unit.domain.strategies import clock_times
from todo_api.schemas.formats import ClockTime, Count, Day, Flag


@given(st.dates())
def test_parsing_a_day_reverses_formatting(day: dt.date) -> None:
    assert TypeAdapter(Day).validate_python(day.isoformat()) == day


@given(clock_times)
def test_parsing_a_time_reverses_formatting(time: dt.time) -> None:
    adapter = TypeAdapter(ClockTime)

    assert adapter.validate_python(time.isoformat("minutes")) == time
    assert adapter.dump_python(time) == time.isoformat("minutes")


@given(st.integers(0, 10**16 - 1))
def test_parsing_a_number_reverses_formatting(number: int) -> None:
    assert TypeAdapter(Count).validate_python(str(number)) == number


@pytest.mark.parametrize(("text", "value"), [("true", True), ("false", False)])
def test_a_flag_is_true_or_false(text: str, value: object) -> None:
    assert TypeAdapter(Flag).validate_python(text) is value


WRITTEN: dict[str, tuple[Any, Callable[[Any], str]]] = {
    "day": (Day, dt.date.isoformat),
    "time": (ClockTime, lambda time: time.isoformat("minutes")),
    "flag": (Flag, lambda flag: str(flag).lower()),
    "number": (Count, str),
}


@pytest.mark.parametrize("form", WRITTEN)
@given(text=st.text(max_size=12) | st.text("0123456789-:TWtrue", max_size=12))
def test_accepted_text_is_the_only_form_of_its_value(form: str, text: str) -> None:
    kind, write = WRITTEN[form]
    try:
        value = TypeAdapter(kind).validate_python(text)
    except ValidationError:
        return

    assert write(value) == (text if form != "number" else str(int(text)))


@pytest.mark.parametrize("form", WRITTEN)
@given(value=st.none() | st.booleans() | st.integers() | st.floats() | st.dates() | st.binary(max_size=5))
def test_values_that_are_not_text_are_refused(form: str, value: object) -> None:
    with pytest.raises(ValidationError, match="must be"):
        TypeAdapter(WRITTEN[form][0]).validate_python(value)
