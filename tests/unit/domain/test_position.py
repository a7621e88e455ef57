import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from todo_domain import initial_position
from todo_domain.position import (
    MAX_POSITION_LENGTH,
    between,
    from_number,
    is_position,
    just_above,
    just_below,
    to_number,
)

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
FULL = DIGITS[-1] * MAX_POSITION_LENGTH
NEXT_IDS = st.integers(1, 2**53) | st.sampled_from([10**digits for digits in range(1, 16)])
positions = st.text(DIGITS, min_size=1, max_size=MAX_POSITION_LENGTH).map(lambda text: text.rstrip("0")).filter(bool)


@st.composite
def gaps(draw: st.DrawFn) -> tuple[str, str]:
    """Return two positions in order; many have a long beginning in common, so there is little or no room."""
    start = draw(st.sampled_from(["", "V" * 30, "z" * (MAX_POSITION_LENGTH - 1)]))
    ends = st.text(DIGITS, max_size=MAX_POSITION_LENGTH - len(start))
    low, high = sorted((start + draw(ends)).rstrip("0") for _ in range(2))
    return (low, high) if low < high else ("", high or "1")


@given(positions, positions)
def test_positions_are_in_the_order_of_their_bytes_and_of_their_numbers(one: str, other: str) -> None:
    assert (one < other) == (one.encode() < other.encode()) == (to_number(one) < to_number(other))


@given(positions)
def test_a_position_is_its_number(position: str) -> None:
    assert from_number(to_number(position), MAX_POSITION_LENGTH) == position


@given(NEXT_IDS, NEXT_IDS)
@example(1, 2)
@example(9, 10)
@example(2**53 - 1, 2**53)
def test_the_position_of_a_new_item_increases_with_its_id(one: int, other: int) -> None:
    assert is_position(initial_position(one))
    assert (initial_position(one) < initial_position(other)) == (one < other)


def test_the_first_positions_of_new_items_increase_without_a_gap_in_the_law() -> None:
    made = [initial_position(item_id) for item_id in range(1, 5_000)]

    assert made == sorted(set(made))


@given(gaps())
@example(("", "1"))
@example(("a", "a" + "0" * 61 + "1"))
@example(("V", "W"))
@example((FULL[:-1], FULL))
def test_between_two_positions_is_a_position_unless_all_are_too_long(gap: tuple[str, str]) -> None:
    low, high = gap

    made = between(low, high)

    if made is None:
        assert to_number(high) - to_number(low) == 1
    else:
        assert is_position(made)
        assert low < made < high


@given(gaps())
@example((FULL[:-1], FULL))
@example(("", FULL[:-1].replace("z", "0") + "1"))
def test_beside_a_bound_is_a_position_unless_all_are_too_long(gap: tuple[str, str]) -> None:
    low, high = gap

    above, below = just_above(low, high), just_below(high)

    assert above is None or (is_position(above) and low < above < high)
    assert below is None or (is_position(below) and below < high)
    assert (above is None) == (between(low, high) is None)
    assert (below is None) == (between("", high) is None)


@pytest.mark.parametrize("text", ["", "a0", "0", "a-", "\u00e4", "1" * (MAX_POSITION_LENGTH + 1)])
def test_other_text_is_not_a_position(text: str) -> None:
    assert not is_position(text)


@given(positions)
def test_between_equal_positions_is_none(position: str) -> None:
    assert between(position, position) is None


@given(NEXT_IDS.filter(lambda item_id: item_id > 1))
def test_10_moves_to_an_end_make_short_positions_for_every_id(next_id: int) -> None:
    low = initial_position(next_id - 1)
    for _ in range(10):
        low, previous = just_above(low, initial_position(next_id)) or "", low
        assert previous < low < initial_position(next_id)

    assert len(low) <= 18
