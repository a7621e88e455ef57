from typing import cast

import pytest

from tests.unit.broken import PROMISES, Broken, suite
from todo_domain import TodoError


class _Failures:
    """A pytest plugin that runs, for each broken adapter, only the test that must find it."""

    def __init__(self) -> None:
        self.of: dict[Broken, dict[str, BaseException]] = {adapter: {} for adapter in PROMISES}

    def pytest_collection_modifyitems(self, items: list[pytest.Function]) -> None:
        items[:] = [item for item in items if PROMISES[_adapter_of(item)] == item.originalname]

    def pytest_runtest_makereport(self, item: pytest.Function, call: pytest.CallInfo[None]) -> None:
        if call.excinfo:
            self.of[_adapter_of(item)][item.name] = call.excinfo.value


def _adapter_of(item: pytest.Function) -> Broken:
    return cast("Broken", item.callspec.params["open_repository"])


@pytest.fixture(scope="module")
def failures() -> _Failures:
    failures = _Failures()
    pytest.main([suite.__file__, "--noconftest", "--capture=no", "-pno:cacheprovider", "-pno:cov"], plugins=[failures])
    return failures


@pytest.mark.parametrize("adapter", PROMISES)
def test_a_broken_adapter_fails_the_contract_by_the_name_of_the_promise(adapter: Broken, failures: _Failures) -> None:
    failed = failures.of[adapter]

    assert failed, f"{adapter.__name__} passes {PROMISES[adapter]}"
    assert all(name.startswith(PROMISES[adapter]) for name in failed)
    assert all(isinstance(error, AssertionError | pytest.fail.Exception | TodoError) for error in failed.values()), (
        failed
    )
