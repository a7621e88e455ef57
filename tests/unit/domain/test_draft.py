from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.strategies import CONTROLS, SURROGATES, drafts, fields, lines, patches, texts
from todo_domain import ABSENT, EmptyPatch, Priority, RuleViolated, TaskDraft, TaskPatch

UNCLEAN = "must not contain control characters or lone surrogates"
BROKEN = "must not contain tabs or line breaks"
EMPTY_TITLE = "must have 1 to 200 characters besides white space at its ends"
WHITE_SPACE = [" ", "\t", "\n", "\r", "\r\n", "\u0085", "\u00a0", "\u2003", "\u2028", "\u3000"]
WIDE = "\U0001f600"


def fields_refused(make: type[TaskDraft | TaskPatch], named: dict[str, Any]) -> set[str | int]:
    try:
        make(**named)
    except RuleViolated as refusal:
        return {violation.field[0] for violation in refusal.violations}
    return set()


def test_a_draft_needs_only_a_title() -> None:
    draft = TaskDraft(title="Buy milk")

    assert draft.description is None
    assert draft.complete is False
    assert draft.priority is Priority.MEDIUM
    assert draft.due is None
    assert draft.tags == ()
    assert draft.checklist == ()


@pytest.mark.parametrize("character", ["a", "\u00e9", "\u4e16", WIDE])
@pytest.mark.parametrize("length", [1, 200])
def test_a_title_has_1_to_200_code_points(character: str, length: int) -> None:
    title = character * length

    assert TaskDraft(title=title).title == title


@pytest.mark.parametrize("character", ["a", "\u00e9", "\u4e16", WIDE])
def test_a_title_of_201_code_points_is_refused(character: str) -> None:
    with pytest.raises(RuleViolated, match=r"^title: must have at most 200 characters$"):
        TaskDraft(title=character * 201)


@pytest.mark.parametrize("title", ["", *WHITE_SPACE, "".join(WHITE_SPACE), " " * 201])
def test_a_title_of_only_white_space_is_refused(title: str) -> None:
    with pytest.raises(RuleViolated, match=f"^title: {EMPTY_TITLE}$"):
        TaskDraft(title=title)


@pytest.mark.parametrize("space", WHITE_SPACE)
def test_white_space_at_the_ends_of_a_title_is_removed_before_counting(space: str) -> None:
    title = "a" * 199 + "b"

    assert TaskDraft(title=space + title + space).title == title


@given(lines(200))
def test_trimming_again_changes_nothing(text: str) -> None:
    once = TaskDraft(title=text, tags=(text[:50].strip() or "x",))

    twice = TaskDraft(title=once.title, tags=once.tags)

    assert twice == once
    assert once.title == text.strip()


@pytest.mark.parametrize("control", CONTROLS, ids=ascii)
def test_a_title_with_a_control_character_is_refused(control: str) -> None:
    with pytest.raises(RuleViolated, match=f"^title: ({UNCLEAN}|{BROKEN})$"):
        TaskDraft(title=f"a{control}b")


@pytest.mark.parametrize("unclean", [*sorted(set(CONTROLS) - set("\t\n\r")), *SURROGATES], ids=ascii)
@pytest.mark.parametrize("around", ["{}b", "a{}", "a{}b", "{}"])
def test_control_characters_and_lone_surrogates_are_refused_everywhere(unclean: str, around: str) -> None:
    text = around.format(unclean)

    with pytest.raises(RuleViolated, match=f"^title: {UNCLEAN}; description: {UNCLEAN}; tags.0: {UNCLEAN}$"):
        TaskDraft(title=text, description=text, tags=(text,))


@pytest.mark.parametrize("space", ["\t", "\n", "\r"], ids=ascii)
@pytest.mark.parametrize("around", ["{}b", "a{}", "a{}b", "{}"])
def test_a_description_may_contain_tabs_and_line_breaks_everywhere(space: str, around: str) -> None:
    text = around.format(space)

    assert TaskDraft(title="x", description=text).description == text


@given(texts(1000, also="\t\n\r"))
def test_a_description_is_stored_as_given(text: str) -> None:
    assert TaskDraft(title="x", description=text).description == text


@pytest.mark.parametrize("character", [" ", "a", "\u4e16", WIDE])
@pytest.mark.parametrize("length", [0, 1, 1000])
def test_a_description_has_up_to_1000_code_points(character: str, length: int) -> None:
    text = character * length

    assert TaskDraft(title="x", description=text).description == text


@pytest.mark.parametrize("character", [" ", "a", "\u4e16", WIDE])
def test_a_description_of_1001_code_points_is_refused(character: str) -> None:
    with pytest.raises(RuleViolated, match=r"^description: must have at most 1000 characters$"):
        TaskDraft(title="x", description=character * 1001)


def test_a_task_has_up_to_20_tags_in_their_order() -> None:
    tags = tuple(f"tag {number}" for number in range(20, 0, -1))

    assert TaskDraft(title="x", tags=tags).tags == tags


def test_more_than_20_tags_are_refused_even_if_some_are_the_same() -> None:
    with pytest.raises(RuleViolated, match=r"^tags: must have at most 20 tags$"):
        TaskDraft(title="x", tags=("a",) * 21)


