"""What happens to a recurring task and its successor: completing, opening again, and changes between."""

import datetime as dt
from typing import Any

import pytest

from tests.unit.domain.strategies import ALICE, NOON, task
from todo_domain import (
    Batch,
    BatchEffects,
    BatchFailed,
    ChecklistItem,
    CountedFrom,
    Create,
    Due,
    DuePatch,
    ListCounters,
    LockTasks,
    Move,
    Neighbours,
    Operation,
    Outcome,
    Patch,
    Priority,
    QuotaExceeded,
    Quotas,
    Read,
    RecurrenceDraft,
    RecurrencePatch,
    Remove,
    RuleViolated,
    Task,
    TaskDraft,
    TaskPatch,
    Tombstone,
    TrashedTask,
    initial_position,
    run_evaluation,
)

DAY = dt.date(2026, 3, 1)  # the day of NOON, a Sunday
TODAY = Due(DAY)
DAILY = RecurrenceDraft("FREQ=DAILY")
WEEKLY = RecurrenceDraft("FREQ=WEEKLY;INTERVAL=2", CountedFrom.COMPLETION)
COMPLETE, REOPEN = TaskPatch(complete=True), TaskPatch(complete=False)
LATER = NOON + dt.timedelta(hours=1)
COUNTERS = ListCounters(revision=4, last_task_id=3, open_count=1, task_count=3)


def day(number: int) -> dt.date:
    return DAY + dt.timedelta(number)


def recurring(rule: RecurrenceDraft = DAILY, due: Due = TODAY, **named: Any) -> Task:
    return task(due=due, recurrence=rule, revision=4, **named)


def evaluate(
    *operations: Operation, stored: Task, others: tuple[Task, ...] = (), at: dt.datetime = LATER
) -> BatchEffects:
    """Return the effects on one stored task; others must be locked before they are known."""

    def read(asked: Read) -> Any:
        if isinstance(asked, Neighbours):
            return [], []
        assert isinstance(asked, LockTasks)
        return [other for other in others if other.id in asked.ids]

    batch = Batch(operations)
    return run_evaluation(batch.evaluation(ALICE, {stored.id: stored}, COUNTERS, at), read)


def complete(stored: Task, at: dt.datetime = LATER) -> tuple[Task, Task]:
    """Return the completed task and its successor."""
    first, second = evaluate(Patch(stored.id, COMPLETE), stored=stored, at=at).changes
    assert isinstance(first, Task)
    assert isinstance(second, Task)
    return first, second


def refusal(make: Any) -> list[tuple[str, ...]]:
    with pytest.raises(RuleViolated) as refused:
        make()
    return [(*map(str, violation.field), violation.code) for violation in refused.value.violations]


def test_completing_a_recurring_task_moves_its_rule_to_a_successor_with_the_next_due() -> None:
    items = ChecklistItem("b", complete=True), ChecklistItem("c")
    stored = recurring(tags=("a",), description="text", priority=Priority.HIGH, project_id=7, checklist=items)

    effects = evaluate(Patch(1, COMPLETE), stored=stored)

    done, successor = effects.changes
    assert done == stored._replace(revision=5, completed_at=LATER, updated_at=LATER, recurrence=None, successor_id=4)
    assert successor == stored._replace(
        id=4,
        revision=6,
        checklist=(ChecklistItem("b"), ChecklistItem("c")),
        due=Due(day(1)),
        recurrence=DAILY.anchored(day(1)),
        position=initial_position(4),
        succeeds=stored.recurrence,
        created_at=LATER,
        updated_at=LATER,
    )
    assert effects.outcomes == (Outcome(1, 5),)
    assert effects.counters == COUNTERS._replace(revision=6, last_task_id=4, task_count=4)


def test_the_day_of_completion_is_the_day_in_the_time_zone_of_the_due() -> None:
    evening = dt.datetime(2026, 3, 1, 20, tzinfo=dt.UTC)  # 2 March in Tokyo
    dues = [Due(DAY), Due(DAY, dt.time(9), "Asia/Tokyo")]

    successors = [complete(recurring(due=due), evening)[1] for due in dues]

    assert [successor.due for successor in successors] == [Due(day(1)), Due(day(2), dt.time(9), "Asia/Tokyo")]


