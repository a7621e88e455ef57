"""The laws of an order made by hand, on a list that follows the protocol of an adapter."""

from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from todo_domain import Neighbour, initial_position
from todo_domain.placement import Placement, place, wider_reach
from todo_domain.position import MAX_POSITION_LENGTH, from_number, to_number

MOVES = 10_000
WIDEST_SPREAD = 2 * (wider_reach(1) - 1)


class Order:
    """A list of items, from the first to the last."""

    def __init__(self, positions: dict[int, str], last_id: int) -> None:
        self.ids = list(positions)
        self.positions = positions
        self.last_id = last_id
        self.spread_sizes: list[int] = []

    @classmethod
    def of_new_items(cls, count: int) -> "Order":
        return cls({item_id: initial_position(item_id) for item_id in range(1, count + 1)}, count)

    @classmethod
    def without_room(cls, count: int) -> "Order":
        """Return a list whose positions directly follow each other at the greatest length."""
        first = to_number(initial_position(1))
        positions = (from_number(first + number, MAX_POSITION_LENGTH) for number in range(1, 2 * count))
        longest = [each for each in positions if len(each) == MAX_POSITION_LENGTH]
        return cls(dict(enumerate(longest[:count], 1)), count)

    def place(self, index: int, reach: int, current: str | None = None) -> Placement | None:
        below, above = self.ids[max(index - reach, 0) : index], self.ids[index : index + reach]
        return place(
            [Neighbour(item_id, self.positions[item_id]) for item_id in reversed(below)],
            [Neighbour(item_id, self.positions[item_id]) for item_id in above],
            reach=reach,
            last_id=self.last_id,
            current=current,
        )

    def insert(self, index: int, item_id: int, current: str | None = None) -> str:
        reach = 1
        while (placement := self.place(index, reach, current)) is None:
            reach = wider_reach(reach)
        self.ids.insert(index, item_id)
        self.positions |= {**placement.spread, item_id: placement.position}
        self.spread_sizes.append(len(placement.spread))
        return placement.position

    def check(self) -> None:
        keys = [self.positions[item_id] for item_id in self.ids]
        assert all(low < high for low, high in pairwise(keys))
        assert all(1 <= len(key) <= MAX_POSITION_LENGTH and not key.endswith("0") for key in keys)
        assert keys[-1] < initial_position(self.last_id + 1)


PATTERNS: dict[str, tuple[Callable[[int, int, int], int], float]] = {
    "directly after one item": (lambda _move, _previous, _count: 1, 1.01),
    "directly before one item": (lambda _move, _previous, count: count - 1, 1.01),
    "beside the newest item, on both sides in turn": (lambda move, previous, _count: previous + move % 2, 1.5),
    "after one item and before another in turn": (lambda move, _previous, count: 1 if move % 2 else count - 1, 1.01),
    "beside the newest item, 40 times on each side": (lambda move, previous, _count: previous + move // 40 % 2, 1.5),
    "first": (lambda _move, _previous, _count: 0, 1),
    "last": (lambda _move, _previous, count: count, 1),
}


@pytest.mark.parametrize("pattern", PATTERNS)
def test_10000_insertions_keep_positions_short_and_cost_at_most_the_stated_revisions(pattern: str) -> None:
    choose, revisions_per_move = PATTERNS[pattern]
    order = Order.of_new_items(2)

    index = 1
    for move in range(MOVES):
        index = choose(move, index, len(order.ids))
        order.insert(index, 3 + move)

    order.check()
    assert MOVES + sum(order.spread_sizes) <= revisions_per_move * MOVES
    assert max(order.spread_sizes) <= WIDEST_SPREAD


@pytest.mark.parametrize("last_id", [1, 9, 10, 2**53 - 1])
def test_after_many_moves_to_last_the_next_new_item_is_still_the_last(last_id: int) -> None:
    order = Order({last_id: initial_position(last_id)}, last_id)

    for number in range(200):
        made = order.insert(len(order.ids), -number)

    order.check()
    assert len(made) <= 21


@given(
    st.sampled_from([Order.of_new_items, Order.without_room]),
    st.integers(1, 60),
    st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), max_size=40),
)
def test_after_any_sequence_of_moves_the_order_is_that_of_a_plain_list(
    make: Callable[[int], Order], count: int, moves: list[tuple[int, int]]
) -> None:
    order = make(count)
    plain = list(order.ids)

    for source, target in moves:
        moved = plain.pop(source % count)
        order.ids.remove(moved)
        plain.insert(target % count, moved)
        order.insert(target % count, moved, current=order.positions[moved])

        assert order.ids == plain
        order.check()


def test_a_move_to_where_the_item_is_keeps_its_position() -> None:
    order = Order.of_new_items(3)
    order.ids.remove(2)

    assert order.insert(1, 2, current=initial_position(2)) == initial_position(2)
    assert order.spread_sizes == [0]


def test_a_restored_item_whose_position_another_item_has_gets_a_new_one() -> None:
    order = Order({1: "V"}, last_id=3)

    order.insert(1, 2, current="V")
    order.insert(0, 3, current="V")

    order.check()


def test_an_item_can_be_placed_in_an_empty_list() -> None:
    order = Order({}, last_id=7)

    order.insert(0, 7)

    order.check()


def test_without_room_between_the_neighbours_more_of_them_are_requested() -> None:
    order = Order.without_room(1_000)

    assert order.place(500, 1) is None
    assert order.place(500, 256) is None
    assert order.place(500, 1024) is not None
    assert (wider_reach(1), wider_reach(256)) == (256, 1024)


def test_the_farthest_neighbours_keep_their_positions_unless_the_list_ends_there() -> None:
    order = Order.without_room(8)

    bounded, at_the_ends = order.place(4, 4), order.place(4, 5)

    assert bounded is None
    assert at_the_ends is not None
    assert at_the_ends.spread


def test_items_with_equal_positions_are_separated() -> None:
    order = Order({1: "V", 2: "V"}, last_id=2)

    order.insert(1, 3)

    order.check()
