import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.strategies import NOON
from todo_domain import AccessDenied, Principal, RuleViolated, Scope, UserId

ALLOWED = set(string.ascii_letters + string.digits + "-._~!$&'()*+,;=:@|")
RULE = r"^user_id: must have 1 to 128 ASCII letters, digits and characters of - \. _ ~ .* and be neither \. nor \.\.$"


def is_user_id(value: str) -> bool:
    try:
        UserId(value)
    except RuleViolated:
        return False
    return True


def test_the_characters_of_a_user_id_are_the_documented_ones() -> None:
    accepted = {chr(code) for code in range(0x250) if is_user_id("a" + chr(code))}

    assert accepted == ALLOWED


@given(st.text() | st.text(sorted(ALLOWED), max_size=200))
def test_a_user_id_is_1_to_128_of_the_documented_characters_except_one_or_two_dots(text: str) -> None:
    expected = set(text) <= ALLOWED and 1 <= len(text) <= 128 and text not in {".", ".."}

    assert is_user_id(text) is expected


@pytest.mark.parametrize("text", ["a", "a" * 128, "...", ".a", "a.", "auth0|5f7", "did:plc:x", "a@b.c", "-", "a..b"])
def test_a_user_id_is_accepted_unchanged(text: str) -> None:
    assert UserId(text) == text


@pytest.mark.parametrize(
    "text", ["", "a" * 129, ".", "..", "a\n", "a b", "a/b", "a%2Fb", "é", "\u0661", "\0", "\ud800"]
)
def test_text_that_breaks_the_rule_is_refused(text: str) -> None:
    with pytest.raises(RuleViolated, match=RULE):
        UserId(text)


@pytest.mark.parametrize("value", [None, 1, True, b"alice", ["alice"]])
def test_a_user_id_that_is_not_text_is_refused(value: Any) -> None:
    with pytest.raises(RuleViolated, match=RULE):
        UserId(value)


@pytest.mark.parametrize(("scope", "others"), [(Scope.TASKS_WRITE, {Scope.TASKS_READ}), (Scope.TASKS_READ, set())])
def test_a_principal_that_may_write_may_also_read(scope: Scope, others: set[Scope]) -> None:
    alice = Principal(UserId("alice"), NOON, frozenset({scope}))

    assert alice.scopes == {scope, *others}


def test_a_principal_has_access_to_its_own_list() -> None:
    alice = Principal(UserId("alice"), expires_at=NOON)

    owner = alice.access("alice")

    assert owner == UserId("alice")
    assert isinstance(owner, UserId)


@pytest.mark.parametrize("owner", ["bob", "Alice", "alice ", "alic", "alicea", "", "..", None])
def test_a_principal_has_no_access_to_another_list(owner: Any) -> None:
    alice = Principal(UserId("alice"), expires_at=NOON)

    with pytest.raises(AccessDenied, match=r"^the token belongs to another user$"):
        alice.access(owner)
