"""What one user can use at a time is bounded, and no user notices another's bound."""

import asyncio
from collections.abc import Callable

import pytest
from starlette.types import Scope

from tests.unit.domain.strategies import task
from tests.usage import requests_until_refused
from todo_api.http.deadlines import HAS_DISCONNECTED, Deadlines, PendingRequest
from todo_api.http.problems import RATE_LIMITED, ProblemError
from todo_api.http.user_limits import MAX_WAITING, Bounds, Usage, UserLimits
from todo_domain import ChecklistItem, Deletion

SECOND = 1.0
DELETION = Deletion(1, 1)


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now = 1e6

    def __call__(self) -> float:
        return self.now


def limits(clock: Clock | None = None, **bounds: int) -> UserLimits:
    return UserLimits(Bounds(**{"in_progress": 10, "streams": 10, "work_per_second": 100, **bounds}), clock or Clock())


async def pace(usage: Usage) -> None:
    async with usage.pace():
        pass


async def begin(usage: Usage, request: PendingRequest | None = None) -> None:
    if not usage.try_begin_request():
        await usage.wait_to_begin(request or pending())


def pending(seconds: float = 5, scope: Scope | None = None) -> PendingRequest:
    return PendingRequest(Deadlines(seconds), scope or {"method": "GET"})


def refusal(call: Callable[[], object]) -> tuple[str, dict[str, str]]:
    with pytest.raises(ProblemError) as refused:
        call()
    assert refused.value.problem_type == RATE_LIMITED
    return refused.value.detail, dict(refused.value.headers or {})


def test_a_user_may_use_the_work_of_five_seconds_at_once() -> None:
    assert requests_until_refused(limits().usage_of("alice")) == 500


def test_after_the_burst_a_user_gets_the_work_of_each_second() -> None:
    clock = Clock()
    usage = limits(clock).usage_of("alice")
    requests_until_refused(usage)

    clock.now += SECOND

    assert requests_until_refused(usage) == 100


def test_a_pause_of_five_seconds_restores_the_burst_and_a_longer_one_adds_nothing() -> None:
    clock = Clock()
    usage = limits(clock).usage_of("alice")
    requests_until_refused(usage)

    clock.now += 5 * SECOND
    assert requests_until_refused(usage) == 500

    clock.now += 3600 * SECOND
    assert requests_until_refused(usage) == 500


@pytest.mark.parametrize(
    ("operations", "tasks", "sizes", "units"),
    [
        ([100], [], [], 10),
        ([1], [], [], 1),
        ([], [500], [], 25),
        ([], [2] * 10, [], 1),
        ([], [0], [], 0),
        ([100], [100], [], 15),
        ([], [], [512 * 1024], 64),
        ([], [], [8192] * 10, 0),
        ([50], [], [12 * 8192], 17),
    ],
)
def test_ten_operations_twenty_tasks_and_eight_kibibytes_cost_as_much_as_a_request(
    operations: list[int], tasks: list[int], sizes: list[int], units: int
) -> None:
    usage = limits().usage_of("alice")

    for count in operations:
        usage.charge_operations(count)
    for count in tasks:
        usage.charge_tasks([DELETION] * count)
    for count in sizes:
        usage.charge_bytes(count)

    assert requests_until_refused(usage) == 500 - units


def test_a_task_in_another_form_costs_more() -> None:
    usage = limits().usage_of("alice")

    usage.charge_tasks([task()] * 100, cost=4)

    assert requests_until_refused(usage) == 480


def test_four_items_of_a_checklist_cost_as_much_as_a_task() -> None:
    usage = limits().usage_of("alice")

    usage.charge_tasks([task(checklist=(ChecklistItem("a"),) * 76)] * 10)

    assert requests_until_refused(usage) == 500 - 10


def test_a_refusal_costs_nothing_and_says_when_to_come_back() -> None:
    clock = Clock()
    usage = limits(clock).usage_of("alice")
    requests_until_refused(usage)
    usage.charge_tasks([DELETION] * 4000)

    detail, headers = refusal(usage.charge_request)
    refusal(usage.charge_request)

    assert "100 units of work a second" in detail
    assert headers == {"Retry-After": "3", "RateLimit-Policy": '"work";q=500;w=5', "RateLimit": '"work";r=0;t=3'}
    clock.now += 3 * SECOND
    usage.charge_request()


def test_without_a_bound_a_user_may_do_everything() -> None:
    usage = limits(in_progress=0, streams=0, work_per_second=0).usage_of("alice")

    async def scenario() -> None:
        for _ in range(1000):
            usage.charge_request()
            usage.charge_tasks([DELETION] * 500)
            usage.begin_stream()
            await begin(usage)
        await pace(usage)

    asyncio.run(asyncio.wait_for(scenario(), 10))


def test_one_users_work_does_not_count_for_another() -> None:
    users = limits()
    requests_until_refused(users.usage_of("alice"))

    assert requests_until_refused(users.usage_of("bob")) == 500


