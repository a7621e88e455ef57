"""Where a moved item is placed, and which neighbours get new positions if there is no room."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from todo_domain.position import (
    MAX_POSITION_LENGTH,
    between,
    from_number,
    initial_position,
    just_above,
    just_below,
    to_number,
    unit_of,
)

_SPREAD_REACH: Final = 256

# All but an eighth of the room goes to the two gaps beside the moved item: the next item often
# goes there too.
_SHARE: Final = 8

# Bits of room that a spread must give before its neighbours are worth their revisions. Without it,
# spreads of few neighbours follow each other, and each gives less room.
_SPREAD_BITS: Final = 150


class Neighbour(NamedTuple):
    """An item beside a gap, and its position."""

    id: int
    position: str


class Placement(NamedTuple):
    """The position of a moved item, and the new positions of neighbours by id, none in most cases."""

    position: str
    spread: Mapping[int, str]


def wider_reach(reach: int) -> int:
    """Return how many neighbours to read on each side if that many left no room: 256, later four times as many."""
    return max(_SPREAD_REACH, 4 * reach)


def place(
    below: Sequence[Neighbour],
    above: Sequence[Neighbour],
    *,
    reach: int,
    last_id: int,
    current: str | None = None,
) -> Placement | None:
    """Place an item between its neighbours; None if the neighbours must be read again with `wider_reach`.

    An adapter begins with a reach of 1, and reads, places and writes under the lock of the list.

    - below, above: the neighbours on each side, nearest first, without the item itself
    - reach: how many neighbours were requested on each side; if there are fewer, the list ends there
    - last_id: the highest id that was ever given to an item; the position is below the initial
      position of every later id
    - current: the position that the item has; it is kept if it is between the neighbours

    The farthest neighbours keep their positions unless the list ends there.
    """
    end = initial_position(last_id + 1)
    low = below[0].position if below else ""
    high = above[0].position if above else end
    if current is not None and low < current < high:
        return Placement(current, {})
    if not below:
        position = just_below(high)
    elif not above:
        position = just_above(low, high)
    else:
        position = between(low, high)
    if position:
        return Placement(position, {})
    lows = [to_number(each.position) for each in below] + [0] * (len(below) < reach)
    highs = [to_number(each.position) for each in above] + [to_number(end)] * (len(above) < reach)
    window = max(_windows(lows, highs), key=_Window.value, default=None)
    return window.spread(below[: window.below], above[: window.above]) if window else None


class _Window(NamedTuple):
    """The numbers of neighbours to spread on each side, and the bounds that they are spread between."""

    below: int
    above: int
    low: int
    high: int

    def step(self, unit: int = 1) -> int:
        """Return the distance of the spread neighbours, in units."""
        return (self.high // unit - self.low // unit) // (_SHARE * (self.below + self.above))

    def value(self) -> float:
        """Return how much room a spread gives for each neighbour that it changes."""
        return ((self.high - self.low).bit_length() - _SPREAD_BITS) / (self.below + self.above)

    def spread(self, below: Sequence[Neighbour], above: Sequence[Neighbour]) -> Placement:
        """Give the neighbours the shortest positions in equal steps from the bounds, and the item the middle."""
        # Truncating a bound moves it down by less than one unit, and a step is at least one unit.
        lengths = range(1, MAX_POSITION_LENGTH + 1)
        length = next(each for each in lengths if self.step(unit_of(each)))
        unit = unit_of(length)
        step, low, high = self.step(unit), self.low // unit, self.high // unit
        numbers = {each.id: low + step * (self.below - index) for index, each in enumerate(below)}
        numbers |= {each.id: high - step * (self.above - index) for index, each in enumerate(above)}
        middle = (low + step * self.below + high - step * self.above) // 2
        spread = {item_id: from_number(number, length) for item_id, number in numbers.items()}
        return Placement(from_number(middle, length), spread)


def _windows(lows: Sequence[int], highs: Sequence[int]) -> Iterator[_Window]:
    """Widen a window by one neighbour at a time, where that gives more room, and yield each that has enough."""
    gains_below = [*(near - far for near, far in pairwise(lows)), -1]
    gains_above = [*(far - near for near, far in pairwise(highs)), -1]
    below = above = 0
    for _ in range(len(lows) + len(highs) - 2):
        if gains_below[below] > gains_above[above]:
            below += 1
        else:
            above += 1
        window = _Window(below, above, lows[below], highs[above])
        if window.step():
            yield window
