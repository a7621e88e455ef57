from typing import Any

import pytest

from todo_domain import Move, RuleViolated


@pytest.mark.parametrize(
    ("move", "anchor"),
    [
        (Move(after=12), 12),
        (Move(before=2**53 - 1), 2**53 - 1),
        (Move(first=True), None),
        (Move(last=True), None),
    ],
)
def test_a_move_names_one_place(move: Move, anchor: int | None) -> None:
    assert move.anchor == anchor


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"first": False},
        {"after": 1, "before": 2},
        {"after": 1, "before": 1},
        {"after": 1, "last": True},
        {"before": 1, "first": True},
        {"first": True, "last": True},
    ],
)
def test_a_move_to_no_place_or_to_two_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(RuleViolated, match=r"^move: must name exactly one of after, before, first and last$") as error:
        Move(**fields)

    assert [each.code for each in error.value.violations] == ["move_place"]


@pytest.mark.parametrize("anchor", [0, -1, 2**53, 1.0, "12", True])
@pytest.mark.parametrize("field", ["after", "before"])
def test_an_anchor_is_an_id(field: str, anchor: Any) -> None:
    with pytest.raises(RuleViolated, match=rf"^move.{field}: must be an id, 1 to 9007199254740991$"):
        Move(**{field: anchor})


@pytest.mark.parametrize("value", [1, "yes"])
@pytest.mark.parametrize("field", ["first", "last"])
def test_an_end_is_true_or_false(field: str, value: Any) -> None:
    with pytest.raises(RuleViolated, match=rf"^move.{field}: must be true or false$"):
        Move(**{field: value})


@pytest.mark.parametrize(("move", "field"), [(Move(after=3), "after"), (Move(before=3), "before")])
def test_the_error_for_an_anchor_names_its_field(move: Move, field: str) -> None:
    (violation,) = move.refused_anchor().violations

    assert (violation.field, violation.code) == (("move", field), "unknown_anchor")
    assert violation.message == "must be the id of another item of the list"
