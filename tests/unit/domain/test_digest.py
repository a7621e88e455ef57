"""A digest must not change with the code, because it is stored or sent to clients."""

import dataclasses
import datetime as dt
from dataclasses import dataclass, make_dataclass
from typing import Any

import pytest

from todo_domain.digest import digester


@dataclass(frozen=True)
class Note:
    text: str
    size: int = 1
    day: dt.date | None = None


NAMES: dict[type, str] = {Note: "note"}
NOTE = Note("a", day=dt.date(2026, 12, 1))


def test_a_renamed_class_with_its_fields_in_another_order_and_a_new_one_has_the_same_digest() -> None:
    fields: list[Any] = [
        ("day", Any, dataclasses.field(default=None)),
        ("new", int, dataclasses.field(default=0)),
        ("size", int, dataclasses.field(default=1)),
        ("text", str, dataclasses.field(default="")),
    ]
    renamed = make_dataclass("Renamed", fields, frozen=True)

    assert digester({renamed: "note"})(renamed(text="a", day=dt.date(2026, 12, 1))) == digester(NAMES)(NOTE)


@pytest.mark.parametrize("other", [Note("b"), Note("a"), Note("a", 2), Note("a", 1, dt.date(2026, 12, 2))], ids=repr)
def test_another_value_has_another_digest(other: Note) -> None:
    assert digester(NAMES)(other) != digester(NAMES)(NOTE)


def test_another_type_has_another_digest() -> None:
    assert digester({Note: "letter"})(NOTE) != digester(NAMES)(NOTE)


@pytest.mark.parametrize("content", [NOTE, (NOTE,), 1j, {1}], ids=repr)
def test_a_type_without_a_name_is_refused(content: object) -> None:
    with pytest.raises(TypeError, match=r"^a digest can't contain a (Note|complex|set)$"):
        digester()(content)