@pytest.mark.parametrize("character", ["a", "\u4e16", WIDE])
def test_a_tag_has_1_to_50_code_points_after_trimming(character: str) -> None:
    tags = (character, character * 50)

    assert TaskDraft(title="x", tags=tuple(f" {tag}\n" for tag in tags)).tags == tags


def test_every_tag_that_breaks_a_rule_is_named() -> None:
    not_text: Any = 5
    message = (
        "^tags.1: must have at most 50 characters; "
        "tags.2: must have 1 to 50 characters besides white space at its ends; "
        "tags.4: must not contain tabs or line breaks; "
        "tags.5: must be text$"
    )

    with pytest.raises(RuleViolated, match=message):
        TaskDraft(title="x", tags=("fine", WIDE * 51, " ", "fine too", "a\tb", not_text))


@pytest.mark.parametrize("same", ["Stra\u00dfe", "STRASSE", "strasse", " Strasse "])
def test_of_tags_that_differ_only_in_case_only_the_first_is_stored(same: str) -> None:
    draft = TaskDraft(title="x", tags=("a", "strasse", same, "B", "b", "A"))

    assert draft.tags == ("a", "strasse", "B")


@given(drafts)
def test_a_draft_of_accepted_values_is_the_same_draft(draft: TaskDraft) -> None:
    assert replace(draft) == draft


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("title", None, "must be text"),
        ("title", ABSENT, "must be text"),
        ("title", 5, "must be text"),
        ("title", b"x", "must be text"),
        ("title", ["x"], "must be text"),
        ("description", 5, "must be text"),
        ("description", ["x"], "must be text"),
        ("description", ABSENT, "must be text"),
        ("complete", None, "must be true or false"),
        ("complete", 1, "must be true or false"),
        ("complete", "true", "must be true or false"),
        ("complete", ABSENT, "must be true or false"),
        ("priority", None, "must be low, medium or high"),
        ("priority", 2, "must be low, medium or high"),
        ("priority", "high", "must be low, medium or high"),
        ("priority", [], "must be low, medium or high"),
        ("priority", ABSENT, "must be low, medium or high"),
        ("due", ABSENT, "must be a day, with or without a time and a time zone"),
        ("tags", None, "must be a list of tags"),
        ("tags", "abc", "must be a list of tags"),
        ("tags", {"a": "b"}, "must be a list of tags"),
        ("tags", {"a"}, "must be a list of tags"),
        ("tags", ABSENT, "must be a list of tags"),
    ],
)
def test_a_value_of_another_type_is_refused(field: str, value: Any, message: str) -> None:
    named: dict[str, Any] = {"title": "x", field: value}

    with pytest.raises(RuleViolated, match=f"^{field}: {message}$"):
        TaskDraft(**named)


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ("title", "must be text"),
        ("complete", "must be true or false"),
        ("priority", "must be low, medium or high"),
        ("tags", "must be a list of tags"),
    ],
)
def test_a_patch_clears_nothing_but_description_and_due(field: str, message: str) -> None:
    named: dict[str, Any] = {field: None}

    with pytest.raises(RuleViolated, match=f"^{field}: {message}$"):
        TaskPatch(**named)


anything: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(), st.dates(), st.lists(st.integers())
)


@given(st.fixed_dictionaries(dict.fromkeys(fields, anything)))
def test_a_draft_or_patch_of_any_values_is_accepted_or_refused_with_violations(named: dict[str, Any]) -> None:
    for make in (TaskDraft, TaskPatch):
        refused = fields_refused(make, named)
        accepted = {name: value for name, value in named.items() if name not in refused}

        assert refused <= set(fields)
        assert fields_refused(make, {"title": "x", **accepted}) == set()


def test_all_violations_of_a_draft_are_reported_at_once() -> None:
    nothing: Any = None

    with pytest.raises(RuleViolated) as refusal:
        TaskDraft(title="", description="\0", complete=nothing, priority=nothing, due=nothing, tags=nothing)

    assert [(violation.field, violation.code) for violation in refusal.value.violations] == [
        (("title",), "text_too_short"),
        (("description",), "text_control"),
        (("complete",), "bool_type"),
        (("priority",), "priority_type"),
        (("tags",), "tags_type"),
    ]


def test_an_error_never_contains_the_value() -> None:
    with pytest.raises(RuleViolated) as refusal:
        TaskDraft(title="secret\0", description="secret" * 200, tags=("secret\tsecret",))

    assert "secret" not in str(refusal.value)


def test_a_patch_without_a_field_is_refused() -> None:
    with pytest.raises(EmptyPatch, match=r"^a patch must name at least one field$"):
        TaskPatch()


def test_a_patch_distinguishes_absent_fields_from_cleared_ones() -> None:
    patch = TaskPatch(description=None, due=None)

    assert patch.named_fields() == {"description": None, "due": None}


@given(patches)
def test_a_patch_keeps_the_rules_of_a_draft(patch: TaskPatch) -> None:
    named = patch.named_fields()

    draft = TaskDraft(**{"title": "x", **named})

    assert {name: getattr(draft, name) for name in named} == named