@pytest.mark.parametrize("rule", ["FREQ=DAILY;COUNT=1", "FREQ=DAILY;UNTIL=20260301"])
def test_the_last_task_of_a_series_has_no_successor(rule: str) -> None:
    stored = recurring(RecurrenceDraft(rule))

    effects = evaluate(Patch(1, COMPLETE), stored=stored)

    (done,) = effects.changes
    assert isinstance(done, Task)
    assert (done.complete, done.recurrence, done.successor_id) == (True, None, None)
    assert effects.counters.task_count == COUNTERS.task_count


def test_a_series_with_a_count_has_as_many_tasks() -> None:
    series = [recurring(RecurrenceDraft("FREQ=DAILY;COUNT=3"))]
    for _ in range(2):
        _, successor = complete(series[-1]._replace(id=1))
        series.append(successor)

    effects = evaluate(Patch(1, COMPLETE), stored=series[-1]._replace(id=1))

    assert [str(each.recurrence.rule) for each in series if each.recurrence] == [
        f"FREQ=DAILY;COUNT={left}" for left in (3, 2, 1)
    ]
    assert len(effects.changes) == 1


def test_completing_again_has_no_effect_even_if_the_old_rule_is_sent_back() -> None:
    done, _ = complete(recurring())

    part = RecurrencePatch(counted_from=CountedFrom.DUE)
    for again in (
        COMPLETE,
        TaskPatch(complete=True, recurrence=DAILY, due=Due(DAY)),
        TaskPatch(complete=True, recurrence=part),
    ):
        assert done.patched(again, LATER + dt.timedelta(days=1)) is done


def test_reopening_takes_back_a_successor_that_nobody_has_changed() -> None:
    stored = recurring()
    done, successor = complete(stored)

    effects = evaluate(Patch(1, REOPEN), stored=done, others=(successor,))

    reopened, erased = effects.changes
    assert reopened == stored._replace(revision=5, updated_at=LATER)
    assert erased == Tombstone(4, 6, LATER)


CHANGES = {
    "its title": TaskPatch(title="another"),
    "its due": TaskPatch(due=DuePatch(time=dt.time(9))),
    "its completion": COMPLETE,
    "its rule": TaskPatch(recurrence=None),
}


@pytest.mark.parametrize("patch", CHANGES.values(), ids=CHANGES)
def test_reopening_keeps_a_successor_that_was_changed(patch: TaskPatch) -> None:
    done, successor = complete(recurring())

    effects = evaluate(Patch(1, REOPEN), stored=done, others=(successor.patched(patch, LATER),))

    (reopened,) = effects.changes
    assert reopened == done._replace(revision=5, completed_at=None, successor_id=None)


def test_a_moved_or_restored_successor_counts_as_changed_but_one_that_was_spread_does_not() -> None:
    _, successor = complete(recurring())

    assert successor.moved("m", LATER).succeeds is None
    assert TrashedTask(successor, LATER).restored(LATER).succeeds is None
    assert successor._replace(position="m").succeeds == recurring().recurrence


def test_reopening_works_without_the_successor_and_without_a_due() -> None:
    done, successor = complete(recurring())

    removed = evaluate(Patch(1, REOPEN), stored=done)
    without_due = evaluate(Patch(1, TaskPatch(complete=False, due=None)), stored=done, others=(successor,))

    assert [change.id for change in removed.changes] == [1]
    assert [change.id for change in without_due.changes] == [1]


def test_reopening_with_a_new_rule_takes_back_the_successor_and_has_the_new_rule() -> None:
    done, successor = complete(recurring())

    patch = TaskPatch(complete=False, recurrence=WEEKLY)
    reopened, erased = evaluate(Patch(1, patch), stored=done, others=(successor,)).changes

    assert isinstance(reopened, Task)
    assert reopened.recurrence == WEEKLY.anchored(DAY)
    assert isinstance(erased, Tombstone)


def test_reopening_with_the_rule_that_the_task_had_keeps_the_anchor_of_a_moved_due() -> None:
    stored = recurring(due=Due(day(3)))._replace(recurrence=WEEKLY.anchored(DAY))
    done, successor = complete(stored)

    patch = TaskPatch(complete=False, recurrence=WEEKLY)
    reopened, _ = evaluate(Patch(1, patch), stored=done, others=(successor,)).changes

    assert reopened == stored._replace(revision=5, updated_at=LATER)


