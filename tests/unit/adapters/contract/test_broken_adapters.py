import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.opening import open_at_once
from tests.unit.adapters.contract.broken import PROMISES, feeds, lists, quotas, suite, tasks, trash
from todo_adapters.contract.shrinking import Shrinking
from todo_adapters.contract.state_machine import SMALL_QUOTAS, RepositoryMachine
from todo_adapters.in_memory import InMemoryTaskRepository
from todo_domain import TodoError


class _Failures:
    """A pytest plugin that runs, for each broken adapter, only the test that must find it."""

    def __init__(self) -> None:
        self.of: dict[type, dict[str, BaseException]] = {adapter: {} for adapter in PROMISES}

    def pytest_collection_modifyitems(self, items: list[pytest.Function]) -> None:
        items[:] = [item for item in items if PROMISES[_adapter_of(item)] == item.originalname]

    def pytest_runtest_makereport(self, item: pytest.Function, call: pytest.CallInfo[None]) -> None:
        if call.excinfo:
            self.of[_adapter_of(item)][item.name] = call.excinfo.value


def _adapter_of(item: pytest.Function) -> type:
    (adapter,) = (value for name, value in item.callspec.params.items() if name.startswith("make_"))
    assert isinstance(adapter, type)
    return adapter


@pytest.fixture(scope="module")
def failures() -> _Failures:
    failures = _Failures()
    pytest.main([suite.__file__, "--noconftest", "--capture=no", "-pno:cacheprovider", "-pno:cov"], plugins=[failures])
    return failures


@pytest.mark.parametrize("adapter", PROMISES)
def test_a_broken_adapter_fails_the_test_that_names_the_promise(adapter: type, failures: _Failures) -> None:
    failed = failures.of[adapter]

    assert failed, f"{adapter.__name__} passes {PROMISES[adapter]}"
    assert all(name.startswith(PROMISES[adapter]) for name in failed)
    # A wrong result or a wrong error of the domain: not an adapter that merely crashes.
    assert all(isinstance(error, AssertionError | pytest.fail.Exception | TodoError) for error in failed.values())


def test_a_failed_comparison_shows_what_was_compared(failures: _Failures) -> None:
    comparisons = [
        error for failed in failures.of.values() for error in failed.values() if type(error) is AssertionError
    ]

    assert comparisons
    assert all("assert " in str(error) for error in comparisons)


SEARCH = settings(
    max_examples=1000,
    phases=[Phase.generate],
    derandomize=True,
    database=None,
    deadline=None,
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow],
)


@pytest.mark.parametrize(
    "adapter",
    [
        tasks.LeaksAUsersTasks,
        lists.ListsInAnUnstableOrder,
        tasks.ReusesAnId,
        tasks.SkipsARevision,
        tasks.RaisesTheRevisionForNothing,
        feeds.ForgetsADeletion,
        trash.ListsTheOldestFirst,
    ],
)
def test_the_state_machine_alone_finds_what_a_single_caller_can_see(adapter: type[InMemoryTaskRepository]) -> None:
    with asyncio.Runner() as runner, pytest.raises(AssertionError):
        run_state_machine_as_test(
            lambda: RepositoryMachine(open_at_once(adapter()), runner.get_loop().run_until_complete),  # type: ignore[arg-type] # makes a machine
            settings=SEARCH,
        )


@pytest.mark.parametrize(
    "adapter",
    [
        quotas.NeverCountsDown,
        quotas.JudgesEachOperationOfABatch,
        quotas.RemembersEveryDeletion,
        trash.KeepsAllTrash,
    ],
)
def test_the_state_machine_alone_finds_a_wrong_counter(adapter: type[InMemoryTaskRepository]) -> None:
    repository = open_at_once(adapter())
    repository.quotas = SMALL_QUOTAS
    with asyncio.Runner() as runner, pytest.raises(AssertionError):
        run_state_machine_as_test(
            lambda: RepositoryMachine(repository, runner.get_loop().run_until_complete, quotas=SMALL_QUOTAS),  # type: ignore[arg-type] # makes a machine
            settings=SEARCH,
        )


def test_a_failing_sequence_is_not_shrunk_any_further_when_the_time_is_up() -> None:
    shrinking = Shrinking(seconds=0)
    failed_machines = set[RepositoryMachine]()

    class Counting(RepositoryMachine):
        def _compare(self, method: str, *args: Any, **named: Any) -> Any:
            try:
                return super()._compare(method, *args, **named)
            except AssertionError:
                failed_machines.add(self)
                raise

    def search() -> None:
        with asyncio.Runner() as runner, shrinking.report():
            run = runner.get_loop().run_until_complete
            run_state_machine_as_test(
                lambda: Counting(open_at_once(feeds.ForgetsADeletion()), run, shrinking),  # type: ignore[arg-type] # makes a machine
                settings=settings(SEARCH, phases=[Phase.generate, Phase.shrink]),
            )

    with pytest.raises(AssertionError, match="has a wrong result") as failed:
        search()

    *_, last_call = str(failed.value).splitlines()
    assert last_call.startswith("changes('user-")
    assert isinstance(failed.value.__cause__, AssertionError)
    assert len(failed_machines) == 1


def test_an_error_before_the_time_is_up_is_reported_as_it_is() -> None:
    with pytest.raises(LookupError), Shrinking().report():
        raise LookupError
