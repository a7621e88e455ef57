"""The rules of a checklist are the same in a draft and in a patch."""

from typing import Any

import pytest

from tests.unit.domain.strategies import NOON, task
from todo_domain import ABSENT, ChecklistItem, RuleViolated, TaskDraft, TaskPatch

TITLE = "must have 1 to 200 characters besides white space at its ends"


def items(count: int) -> tuple[ChecklistItem, ...]:
    return tuple(ChecklistItem(f"step {number}") for number in range(count))


@pytest.mark.parametrize("count", [0, 1, 100])
def test_a_task_has_up_to_100_items_in_their_order(count: int) -> None:
    assert TaskDraft(title="x", checklist=items(count)).checklist == items(count)
    assert TaskPatch(checklist=items(count)).checklist == items(count)


def test_more_than_100_items_are_refused_before_one_of_them_is_checked() -> None:
    wrong: Any = (None,) * 101

    with pytest.raises(RuleViolated, match=r"^checklist: must have at most 100 items$"):
        TaskDraft(title="x", checklist=wrong)


def test_white_space_at_the_ends_of_an_item_is_removed_before_counting() -> None:
    longest = ChecklistItem("a" * 200, complete=True)

    draft = TaskDraft(title="x", checklist=(ChecklistItem(f" {longest.title}\n", complete=True), longest))

    assert draft.checklist == (longest, longest)


def test_each_wrong_item_is_named_by_its_position_and_its_field() -> None:
    not_a_flag: Any = "yes"
    not_an_item: Any = "a"
    wrong = (
        ChecklistItem("fine"),
        ChecklistItem(" "),
        ChecklistItem("a" * 201, complete=not_a_flag),
        not_an_item,
        ChecklistItem("a\tb"),
        ChecklistItem("\u200b"),
    )

    with pytest.raises(RuleViolated) as refusal:
        TaskPatch(checklist=wrong)

    assert [(".".join(map(str, each.field)), each.message) for each in refusal.value.violations] == [
        ("checklist.1.title", TITLE),
        ("checklist.2.title", "must have at most 200 characters"),
        ("checklist.2.complete", "must be true or false"),
        ("checklist.3", "must be an item with a title"),
        ("checklist.4.title", "must not contain tabs or line breaks"),
        ("checklist.5.title", "must have a visible character"),
    ]


@pytest.mark.parametrize("value", [None, "abc", {"title": "a"}, ABSENT])
def test_a_checklist_that_is_not_a_list_is_refused(value: Any) -> None:
    with pytest.raises(RuleViolated, match=r"^checklist: must be a list of items$"):
        TaskDraft(title="x", checklist=value)


def test_a_patch_replaces_the_whole_checklist() -> None:
    old = task(checklist=items(3))

    assert old.patched(TaskPatch(checklist=items(1)), NOON).checklist == items(1)
    assert old.patched(TaskPatch(title="y"), NOON).checklist == items(3)
    assert old.patched(TaskPatch(checklist=items(3)), NOON) is old