def test_a_batch_that_completes_and_reopens_leaves_no_trace_but_the_id() -> None:
    stored = recurring()

    effects = evaluate(Patch(1, COMPLETE), Patch(1, REOPEN), Create(TaskDraft(title="x")), stored=stored)

    assert effects.changes[0] == stored._replace(revision=7, updated_at=LATER)
    assert effects.changes[1] == Tombstone(4, 8, LATER)
    assert effects.changes[2].id == 5


def test_a_successor_that_the_batch_removes_is_not_taken_back_again() -> None:
    """It is removed by the batch, but still stored: it must not be read again."""
    stored = recurring()
    done, successor = complete(stored)

    effects = evaluate(Patch(1, COMPLETE), Remove(4), Patch(1, REOPEN), stored=stored, others=(successor,))

    assert [(change.id, type(change)) for change in effects.changes] == [(1, Task), (4, TrashedTask)]
    assert effects.changes[0] == done._replace(revision=8, completed_at=None, successor_id=None)


def test_a_move_and_a_completion_are_one_change_of_the_task() -> None:
    effects = evaluate(Patch(1, COMPLETE, move=Move(first=True)), stored=recurring())

    assert [(change.id, change.revision) for change in effects.changes] == [(1, 5), (4, 6)]


def test_a_successor_is_counted_but_never_refused() -> None:
    full = Quotas(max_open_tasks=1, max_tasks=3)
    stored = recurring()

    effects = evaluate(Patch(1, COMPLETE), stored=stored)
    with_another = evaluate(Patch(1, COMPLETE), Create(TaskDraft(title="x", complete=True)), stored=stored)
    taken_back = evaluate(
        Patch(1, COMPLETE), Patch(1, REOPEN), Create(TaskDraft(title="x", complete=True)), stored=stored
    )

    assert effects.checked_counters(full, COUNTERS, stores_key=True).task_count == 4
    for refused in (with_another, taken_back):
        with pytest.raises(QuotaExceeded):
            refused.checked_counters(full, COUNTERS, stores_key=False)


def test_a_moved_due_keeps_the_anchor_and_a_new_rule_sets_it() -> None:
    stored = recurring(WEEKLY)
    assert stored.recurrence
    moved = stored.patched(TaskPatch(due=DuePatch(date=day(1))), LATER)

    same = moved.patched(TaskPatch(recurrence=WEEKLY), LATER)
    same_part = moved.patched(TaskPatch(recurrence=RecurrencePatch(rule="INTERVAL=2;FREQ=WEEKLY")), LATER)
    other = moved.patched(TaskPatch(recurrence=RecurrencePatch(counted_from=CountedFrom.DUE)), LATER)
    both = moved.patched(TaskPatch(recurrence=DAILY, due=DuePatch(date=day(2))), LATER)

    assert moved.recurrence == stored.recurrence
    assert same is same_part is moved
    assert other.recurrence == RecurrenceDraft(WEEKLY.rule).anchored(day(1))
    assert both.recurrence == DAILY.anchored(day(2))


def test_a_patch_of_one_part_keeps_the_other() -> None:
    stored = recurring(WEEKLY)

    patched = stored.patched(TaskPatch(recurrence=RecurrencePatch(rule="FREQ=DAILY")), LATER)

    assert patched.recurrence
    assert patched.recurrence.draft == RecurrenceDraft("FREQ=DAILY", CountedFrom.COMPLETION)


def test_a_patch_with_a_rule_makes_a_task_recur_from_its_due() -> None:
    once = task(due=TODAY)

    recurs = once.patched(TaskPatch(recurrence=RecurrencePatch(rule="FREQ=DAILY")), LATER)

    assert recurs.recurrence == DAILY.anchored(DAY)
    assert (once.next_due(NOON), recurs.next_due(NOON)) == (None, (Due(day(1)), DAILY.anchored(day(1))))


def test_a_patch_can_complete_a_task_and_give_it_a_rule() -> None:
    patched = task(due=Due(DAY)).patched(TaskPatch(complete=True, recurrence=DAILY), LATER)

    assert not patched.is_settled


