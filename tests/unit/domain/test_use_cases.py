import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.opening import open_at_once
from tests.unit.domain.strategies import ALICE, NOON
from todo_adapters.in_memory import InMemoryTaskRepository
from todo_domain import (
    AccessDenied,
    Batch,
    BatchFailed,
    Create,
    CursorExpired,
    Deletion,
    Due,
    FeedToken,
    IdempotencyConflict,
    Outcome,
    Patch,
    PreconditionFailed,
    Principal,
    Priority,
    QuotaExceeded,
    Quotas,
    RecurrenceDraft,
    Remove,
    RuleViolated,
    TaskDraft,
    TaskNotFound,
    TaskPatch,
    TaskQuery,
    TaskUseCases,
    TooManyKeys,
    TrashedTask,
    TrashQuery,
    UserId,
    list_writer,
    use_cases,
)

LATER = NOON + timedelta(hours=1)
MILK = TaskDraft(title="Buy milk", priority=Priority.HIGH)
BREAD = TaskDraft(title="Buy bread")
DONE = TaskPatch(complete=True)
# The tests are synchronous: each use case runs to its end, like a function call.
run = asyncio.run


@dataclass
class Clock:
    """A clock that changes only when it is set."""

    time: datetime = NOON

    def now(self) -> datetime:
        return self.time


@pytest.fixture
def repository() -> InMemoryTaskRepository:
    return open_at_once(InMemoryTaskRepository())


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def alice(repository: InMemoryTaskRepository, clock: Clock) -> TaskUseCases:
    return TaskUseCases(repository, clock, Principal(ALICE, expires_at=LATER), "alice")


@pytest.fixture
def bob(repository: InMemoryTaskRepository, clock: Clock) -> TaskUseCases:
    return TaskUseCases(repository, clock, Principal(UserId("bob"), expires_at=LATER), "bob")


def titles(of: TaskUseCases) -> list[str]:
    return [task.title for task in run(of.list(TaskQuery())).tasks]


@pytest.mark.parametrize("owner", ["alice", "nobody", "", "../bob"])
def test_no_use_case_works_on_another_users_list(repository: InMemoryTaskRepository, clock: Clock, owner: str) -> None:
    bob = Principal(UserId("bob"), expires_at=LATER)

    with pytest.raises(AccessDenied):
        TaskUseCases(repository, clock, bob, owner)


def test_a_created_task_has_the_time_of_the_clock_and_can_be_read(alice: TaskUseCases) -> None:
    added = run(alice.create(MILK))

    assert not added.replayed
    assert (added.task.user_id, added.task.id, added.task.revision) == (ALICE, 1, 1)
    assert added.task.created_at == NOON
    assert run(alice.get(1)) == added.task


def test_a_task_of_another_user_and_a_missing_task_raise_the_same_error(alice: TaskUseCases, bob: TaskUseCases) -> None:
    run(alice.create(MILK))

    for attempt in (
        bob.get(1),
        bob.patch(1, DONE),
        bob.remove(1),
        bob.restore(1),
        bob.erase(1),
    ):
        with pytest.raises(TaskNotFound, match=r"^no task 1$"):
            run(attempt)

    assert titles(alice) == ["Buy milk"]


def test_a_list_has_only_tasks_of_its_owner_that_match_the_query(alice: TaskUseCases, bob: TaskUseCases) -> None:
    run(alice.create(MILK))
    run(alice.create(BREAD))
    run(bob.create(TaskDraft(title="Buy a car", priority=Priority.HIGH)))

    page = run(alice.list(TaskQuery(priority=frozenset({Priority.HIGH}))))

    assert [task.title for task in page.tasks] == ["Buy milk"]
    assert page.revision == 2


def test_a_task_is_created_once_for_a_key(alice: TaskUseCases, clock: Clock) -> None:
    first = run(alice.create(MILK, key="k"))
    clock.time = LATER
    run(alice.patch(1, DONE))

    again = run(alice.create(MILK, key="k"))

    assert again.replayed
    assert again.task == first.task
    assert titles(alice) == ["Buy milk"]


def test_a_key_is_valid_for_one_request(alice: TaskUseCases, bob: TaskUseCases) -> None:
    run(alice.create(MILK, key="k"))

    with pytest.raises(IdempotencyConflict):
        run(alice.create(BREAD, key="k"))
    with pytest.raises(IdempotencyConflict):
        run(alice.apply(Batch((Create(MILK),)), key="k"))

    assert not run(bob.create(BREAD, key="k")).replayed
    assert titles(alice) == ["Buy milk"]


