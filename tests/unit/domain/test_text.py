"""Canonical caseless match (Unicode, D145), and visible characters."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.strategies import texts, words
from todo_domain import RuleViolated, TaskDraft
from todo_domain.text import fold, is_visible

EVERY_CHARACTER = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000]
MARKS = ["\u0307", "\u0301", "\u0323", "\u0345", "\u0328"]


@given(texts(10) | words(10))
def test_folding_again_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_folding_a_folded_character_changes_nothing_whatever_follows_it() -> None:
    followed = [
        *EVERY_CHARACTER,
        *(base + first + second for base in "iI\u0130\u0131\u01f0" for first in MARKS for second in MARKS),
    ]

    folded = [fold(text) for text in followed]

    assert list(map(fold, folded)) == folded


@given(texts(10) | words(10))
def test_texts_match_in_every_composition_and_case(text: str) -> None:
    forms = {unicodedata.normalize(form, text) for form in ("NFC", "NFD")}

    assert {fold(form) for form in forms} == {fold(text)}
    assert {fold(form.casefold()) for form in forms} == {fold(text)}


@given(st.text(st.characters(max_codepoint=0x7F)))
def test_ascii_is_folded_to_lower_case(text: str) -> None:
    assert fold(text) == text.lower() == text.casefold()


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("İstanbul", "istanbul"),
        ("I\u0307STANBUL", "istanbul"),
        ("DİYARBAKIR", "diyarbakir"),
        ("Cafe\u0301", "café"),
        ("Straße", "strasse"),
        ("Σίσυφος", "σίσυφοσ"),
        ("z\u0307", "ż"),
        ("\u1100\u1161", "\uac00"),
        ("\u03b1\u0345\u0301", "\u03ac\u03b9"),
    ],
    ids=ascii,
)
def test_folding_is_a_canonical_caseless_match_with_a_plain_i(text: str, folded: str) -> None:
    assert fold(text) == folded


def test_the_first_of_tags_that_differ_only_in_composition_is_kept() -> None:
    assert TaskDraft(title="x", tags=("cafe\u0301", "Café", "İ", "i")).tags == ("cafe\u0301", "İ")


INVISIBLE = [
    *("\u200b", "\u200d", "\ufeff", "\u00ad", "\u2060", "\u3164", "\u115f", "\uffa0", "\u2800", "\u180e", "\ufe0f"),
    *("\x7f", "\x80", "\u202e", "\U000e0041", "\U0001d173", "\u200b \u200b"),
]


@pytest.mark.parametrize("text", INVISIBLE, ids=ascii)
def test_a_title_or_a_tag_of_invisible_characters_is_refused(text: str) -> None:
    message = "must have a visible character"

    with pytest.raises(RuleViolated, match=rf"^title: {message}; tags\.0: {message}$"):
        TaskDraft(title=text, tags=(text,))


@pytest.mark.parametrize("text", ["👩‍👩‍👧", "❤\ufe0f", "\u0301", "\u0600", "می‌خواهم", ".\u200b"], ids=ascii)
def test_invisible_characters_beside_a_visible_one_are_kept(text: str) -> None:
    assert TaskDraft(title=text, tags=(text,), description="\u200b").title == text


def test_white_space_and_controls_are_invisible() -> None:
    blank = {text for text in EVERY_CHARACTER if text.isspace() or unicodedata.category(text) in {"Cc", "Zl", "Zp"}}

    assert not any(map(is_visible, blank))
