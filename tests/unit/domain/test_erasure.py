import asyncio
from datetime import datetime, timedelta

import pytest

from tests.opening import open_at_once
from tests.tokens import NOW, StoppedClock
from todo_adapters.in_memory import InMemoryTaskRepository
from todo_domain import (
    AccessDenied,
    ErasureInProgress,
    ErasureUseCase,
    Principal,
    RuleViolated,
    Scope,
    ScopeMissing,
    TaskDraft,
    TaskQuery,
    TaskUseCases,
    TodoError,
    TokenRejected,
    TokenTooOld,
    UserId,
    require_not_erased,
)
from todo_domain.erasure import MAX_TOKEN_AGE

SECOND = timedelta(seconds=1)
TASKS_ONLY = frozenset({Scope.TASKS_READ, Scope.TASKS_WRITE})


def alice(issued_at: datetime = NOW, **fields: frozenset[Scope]) -> Principal:
    return Principal(UserId("alice"), NOW + timedelta(hours=1), issued_at=issued_at, **fields)


class Erasures:
    """A store, and the erasures that were noted."""

    def __init__(self) -> None:
        self.repository = open_at_once(InMemoryTaskRepository())
        self.noted: list[tuple[UserId, datetime]] = []

    def erase(self, principal: Principal, owner: str = "alice", confirm: str = "alice") -> None:
        use_case = ErasureUseCase(
            self.repository, StoppedClock(), lambda *erased: self.noted.append(erased), principal, owner, confirm
        )
        while not asyncio.run(use_case.step()):
            pass


def test_a_user_id_has_the_time_at_which_the_token_of_its_principal_was_issued() -> None:
    assert alice(NOW).access("alice").issued_at == NOW
    assert Principal(UserId("alice"), NOW).user_id.issued_at.year == 1970
    assert UserId("alice").issued_at.year == 9999
    assert UserId("alice", NOW) == UserId("alice")


def test_an_erasure_leaves_nothing_and_is_noted_once() -> None:
    erasures = Erasures()
    asyncio.run(erasures.repository.add(UserId("alice"), TaskDraft(title="a"), at=NOW))

    erasures.erase(alice())

    assert asyncio.run(erasures.repository.list(UserId("alice"), TaskQuery())).tasks == ()
    assert erasures.noted == [("alice", NOW)]


def test_an_erasure_refuses_its_own_token_even_if_the_clock_of_the_issuer_is_ahead() -> None:
    erasures = Erasures()

    erasures.erase(alice(NOW + SECOND))

    assert erasures.noted == [("alice", NOW + SECOND)]


@pytest.mark.parametrize(
    ("principal", "owner", "confirm", "error"),
    [
        (alice(), "bob", "bob", AccessDenied),
        (alice(scopes=TASKS_ONLY), "alice", "alice", ScopeMissing),
        (alice(NOW - MAX_TOKEN_AGE), "alice", "alice", TokenTooOld),
        (Principal(UserId("alice"), NOW), "alice", "alice", TokenTooOld),
        (alice(), "alice", "Alice", RuleViolated),
    ],
)
def test_only_the_owner_with_a_new_session_erases_and_confirms_it(
    principal: Principal, owner: str, confirm: str, error: type[TodoError]
) -> None:
    erasures = Erasures()

    with pytest.raises(error):
        erasures.erase(principal, owner, confirm)

    assert erasures.noted == []


@pytest.mark.parametrize("issued_at", [NOW - SECOND, NOW])
def test_a_token_from_before_the_erasure_is_refused(issued_at: datetime) -> None:
    user = alice(issued_at).user_id

    require_not_erased(user, None)
    for is_erasing in (False, True):
        with pytest.raises(TokenRejected):
            require_not_erased(user, NOW, is_erasing=is_erasing)
    with pytest.raises(TokenRejected):
        TaskUseCases(Erasures().repository, StoppedClock(), alice(issued_at), "alice", erased_at=lambda _: NOW)


def test_a_later_token_is_accepted_when_the_erasure_is_complete() -> None:
    user = alice(NOW + SECOND).user_id

    require_not_erased(user, NOW)
    with pytest.raises(ErasureInProgress):
        require_not_erased(user, NOW, is_erasing=True)
    TaskUseCases(Erasures().repository, StoppedClock(), alice(NOW + SECOND), "alice", erased_at=lambda _: NOW)