NEVER = RecurrenceDraft("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30")
REFUSED_DRAFTS: dict[str, tuple[dict[str, Any], list[tuple[str, ...]]]] = {
    "without a due": ({"recurrence": DAILY}, [("recurrence", "recurrence_due")]),
    "of a complete task": (
        {"recurrence": DAILY, "due": Due(DAY), "complete": True},
        [("recurrence", "recurrence_complete")],
    ),
    "on 30 February": ({"recurrence": NEVER, "due": Due(DAY)}, [("recurrence", "rule", "recurrence_never")]),
    "with several faults": (
        {"title": "", "recurrence": RecurrenceDraft("FREQ=HOURLY"), "complete": True},
        [
            ("title", "text_too_short"),
            ("recurrence", "rule", "recurrence_rule"),
            ("recurrence", "recurrence_complete"),
            ("recurrence", "recurrence_due"),
        ],
    ),
    "of another type": ({"recurrence": "FREQ=DAILY"}, [("recurrence", "recurrence_type")]),
    "with a due of another type": (
        {"recurrence": DAILY, "due": "2026-03-01"},
        [("due", "due_type"), ("recurrence", "recurrence_due")],
    ),
}


@pytest.mark.parametrize(("named", "expected"), REFUSED_DRAFTS.values(), ids=REFUSED_DRAFTS)
def test_a_recurrence_is_refused(named: dict[str, Any], expected: list[tuple[str, ...]]) -> None:
    assert refusal(lambda: TaskDraft(**{"title": "x", **named})) == expected


REFUSED_PATCHES: dict[str, tuple[Task, dict[str, Any], list[tuple[str, ...]]]] = {
    "a rule without a due": (task(), {"recurrence": DAILY}, [("recurrence", "recurrence_due")]),
    "no due while the rule remains": (recurring(), {"due": None}, [("due", "recurrence_due")]),
    "no due on completion": (recurring(), {"due": None, "complete": True}, [("due", "recurrence_due")]),
    "a rule for a complete task": (
        task(due=Due(DAY), complete=True),
        {"recurrence": DAILY},
        [("recurrence", "recurrence_complete")],
    ),
    "a part without a rule": (
        task(due=Due(DAY)),
        {"recurrence": RecurrencePatch(counted_from=CountedFrom.DUE)},
        [("recurrence", "rule", "missing")],
    ),
    "a rule without occurrences": (
        recurring(),
        {"recurrence": NEVER},
        [("recurrence", "rule", "recurrence_never")],
    ),
    "a faulty part": (
        recurring(),
        {"recurrence": RecurrencePatch(rule="x", counted_from="start")},  # type: ignore[arg-type]
        [("recurrence", "rule", "recurrence_rule"), ("recurrence", "from", "recurrence_from")],
    ),
}


@pytest.mark.parametrize(("stored", "named", "expected"), REFUSED_PATCHES.values(), ids=REFUSED_PATCHES)
def test_a_patch_of_a_recurrence_is_refused(
    stored: Task, named: dict[str, Any], expected: list[tuple[str, ...]]
) -> None:
    assert refusal(lambda: stored.patched(TaskPatch(**named), LATER)) == expected


def test_clearing_the_rule_or_the_rule_and_the_due_is_accepted() -> None:
    without_rule = recurring().patched(TaskPatch(recurrence=None), LATER)
    without_both = recurring().patched(TaskPatch(recurrence=None, due=None), LATER)
    complete_task = task(due=Due(DAY), complete=True)

    assert (without_rule.recurrence, without_rule.due) == (None, Due(DAY))
    assert (without_both.recurrence, without_both.due) == (None, None)
    assert complete_task.patched(TaskPatch(recurrence=None), LATER) is complete_task


def test_a_failed_operation_of_a_batch_adds_no_successor() -> None:
    with pytest.raises(BatchFailed):
        evaluate(Patch(1, COMPLETE), Remove(9), stored=recurring())


def test_the_occurrences_of_a_task_are_the_days_after_its_due() -> None:
    assert recurring().occurrences(2) == (day(1), day(2))
    assert task(due=Due(DAY)).occurrences(2) == ()


def test_a_successor_is_locked_before_it_is_erased() -> None:
    done, successor = complete(recurring())
    asked: list[Read] = []

    def read(each: Read) -> Any:
        asked.append(each)
        return [successor]

    run_evaluation(Batch((Patch(1, REOPEN),)).evaluation(ALICE, {1: done}, COUNTERS, LATER), read)

    assert asked == [LockTasks([4])]


def test_a_task_that_does_not_recur_has_no_next_due() -> None:
    assert task("Buy milk").next_due(NOON) is None