def test_without_a_key_every_call_creates(alice: TaskUseCases) -> None:
    run(alice.create(MILK))
    run(alice.create(MILK))

    assert titles(alice) == ["Buy milk", "Buy milk"]


@pytest.mark.parametrize("key", ["", "a" * 256, "a b"], ids=len)
def test_a_malformed_key_is_refused_before_any_write(alice: TaskUseCases, key: str) -> None:
    with pytest.raises(RuleViolated, match=r"^idempotency_key: "):
        run(alice.create(MILK, key=key))
    with pytest.raises(RuleViolated, match=r"^idempotency_key: "):
        run(alice.apply(Batch((Create(MILK),)), key=key))

    assert titles(alice) == []


@pytest.mark.parametrize("expected", [None, frozenset({1}), frozenset({1, 7})], ids=str)
def test_a_task_is_patched_at_an_expected_revision(
    alice: TaskUseCases, clock: Clock, expected: frozenset[int] | None
) -> None:
    run(alice.create(MILK))
    clock.time = LATER

    patched = run(alice.patch(1, DONE, expected))

    assert (patched.title, patched.completed_at, patched.revision) == ("Buy milk", LATER, 2)
    assert (patched.created_at, patched.updated_at) == (NOON, LATER)
    assert run(alice.get(1)) == patched


@pytest.mark.parametrize("expected", [None, frozenset({1}), frozenset({1, 7})], ids=str)
def test_a_task_is_removed_at_an_expected_revision(alice: TaskUseCases, expected: frozenset[int] | None) -> None:
    run(alice.create(MILK))

    run(alice.remove(1, expected))

    assert titles(alice) == []
    with pytest.raises(TaskNotFound):
        run(alice.remove(1, expected))


@pytest.mark.parametrize("expected", [frozenset(), frozenset({2})], ids=["none", "another"])
def test_a_task_at_another_revision_is_not_written(alice: TaskUseCases, expected: frozenset[int]) -> None:
    before = run(alice.create(MILK)).task

    for attempt in (
        alice.patch(1, DONE, expected),
        alice.remove(1, expected),
    ):
        with pytest.raises(PreconditionFailed, match=r"^the current revision is 1$"):
            run(attempt)

    assert run(alice.get(1)) == before
    assert run(alice.list(TaskQuery())).revision == 1


def test_a_removed_task_is_restored_from_the_trash(alice: TaskUseCases, clock: Clock) -> None:
    milk = run(alice.create(MILK)).task
    run(alice.remove(1))
    clock.time = LATER

    (trashed,) = run(alice.trash(TrashQuery())).tasks
    with pytest.raises(PreconditionFailed, match=r"^the current revision is 2$"):
        run(alice.restore(1, frozenset({1})))
    restored = run(alice.restore(1, frozenset({2})))

    assert trashed == TrashedTask(milk._replace(revision=2), NOON)
    assert restored == run(alice.get(1)) == milk._replace(revision=3, updated_at=LATER)
    assert run(alice.trash(TrashQuery())).tasks == ()


def test_an_erased_task_can_not_be_restored(alice: TaskUseCases) -> None:
    run(alice.apply(Batch((Create(MILK), Create(BREAD), Create(MILK), Remove(1), Remove(2)))))

    with pytest.raises(PreconditionFailed):
        run(alice.erase(1, frozenset({5})))
    run(alice.erase(1, frozenset({4})))
    run(alice.remove(3, permanent=True))

    assert [trashed.id for trashed in run(alice.trash(TrashQuery())).tasks] == [2]
    for task_id in (1, 3):
        for attempt in (alice.restore(task_id), alice.erase(task_id)):
            with pytest.raises(TaskNotFound):
                run(attempt)


