import contextlib
from datetime import timedelta

import pytest

from tests.tokens import NOW, SECRET, StoppedClock, hs256
from todo_adapters.contract import (
    Contract,
    OpenRepository,
    OpenVerifier,
    Store,
    TaskRepositoryContract,
    TokenVerifierContract,
)
from todo_adapters.in_memory import InMemoryTaskRepository
from todo_adapters.jwt.shared_secret import SharedSecretTokenVerifier
from todo_domain import Principal, UserId

PROMISE = "test_an_id_is_never_given_out_twice"


class TestInMemoryTaskRepository(TaskRepositoryContract):
    @pytest.fixture
    def open_repository(self) -> OpenRepository:
        return lambda: contextlib.nullcontext(InMemoryTaskRepository())

    async def test_a_subclass_can_add_tests(self, repository: Store) -> None:
        assert isinstance(repository, InMemoryTaskRepository)


class TestSharedSecretTokenVerifier(TokenVerifierContract):
    @pytest.fixture
    def open_verifier(self) -> OpenVerifier:
        verifier = SharedSecretTokenVerifier([SECRET], StoppedClock())
        return lambda: contextlib.nullcontext(
            (verifier, hs256(), Principal(UserId("alice"), NOW + timedelta(seconds=900)))
        )


class Lenient:
    """Brings a test under the name of a promise, ahead of the contract that makes it."""

    def test_an_id_is_never_given_out_twice(self) -> None: ...


@pytest.mark.parametrize("replacement", [lambda _: None, None, pytest.mark.skip])
def test_a_subclass_cannot_override_a_promise(replacement: object) -> None:
    with pytest.raises(TypeError, match=rf"must not override RemovesForGood\.{PROMISE}"):
        type("TestCheat", (TaskRepositoryContract,), {PROMISE: replacement})


def test_another_base_cannot_override_a_promise() -> None:
    with pytest.raises(TypeError, match=rf"must not override RemovesForGood\.{PROMISE}"):
        type("TestCheat", (Lenient, TaskRepositoryContract), {})


def test_a_subclass_of_a_subclass_cannot_override_a_promise() -> None:
    with pytest.raises(TypeError, match=r"must not override TestInMemoryTaskRepository\.test_a_subclass"):
        type("TestCheat", (TestInMemoryTaskRepository,), {"test_a_subclass_can_add_tests": None})


def test_every_promise_is_a_test_of_the_whole_contract() -> None:
    promises = {name for promise in Contract.__subclasses__() for name in vars(promise) if name.startswith("test_")}

    held = {name for contract in (TaskRepositoryContract, TokenVerifierContract) for name in dir(contract)}

    assert promises <= held
