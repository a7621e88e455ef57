import contextlib
from abc import ABC
from datetime import timedelta

import pytest

from tests.opening import with_quotas
from tests.tokens import NOW, SECRET, StoppedClock, hs256
from todo_adapters.contract import (
    Contract,
    DurableTaskRepositoryContract,
    MakeRepository,
    MakeVerifier,
    TaskRepositoryContract,
    TokenVerifierContract,
    lifecycle,
    verifier,
)
from todo_adapters.contract.durability import SurvivesReopening
from todo_adapters.contract.suite import missing_methods_of
from todo_adapters.in_memory import InMemoryTaskRepository
from todo_adapters.jwt.shared_secret import SharedSecretTokenVerifier
from todo_domain import AccessTokenRepository, Principal, Task, TaskRepository, TaskStore, TokenVerifier, UserId

PROMISE = "test_an_id_is_never_used_twice"


class TestInMemoryTaskRepository(DurableTaskRepositoryContract):
    @pytest.fixture
    def make_repository(self) -> MakeRepository:
        return with_quotas(InMemoryTaskRepository())

    async def test_a_subclass_can_add_tests(self, repository: TaskStore) -> None:
        assert isinstance(repository, InMemoryTaskRepository)


class TestSharedSecretTokenVerifier(TokenVerifierContract):
    @pytest.fixture
    def make_verifier(self) -> MakeVerifier:
        verifier = SharedSecretTokenVerifier([SECRET], StoppedClock())
        principal = Principal(UserId("alice"), NOW + timedelta(seconds=900))
        return lambda: contextlib.nullcontext((verifier, hs256(), principal))


class Lenient:
    """Defines a test with the name of a promise, as an earlier base than the contract."""

    def test_an_id_is_never_used_twice(self) -> None: ...


@pytest.mark.parametrize("replacement", [lambda _: None, None, pytest.mark.skip])
def test_a_subclass_cannot_override_a_promise(replacement: object) -> None:
    with pytest.raises(TypeError, match=rf"must not override RemovesTasks\.{PROMISE}"):
        type("TestCheat", (TaskRepositoryContract,), {PROMISE: replacement})


def test_another_base_cannot_override_a_promise() -> None:
    with pytest.raises(TypeError, match=rf"must not override RemovesTasks\.{PROMISE}"):
        type("TestCheat", (Lenient, TaskRepositoryContract), {})


def test_a_subclass_of_a_subclass_cannot_override_a_promise() -> None:
    with pytest.raises(TypeError, match=r"must not override TestInMemoryTaskRepository\.test_a_subclass"):
        type("TestCheat", (TestInMemoryTaskRepository,), {"test_a_subclass_can_add_tests": None})


def test_every_promise_is_a_test_of_the_whole_contract() -> None:
    promises = {name for promise in Contract.__subclasses__() for name in vars(promise) if name.startswith("test_")}

    held = {name for contract in (DurableTaskRepositoryContract, TokenVerifierContract) for name in dir(contract)}

    assert promises <= held


def test_every_method_of_the_ports_is_called_before_opening_and_after_closing() -> None:
    of_tokens = {f"access_tokens.{name}" for name in missing_methods_of(object, AccessTokenRepository)}
    of_store = set(missing_methods_of(object, TaskStore))
    assert {"__aenter__", "__aexit__", *lifecycle.CALLS} == of_store | of_tokens
    assert {"__aenter__", "__aexit__", *verifier.CALLS} == set(missing_methods_of(object, TokenVerifier))


def test_an_adapter_that_inherits_from_a_port_lacks_the_methods_that_it_does_not_define() -> None:
    class Halfway(TaskRepository, ABC):
        async def get(self, user_id: UserId, task_id: int) -> Task:
            raise NotImplementedError

    missing = missing_methods_of(Halfway, TaskRepository)

    assert "get" not in missing
    assert {"add", "list", "__aenter__"} <= set(missing)


class Collected:
    """A pytest plugin that notes the tests in the order in which they would run, and runs none."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def pytest_collection_modifyitems(self, items: list[pytest.Function]) -> None:
        self.names = [item.originalname for item in items]
        items.clear()


def test_missing_methods_are_reported_first_and_the_state_machine_runs_last() -> None:
    collected = Collected()
    contract = f"{__file__}::{TestInMemoryTaskRepository.__name__}"

    pytest.main([contract, "--noconftest", "-q", "-pno:cacheprovider", "-pno:cov"], plugins=[collected])

    *promised, added = collected.names
    assert promised[0] == "test_no_method_is_missing"
    assert promised[-1] == "test_any_sequence_of_calls_has_the_results_of_the_model"
    assert added == "test_a_subclass_can_add_tests"


def test_a_durable_contract_has_the_same_promises_and_those_of_durability() -> None:
    promises = set(dir(TaskRepositoryContract))

    assert set(dir(DurableTaskRepositoryContract)) == promises | set(dir(SurvivesReopening))
