"""Access tokens: their rules, their form, and what they permit."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.opening import open_at_once
from tests.tokens import base64url
from tests.unit.domain.strategies import ALICE, NOON
from todo_adapters.in_memory import InMemoryTaskRepository
from todo_domain import (
    AccessDenied,
    AccessToken,
    AccessTokenDraft,
    AccessTokenNotFound,
    AccessTokenUseCases,
    Principal,
    RuleViolated,
    Scope,
    ScopeMissing,
    TokenRejected,
    UserId,
)
from todo_domain.access_token import MAX_TOKEN_LIFE, TOKEN_SCOPES, hash_of, new_secret, owner_of

READ, WRITE, CALENDAR = TOKEN_SCOPES
SECRET = base64url(bytes(32))


class Clock:
    def now(self) -> datetime:
        return NOON


def draft(*scopes: str, name: str = "Backup", expires_at: datetime | None = None) -> AccessTokenDraft:
    return AccessTokenDraft(name=name, scopes=scopes or [READ], expires_at=expires_at)


def token(*scopes: str, expires_at: datetime | None = None) -> AccessToken:
    return AccessToken.from_draft(draft(*scopes, expires_at=expires_at), user_id=ALICE, at=NOON)


def violated(make: Callable[[], object]) -> list[tuple[Any, str]]:
    with pytest.raises(RuleViolated) as error:
        make()
    return [(violation.field[0], violation.code) for violation in error.value.violations]


def test_a_draft_is_trimmed_and_its_scopes_are_put_into_one_order() -> None:
    accepted = AccessTokenDraft(name=" Backup ", scopes=["tasks:write", "tasks:read", "tasks:write"])

    assert (accepted.name, accepted.scopes) == ("Backup", (READ, WRITE))


@pytest.mark.parametrize("scopes", [[], ["tasks"], ["account"], ["tasks:read", "x"], ["TASKS:READ"], "tasks:read"])
def test_a_token_has_at_least_one_scope_and_no_unknown_one(scopes: Any) -> None:
    assert violated(lambda: AccessTokenDraft(name="a", scopes=scopes)) == [("scopes", "choice")]


@pytest.mark.parametrize("other", [READ, WRITE])
def test_a_calendar_token_has_no_other_scope(other: Scope) -> None:
    assert violated(lambda: draft(CALENDAR, other)) == [("scopes", "scope_combination")]
    assert draft(CALENDAR).scopes == (CALENDAR,)


@pytest.mark.parametrize("name", ["", " ", "a" * 101, "a\nb", "\u200b"])
def test_the_name_is_a_visible_line(name: str) -> None:
    assert [field for field, _ in violated(lambda: draft(name=name))] == ["name"]


@pytest.mark.parametrize("after", [timedelta(0), timedelta(seconds=-1), MAX_TOKEN_LIFE + timedelta(microseconds=1)])
def test_a_token_expires_in_the_future_and_at_most_a_year_ahead(after: timedelta) -> None:
    assert violated(lambda: token(expires_at=NOON + after)) == [("expires_at", "expiry")]
    assert token(expires_at=NOON + MAX_TOKEN_LIFE).expires_at == NOON + MAX_TOKEN_LIFE


def test_a_token_has_expired_from_exactly_that_time() -> None:
    limited = token(expires_at=NOON + timedelta(seconds=1))

    assert not limited.has_expired(NOON)
    assert limited.has_expired(NOON + timedelta(seconds=1))
    assert not token().has_expired(NOON.replace(year=9999))


@pytest.mark.parametrize(
    ("scopes", "permitted"), [([READ], {READ}), ([WRITE], {READ, WRITE}), ([CALENDAR], {CALENDAR})]
)
def test_writing_includes_reading_and_no_token_manages_tokens(scopes: list[Scope], permitted: set[Scope]) -> None:
    principal = token(*scopes).principal

    assert (principal.user_id, set(principal.scopes)) == (ALICE, permitted)
    with pytest.raises(ScopeMissing, match="does not have the scope account"):
        principal.require(Scope.ACCOUNT)


@given(st.from_regex(r"[A-Za-z0-9\-_~!$&'()*+,;=:@|]{1,128}", fullmatch=True).map(UserId))
def test_a_secret_names_its_owner(user_id: UserId) -> None:
    assert owner_of(new_secret(user_id)) == user_id


def test_secrets_are_different_and_have_256_random_bits() -> None:
    first, second = (new_secret(ALICE) for _ in range(2))

    assert first != second
    assert len(first.rpartition(".")[2]) == 43
    assert hash_of(first) != hash_of(second)


@pytest.mark.parametrize(
    "malformed",
    [
        "todo_pat_",
        "todo_pat_.",
        f"todo_pat_.{SECRET}",
        f"todo_pat_{base64url(b'alice')}",
        f"todo_pat_{base64url(b'alice')}.{SECRET[:-1]}",
        f"todo_pat_{base64url(b'alice')}.{SECRET}A",
        f"todo_pat_{base64url(b'alice')}=.{SECRET}",
        f"todo_pat_{base64url(b'alice')}.{SECRET}=",
        f"todo_pat_{base64url(b'alice')}.{SECRET}\n",
        f"todo_pat_YWxpY2V.{SECRET}",  # two bits besides those of the last byte
        f"todo_pat_{base64url(b'alice')}.{SECRET[:-1]}B",
        f"todo_pat_AAAAA.{SECRET}",  # a length that no content has
        f"todo_pat_{base64url(b'..')}.{SECRET}",
        f"todo_pat_{base64url(b'a b')}.{SECRET}",
        f"todo_pat_{base64url('é'.encode())}.{SECRET}",
        f"todo_pat_{base64url(b'a' * 129)}.{SECRET}",
        f"TODO_PAT_{base64url(b'alice')}.{SECRET}",
        f"todo_pat_{base64url(b'alice')}.{SECRET}.{SECRET}",
    ],
)
def test_a_token_of_any_other_form_is_rejected(malformed: str) -> None:
    with pytest.raises(TokenRejected, match=r"^the access token is malformed$"):
        owner_of(malformed)


def test_only_the_owner_with_a_session_manages_tokens_and_removal_is_reported() -> None:
    forgotten: list[UserId] = []

    def use_cases(principal: Principal, owner: str = "alice") -> AccessTokenUseCases:
        store = open_at_once(InMemoryTaskRepository())
        return AccessTokenUseCases(store.access_tokens, Clock(), forgotten.append, principal, owner)

    async def scenario() -> None:
        tokens = use_cases(Principal(ALICE, NOON))
        created, secret = await tokens.create(draft())
        assert list(await tokens.list()) == [created]
        assert (owner_of(secret), created.created_at) == (ALICE, NOON)
        assert forgotten == []
        await tokens.remove(created.id)
        with pytest.raises(AccessTokenNotFound):
            await tokens.remove(created.id)
        assert await tokens.list() == []

    asyncio.run(scenario())

    assert forgotten == [ALICE, ALICE]
    with pytest.raises(ScopeMissing):
        use_cases(token(READ, WRITE).principal)
    with pytest.raises(AccessDenied, match="belongs to another user"):
        use_cases(Principal(ALICE, NOON), "bob")
