import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from todo_domain import TASKS, CursorExpired, FeedState, FeedToken, Kind, RuleViolated, revision_floor
from todo_domain.task import MAX_REVISION

REFUSED = r"^since: must be the next token of an earlier response$"
epochs = st.from_regex(r"[a-z0-9]{1,32}", fullmatch=True)


@given(epochs, st.integers(0, MAX_REVISION), st.sampled_from([TASKS, frozenset({Kind.PROJECT}), frozenset(Kind)]))
def test_parsing_a_token_reverses_str(epoch: str, revision: int, kinds: frozenset[Kind]) -> None:
    token = FeedToken(epoch, revision, kinds=kinds)

    assert FeedToken.parse(str(token)) == token


@given(st.text() | st.from_regex(re.compile(r"[a-z0-9]{0,33}\.?[0-9]*\n?", re.ASCII), fullmatch=True))
def test_text_that_str_of_a_token_never_returns_is_refused(text: str) -> None:
    try:
        token = FeedToken.parse(text)
    except RuleViolated:
        return

    assert str(token) == text
    assert 0 <= token.revision <= MAX_REVISION


@pytest.mark.parametrize(
    "text", ["k3v9.42", "k3v9.42-p", "k3v9.42.99-pt", "0.0", "a" * 32 + ".1", "k." + str(2**53 - 1)]
)
def test_the_tokens_of_the_stores_are_accepted(text: str) -> None:
    assert str(FeedToken.parse(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "42",
        ".42",
        "k3v9",
        "k3v9.",
        "k3v9.-1",
        "k3v9.+1",
        "k3v9.042",
        "k3v9.4.2",
        "k3v9.4-",
        "k3v9.4-t",
        "k3v9.4-tp",
        "k3v9.4-x",
        "k3v9.1e3",
        "k3v9.42\n",
        " k3v9.42",
        "K3V9.42",
        "a" * 33 + ".1",
        "k." + str(2**53),
        "k." + "9" * 16,
        "k." + "9" * 5000,
        "k.\u0661",
        "\u0661.1",
        "\0.1",
        "\ud800.1",
    ],
)
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(RuleViolated, match=REFUSED):
        FeedToken.parse(text)


@pytest.mark.parametrize("value", [None, 42, b"k3v9.42", ["k3v9.42"]])
def test_a_token_that_is_not_text_is_refused(value: Any) -> None:
    with pytest.raises(RuleViolated, match=REFUSED):
        FeedToken.parse(value)


def test_a_revision_floor_counts_milliseconds_since_1970_and_leaves_room_above() -> None:
    assert revision_floor(datetime(1970, 1, 2, microsecond=3999, tzinfo=UTC)) == 86_400_003
    assert revision_floor(datetime(9999, 12, 31, tzinfo=UTC)) < MAX_REVISION // 10


@given(st.integers(0, 1000), st.integers(1, 1000))
def test_a_token_of_an_incomplete_read_contains_its_base(revision: int, ahead: int) -> None:
    token = FeedToken("k3v9", revision, revision + ahead)

    assert str(token) == f"k3v9.{revision}.{revision + ahead}"
    assert FeedToken.parse(str(token)) == token


@pytest.mark.parametrize("text", ["k.5.5", "k.5.4", "k.5.0", "k.5.06", "k.5.", f"k.5.{2**53}", "k.5.9.10"])
def test_a_base_below_the_revision_is_refused(text: str) -> None:
    with pytest.raises(RuleViolated):
        FeedToken.parse(text)


@pytest.mark.parametrize(("of_token", "requested"), [(TASKS, frozenset(Kind)), (frozenset(Kind), TASKS)])
def test_a_token_continues_only_a_read_of_the_same_kinds(of_token: frozenset[Kind], requested: frozenset[Kind]) -> None:
    state, token = FeedState("k3v9", 5, 0), FeedToken("k3v9", 4, kinds=of_token)

    assert state.page(token, 1, [], of_token).next == FeedToken("k3v9", 5, kinds=of_token)
    with pytest.raises(CursorExpired):
        state.page(token, 1, [], requested)
