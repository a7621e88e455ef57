from datetime import date, time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.strategies import drafts, patches
from todo_domain import (
    Batch,
    Create,
    Due,
    Erase,
    IdempotencyConflict,
    IdempotencyKey,
    Patch,
    Priority,
    Remove,
    Restore,
    RuleViolated,
    TaskDraft,
    TaskPatch,
)

VISIBLE = {chr(code) for code in range(0x21, 0x7F)}
RULE = r"^idempotency_key: must be 1 to 255 visible ASCII characters$"


def fingerprint(request: object) -> str:
    return IdempotencyKey.of_request("key", request).fingerprint


@given(st.text(max_size=5) | st.text(sorted(VISIBLE), max_size=300))
def test_a_key_is_1_to_255_visible_characters(text: str) -> None:
    try:
        accepted = IdempotencyKey(text, "").key == text
    except RuleViolated:
        accepted = False

    assert accepted is (1 <= len(text) <= 255 and set(text) <= VISIBLE)


@pytest.mark.parametrize("key", ["a", "a" * 255, "".join(sorted(VISIBLE))])
def test_a_key_at_the_limits_is_accepted_unchanged(key: str) -> None:
    assert IdempotencyKey.of_request(key, TaskDraft(title="x")).key == key


@pytest.mark.parametrize(
    "key", ["", "a" * 256, " ", "a b", "a\n", "a\t", "\0", "\x7f", "\u00e9", "\ud800", None, 5, b"a", ["a"]], ids=ascii
)
def test_any_other_key_is_refused(key: Any) -> None:
    with pytest.raises(RuleViolated, match=RULE):
        IdempotencyKey.of_request(key, TaskDraft(title="x"))


@given(drafts, drafts)
def test_drafts_have_one_fingerprint_if_and_only_if_they_are_equal(one: TaskDraft, other: TaskDraft) -> None:
    assert (fingerprint(one) == fingerprint(other)) is (one == other)
    assert fingerprint(one) == fingerprint(TaskDraft(**{n: getattr(one, n) for n in TaskDraft.__dataclass_fields__}))


@given(patches, patches)
def test_patches_have_one_fingerprint_if_and_only_if_they_are_equal(one: TaskPatch, other: TaskPatch) -> None:
    assert (fingerprint(Patch(1, one)) == fingerprint(Patch(1, other))) is (one == other)


def test_the_order_of_a_set_makes_no_difference() -> None:
    one, other = frozenset([0, 8]), frozenset([8, 0])

    assert list(one) != list(other)
    assert fingerprint(Batch((Remove(1, one),))) == fingerprint(Batch((Remove(1, other),)))


def test_similar_requests_have_different_fingerprints() -> None:
    draft = TaskDraft(title="x")
    patch = TaskPatch(title="x")
    requests = [
        draft,
        Batch((Create(draft),)),
        Batch((Create(draft), Create(draft))),
        Batch((Patch(1, patch),)),
        Batch((Patch(1, patch, frozenset()),)),
        Batch((Patch(1, patch, frozenset({1})),)),
        Batch((Patch(1, TaskPatch(title="x", description=None)),)),
        Batch((Patch(1, TaskPatch(title="x", description="null")),)),
        Batch((Patch(1, TaskPatch(title="x", description="Absent.ABSENT")),)),
        Batch((Patch(1, TaskPatch(title="x", description='{"Absent": "Absent.ABSENT"}')),)),
        Batch((Remove(1),)),
        Batch((Remove(1, frozenset()),)),
        Batch((Remove(11),)),
        Batch((Remove(1, permanent=True),)),
        Batch((Restore(1),)),
        Batch((Erase(1),)),
    ]

    assert len({fingerprint(request) for request in requests}) == len(requests)


def test_a_fingerprint_is_the_same_in_every_process_and_release() -> None:
    due = Due(date(2026, 12, 1), time(17, 0), "Europe/Berlin")
    draft = TaskDraft(title="Stra\u00dfe", priority=Priority.HIGH, due=due, tags=("a", "b"))
    batch = Batch((Create(draft), Patch(1, TaskPatch(due=None), frozenset({8, 0})), Remove(2)))

    assert fingerprint(draft) == "43321a533ed35660d7b9291052f5638193fecc8dded7e355879993d4abbbb416"
    assert fingerprint(batch) == "e337bf298809bc75a7591b6c4b6118e7c63daa7aea1877eb3a95dd57fc51d407"


def test_a_key_recognizes_the_request_that_it_was_stored_with() -> None:
    key = IdempotencyKey.of_request("key", TaskDraft(title="x"))

    key.require_fingerprint(fingerprint(TaskDraft(title=" x ")))


def test_a_key_that_was_stored_with_another_request_conflicts() -> None:
    key = IdempotencyKey.of_request("key", TaskDraft(title="x"))

    with pytest.raises(IdempotencyConflict, match=r"^this idempotency key was used for a different request$"):
        key.require_fingerprint(fingerprint(TaskDraft(title="y")))
