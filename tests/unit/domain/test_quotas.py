from typing import Any

import pytest

from todo_domain import NO_QUOTAS, ListCounters, QuotaExceeded, Quotas, RuleViolated, TooManyKeys

QUOTAS = Quotas(max_open_tasks=2, max_tasks=5, max_keys=3)
BOUNDS = {
    "open_count": (2, QuotaExceeded("open tasks", 2)),
    "task_count": (5, QuotaExceeded("tasks", 5)),
    "key_count": (3, TooManyKeys(3)),
}
every_counter = pytest.mark.parametrize(
    ("counter", "limit", "error"), [(counter, *bound) for counter, bound in BOUNDS.items()]
)


def counters(counter: str, value: int) -> ListCounters:
    return ListCounters(**{counter: value})


@every_counter
def test_a_counter_may_reach_its_bound(counter: str, limit: int, error: Exception) -> None:
    del error

    QUOTAS.check(counters(counter, limit - 1), counters(counter, limit))


@every_counter
def test_an_increase_above_the_bound_is_refused(counter: str, limit: int, error: Exception) -> None:
    for before in (0, limit, limit + 1):
        with pytest.raises(type(error), match=f"^{error}$"):
            QUOTAS.check(counters(counter, before), counters(counter, max(before, limit) + 1))


@every_counter
def test_a_counter_above_its_bound_may_stay_or_decrease(counter: str, limit: int, error: Exception) -> None:
    del error

    for after in (limit + 3, limit + 2):
        QUOTAS.check(counters(counter, limit + 3), counters(counter, after))


@every_counter
def test_without_a_bound_every_number_is_allowed(counter: str, limit: int, error: Exception) -> None:
    del limit, error

    NO_QUOTAS.check(ListCounters(), counters(counter, 10**9))


def test_the_errors_name_the_bound() -> None:
    assert str(QuotaExceeded("open tasks", 10_000)) == "a user can have at most 10000 open tasks"
    assert (QuotaExceeded("tasks", 5).counted, QuotaExceeded("tasks", 5).limit) == ("tasks", 5)
    assert str(TooManyKeys(7)) == "at most 7 operations with an idempotency key are remembered"
    assert TooManyKeys(7).limit == 7


@pytest.mark.parametrize(
    ("bound", "count", "surplus"),
    [
        (0, 10**6, 0),
        (3, 3, 0),
        (3, 4, 1),
        (1000, 1000, 0),
        (1000, 1001, 11),
        (100_000, 100_001, 1000),
        (100_000, 250_000, 1000),
        (10, 2000, 1000),
    ],
)
def test_above_the_bound_deletions_are_forgotten_down_to_99_percent_and_at_most_1000_at_once(
    bound: int, count: int, surplus: int
) -> None:
    assert Quotas(max_deletions=bound).surplus_deletions(count) == surplus
    assert Quotas(max_trash=bound).surplus_trash(count) == surplus


@pytest.mark.parametrize("value", [-1, 1.5, "3", True, None])
@pytest.mark.parametrize("name", ["max_open_tasks", "max_tasks", "max_deletions", "max_trash", "max_keys"])
def test_a_bound_is_0_or_a_positive_integer(name: str, value: Any) -> None:
    with pytest.raises(RuleViolated, match=f"^{name}: must be 0 or a positive integer$"):
        Quotas(**{name: value})