def test_users_who_do_nothing_are_forgotten() -> None:
    clock = Clock()
    users = limits(clock)
    for number in range(5_000):
        users.usage_of(f"user-{number}").charge_request()
        clock.now += SECOND / 1000

    assert len(users) <= 2_000


def test_users_who_are_not_idle_are_remembered() -> None:
    clock = Clock()
    users = limits(clock, in_progress=1, streams=1)
    users.usage_of("streaming").begin_stream()
    assert users.usage_of("busy").try_begin_request()
    for number in range(5_000):
        users.usage_of(f"user-{number}").charge_request()
        clock.now += SECOND / 1000

    refusal(users.usage_of("streaming").begin_stream)
    assert not users.usage_of("busy").is_idle()


def test_the_eleventh_stream_is_refused_until_another_ends() -> None:
    usage = limits().usage_of("alice")
    for _ in range(10):
        usage.begin_stream()

    _, headers = refusal(usage.begin_stream)

    assert headers["RateLimit-Policy"] == '"streams";q=10;qu="concurrent-requests"'
    usage.end_stream()
    usage.begin_stream()


def test_the_eleventh_request_waits_and_all_are_served_in_order() -> None:
    begun: list[int] = []
    served: list[int] = []

    async def request(usage: Usage, number: int) -> None:
        await begin(usage)
        begun.append(number)
        assert len(begun) - len(served) <= 10
        await asyncio.sleep(0)
        served.append(number)
        usage.end_request()

    async def scenario() -> None:
        usage = limits(work_per_second=0).usage_of("alice")
        await asyncio.gather(*(request(usage, number) for number in range(10 + MAX_WAITING)))
        assert usage.is_idle()

    asyncio.run(scenario())

    assert served == list(range(10 + MAX_WAITING))


def test_a_full_queue_refuses_and_a_waiting_request_is_refused_at_its_deadline() -> None:
    async def scenario() -> None:
        usage = limits(in_progress=1).usage_of("alice")
        await begin(usage)
        waiting = [asyncio.create_task(begin(usage, pending(0.05))) for _ in range(MAX_WAITING)]
        await asyncio.sleep(0)

        with pytest.raises(ProblemError) as full:
            await begin(usage)
        refused = await asyncio.gather(*waiting, return_exceptions=True)

        assert (full.value.headers or {})["RateLimit-Policy"] == '"in-progress";q=1;qu="concurrent-requests"'
        assert {type(error) for error in refused} == {ProblemError}
        usage.end_request()
        await begin(usage)

    asyncio.run(scenario())


@pytest.mark.parametrize("cancelled_first", [True, False])
def test_a_request_that_is_cancelled_at_the_moment_of_its_turn_leaves_it_to_the_next(*, cancelled_first: bool) -> None:
    async def scenario() -> None:
        usage = limits(in_progress=1, work_per_second=0).usage_of("alice")
        await begin(usage)
        first, second = (asyncio.create_task(begin(usage)) for _ in range(2))
        await asyncio.sleep(0)

        for step in (first.cancel, usage.end_request) if cancelled_first else (usage.end_request, first.cancel):
            step()

        await asyncio.wait_for(second, 1)
        with pytest.raises(asyncio.CancelledError):
            await first
        usage.end_request()
        assert usage.is_idle()

    asyncio.run(scenario())


def test_a_request_whose_client_has_gone_does_not_begin_after_its_wait() -> None:
    async def scenario() -> None:
        usage = limits(in_progress=1).usage_of("alice")
        await begin(usage)
        gone = pending(scope={"method": "GET", "state": {HAS_DISCONNECTED: lambda: True}})
        waiting = asyncio.create_task(begin(usage, gone))
        await asyncio.sleep(0)

        usage.end_request()

        with pytest.raises(ProblemError):
            await waiting
        await begin(usage)

    asyncio.run(scenario())


def test_what_is_sent_is_slowed_down_to_leave_half_of_the_burst(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    usage = limits().usage_of("alice")

    for _ in range(3):
        usage.charge_tasks([DELETION] * 2500)
        asyncio.run(pace(usage))

    assert slept == [0, 0, 1.25]
    assert requests_until_refused(usage) == 125


def test_one_response_of_a_user_at_most_gets_on_in_a_turn_of_the_event_loop() -> None:
    usage = limits(work_per_second=0).usage_of("alice")
    parts: list[int] = []
    turn = 0

    async def respond() -> None:
        for _ in range(3):
            await pace(usage)
            parts.append(turn)

    async def scenario() -> None:
        nonlocal turn
        responses = [asyncio.create_task(respond()) for _ in range(4)]
        while not all(response.done() for response in responses):
            turn += 1
            await asyncio.sleep(0)

    asyncio.run(scenario())

    assert len(parts) == 12
    assert len(set(parts)) == len(parts)