def test_the_whole_trash_is_emptied_in_steps(alice: TaskUseCases, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(use_cases, "MAX_ERASED", 2)
    run(alice.apply(Batch((*(Create(MILK),) * 5, *(Remove(task_id) for task_id in range(1, 6))))))

    assert run(alice.empty_trash()) == 5
    assert run(alice.trash(TrashQuery())).count == 0
    assert run(alice.empty_trash()) == 0


class RemovesMeanwhile(InMemoryTaskRepository):
    """A repository in which another request moves a task to the trash before each call of `erase_oldest`."""

    async def erase_oldest(self, user_id: UserId, **arguments: Any) -> int:
        added = await self.add(user_id, MILK, at=NOON)
        await self.remove(user_id, added.task.id, at=NOON)
        return await super().erase_oldest(user_id, **arguments)


def test_what_enters_the_trash_while_it_is_emptied_stays_there(clock: Clock) -> None:
    repository = open_at_once(RemovesMeanwhile())
    alice = TaskUseCases(repository, clock, Principal(ALICE, expires_at=LATER), "alice")
    run(alice.create(MILK))
    run(alice.remove(1))

    assert run(alice.empty_trash()) == 1
    assert [trashed.id for trashed in run(alice.trash(TrashQuery())).tasks] == [3, 2]


def test_without_a_trash_every_removal_is_permanent(repository: InMemoryTaskRepository, clock: Clock) -> None:
    principal = Principal(ALICE, expires_at=LATER)
    alice = TaskUseCases(repository, clock, principal, "alice", keeps_trash=False)
    batch = Batch((Create(BREAD), Remove(2)))
    run(alice.create(MILK))

    run(alice.remove(1))
    first = run(alice.apply(batch, key="k"))

    assert run(alice.trash(TrashQuery())).tasks == ()
    with_trash = TaskUseCases(repository, clock, principal, "alice")
    assert run(with_trash.apply(batch, key="k")).outcomes == first.outcomes


def test_a_change_to_the_present_values_writes_nothing(alice: TaskUseCases, clock: Clock) -> None:
    before = run(alice.create(MILK)).task
    clock.time = LATER

    assert run(alice.patch(1, TaskPatch(title="Buy milk"))) == before
    assert run(alice.list(TaskQuery())).revision == 1


def test_a_batch_does_all_its_operations(alice: TaskUseCases) -> None:
    run(alice.create(MILK))

    result = run(alice.apply(Batch((Create(BREAD), Patch(2, DONE), Remove(1)))))

    assert result.outcomes == (Outcome(2, 2), Outcome(2, 3), Outcome(1, 4))
    assert not result.replayed
    assert titles(alice) == ["Buy bread"]


def test_a_batch_that_fails_writes_nothing(alice: TaskUseCases) -> None:
    run(alice.create(MILK))

    with pytest.raises(BatchFailed, match=r"^operation 2: no task 9$"):
        run(alice.apply(Batch((Create(BREAD), Remove(1), Remove(9))), key="k"))

    assert titles(alice) == ["Buy milk"]
    assert not run(alice.apply(Batch((Remove(1),)), key="k")).replayed


def test_a_batch_is_done_once_for_a_key(alice: TaskUseCases) -> None:
    batch = Batch((Create(MILK), Create(BREAD)))
    first = run(alice.apply(batch, key="k"))

    again = run(alice.apply(batch, key="k"))

    assert again.replayed
    assert again.outcomes == first.outcomes
    assert titles(alice) == ["Buy milk", "Buy bread"]


def test_the_feed_continues_where_a_reader_stopped(alice: TaskUseCases) -> None:
    run(alice.create(MILK))
    bread = run(alice.create(BREAD)).task
    start = run(alice.changes(limit=1))
    run(alice.remove(1))

    rest = run(alice.changes(start.next))

    assert start.has_more
    assert rest.changes == (bread, Deletion(1, 3))
    assert not rest.has_more
    assert run(alice.changes(rest.next)).changes == ()


@pytest.mark.parametrize(("epoch", "revision"), [("another", 1), (None, 2)], ids=["epoch", "revision"])
def test_the_feed_does_not_continue_from_a_token_it_never_gave(
    alice: TaskUseCases, epoch: str | None, revision: int
) -> None:
    run(alice.create(MILK))
    ours = run(alice.changes()).next.epoch

    with pytest.raises(CursorExpired, match=r"^the feed can't be continued from this token; read it from the start$"):
        run(alice.changes(FeedToken(epoch or ours, revision)))


@pytest.mark.parametrize("limit", [1, 500])
def test_a_page_of_the_feed_has_1_to_500_changes(alice: TaskUseCases, limit: int) -> None:
    run(alice.create(MILK))

    assert len(run(alice.changes(limit=limit)).changes) == 1


@pytest.mark.parametrize("limit", [0, 501, -1, True, 1.5, "10", None], ids=repr)
def test_another_limit_is_refused(alice: TaskUseCases, limit: Any) -> None:
    with pytest.raises(RuleViolated, match=r"^limit: must be 1 to 500$"):
        run(alice.changes(limit=limit))


def test_a_task_or_a_batch_above_a_quota_is_refused_and_not_announced(
    repository: InMemoryTaskRepository, clock: Clock
) -> None:
    announced: list[UserId] = []
    principal = Principal(ALICE, expires_at=LATER)
    alice = TaskUseCases(repository, clock, principal, "alice", announced.append)
    repository.quotas = Quotas(max_open_tasks=1)
    run(alice.create(MILK))

    for refused in (alice.create(BREAD), alice.apply(Batch((Create(BREAD),)))):
        with pytest.raises(QuotaExceeded, match="at most 1 open tasks"):
            run(refused)

    assert titles(alice) == ["Buy milk"]
    assert announced == [ALICE]


def test_keys_are_forgotten_after_24_hours_when_there_are_too_many(
    repository: InMemoryTaskRepository, alice: TaskUseCases, clock: Clock
) -> None:
    repository.quotas = Quotas(max_keys=2)
    run(alice.create(MILK, "first"))
    clock.time += timedelta(seconds=1)
    run(alice.create(MILK, "second"))

    clock.time = NOON + timedelta(hours=24)
    for refused in (alice.create(MILK, "third"), alice.apply(Batch((Create(MILK),)), "third")):
        with pytest.raises(TooManyKeys):
            run(refused)
    clock.time += timedelta(seconds=1)
    third = run(alice.create(MILK, "third"))

    assert (third.task.id, third.replayed) == (3, False)
    assert run(alice.create(MILK, "second")).replayed
    with pytest.raises(TooManyKeys):
        run(alice.create(MILK, "first"))


def test_keys_are_forgotten_until_there_is_room_for_a_whole_batch(
    repository: InMemoryTaskRepository, alice: TaskUseCases, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(list_writer, "MAX_FORGOTTEN", 2)
    for number in range(6):
        run(alice.create(MILK, f"{number}"))
    repository.quotas = Quotas(max_keys=5)
    clock.time += timedelta(hours=25)

    result = run(alice.apply(Batch((Create(MILK),) * 4), "batch"))

    assert len(result.outcomes) == 4


def test_keys_that_another_request_forgot_make_room_too(clock: Clock) -> None:
    class ForgottenByAnother(InMemoryTaskRepository):
        async def forget_keys(self, user_id: UserId, *, before: datetime, limit: int) -> int:
            await super().forget_keys(user_id, before=before, limit=limit)
            return 0

    repository = open_at_once(ForgottenByAnother(Quotas(max_keys=1)))
    alice = TaskUseCases(repository, clock, Principal(ALICE, expires_at=LATER), "alice")
    run(alice.create(MILK, "first"))
    clock.time += timedelta(hours=25)

    assert not run(alice.create(MILK, "second")).replayed


WATER = TaskDraft(title="Water the plants", due=Due(NOON.date()), recurrence=RecurrenceDraft("FREQ=DAILY"))


def test_completing_a_recurring_task_adds_the_next_one_and_reopening_takes_it_back(alice: TaskUseCases) -> None:
    task = run(alice.create(WATER)).task

    done = run(alice.patch(1, DONE, frozenset({1})))
    again = run(alice.patch(1, DONE))
    added = run(alice.get(2))
    reopened = run(alice.patch(1, TaskPatch(complete=False)))

    assert (done.complete, done.recurrence, done.successor_id, done.revision) == (True, None, 2, 2)
    assert again == done
    assert (added.due, added.complete) == (Due(NOON.date() + timedelta(days=1)), False)
    assert reopened == task._replace(revision=4)
    with pytest.raises(TaskNotFound):
        run(alice.get(2))


def test_a_completion_with_a_successor_is_refused_like_any_other(alice: TaskUseCases) -> None:
    run(alice.create(WATER))

    with pytest.raises(PreconditionFailed):
        run(alice.patch(1, DONE, frozenset({7})))

    assert run(alice.revision()) == 1


def test_the_next_days_of_a_task_are_returned_with_the_task(alice: TaskUseCases) -> None:
    task = run(alice.create(WATER)).task

    assert run(alice.occurrences(1, 1)) == (task, (NOON.date() + timedelta(days=1),))
    assert len(run(alice.occurrences(1))[1]) == 10
    with pytest.raises(RuleViolated):
        run(alice.occurrences(1, 101))
    with pytest.raises(TaskNotFound):
        run(alice.occurrences(2))
