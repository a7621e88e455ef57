"""The position of an item in an order made by hand: a key that compares by bytes.

A position is a fraction between 0 and 1, written in base 62 without trailing zeros. The digits
are in the order of their bytes, so positions compare equally as text in Python, in SQLite
(BINARY) and in PostgreSQL (collation C). Without trailing zeros there is room below every
position. Clients must not interpret them.
"""

from collections.abc import Callable
from operator import itemgetter
from typing import Final

MAX_POSITION_LENGTH: Final = 63

_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_BASE: Final = len(_DIGITS)
_VALUES: Final = {digit: value for value, digit in enumerate(_DIGITS)}

# At the ends of a list, the next fraction is used whose length is a multiple of this. So about
# 238,000 moves to one end make the positions three characters longer.
_END_STEP: Final = 3


def initial_position(item_id: int) -> str:
    """Return the position of a new item, which increases with the id, from 1 to 2^53.

    A new item is therefore placed after all others without a read.
    """
    # In decimal digits, because databases compute it too. The first character increases with their number.
    digits = str(item_id)
    return f"{chr(ord('a') + len(digits) - 1)}{digits}".rstrip("0")


def is_position(text: str) -> bool:
    """Return whether the text could be the position of an item."""
    return 1 <= len(text) <= MAX_POSITION_LENGTH and _VALUES.keys() >= set(text) and not text.endswith("0")


def between(low: str, high: str) -> str | None:
    """Return the middle one of the shortest positions between two; None if all are too long.

    An empty `low` is below all positions.
    """
    return _shortest_between(low, high, lambda numbers: numbers[len(numbers) // 2])


def just_above(low: str, high: str) -> str | None:
    """Return a position close above `low` and below `high`; None if all are too long."""
    return _shortest_between(low, high, itemgetter(0), _END_STEP)


def just_below(high: str) -> str | None:
    """Return a position close below `high`; None if all are too long."""
    return _shortest_between("", high, itemgetter(-1), _END_STEP)


def to_number(position: str) -> int:
    """Return a position as a multiple of 62^-63, the unit of the longest positions."""
    number = 0
    for digit in position:
        number = number * _BASE + _VALUES[digit]
    return number * unit_of(len(position))


def from_number(number: int, length: int) -> str:
    """Return the position that is a positive multiple of 62^-length."""
    return _in_base(number).rjust(length, "0").rstrip("0")


def unit_of(length: int) -> int:
    """Return 62^-length as a multiple of 62^-63."""
    return int(_BASE ** (MAX_POSITION_LENGTH - length))


def _in_base(number: int) -> str:
    digits = ""
    while number:
        number, value = divmod(number, _BASE)
        digits = _DIGITS[value] + digits
    return digits


def _shortest_between(low: str, high: str, choose: Callable[[range], int], step: int = 1) -> str | None:
    """Return one of the positions between two that have the least possible length, a multiple of `step`."""
    different = (index for index, (one, other) in enumerate(zip(low, high, strict=False)) if one != other)
    shared = next(different, len(low))
    below = above = 0
    for length in range(shared + 1, MAX_POSITION_LENGTH + 1):
        below = below * _BASE + _VALUES[low[length - 1 : length] or "0"]
        above = above * _BASE + _VALUES[high[length - 1 : length] or "0"]
        # A truncated `high` is below `high`.
        numbers = range(below + 1, above + (length < len(high)))
        if numbers and length % step == 0:
            return low[:shared] + from_number(choose(numbers), length - shared)
    return None
