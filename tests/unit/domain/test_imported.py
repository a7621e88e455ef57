"""Imported tasks and projects, and the batches in which they are added."""

import asyncio
import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from tests.opening import open_at_once
from tests.unit.domain.strategies import ALICE, NOON
from todo_adapters.contract.importing import project, task
from todo_adapters.in_memory import InMemoryTaskRepository
from todo_domain import (
    Due,
    ImportBatch,
    ImportedItem,
    ImportedTask,
    ImportResult,
    Origin,
    Principal,
    QuotaExceeded,
    Quotas,
    RecurrenceDraft,
    Ref,
    RuleViolated,
    TaskDraft,
    TaskQuery,
    TaskUseCases,
    UserId,
    origin_key,
)
from todo_domain.import_batch import MAX_IMPORTED
from todo_domain.imported import EARLIEST, MAX_ORIGIN_ID

KEY = origin_key("test", "a")
LATER = NOON + dt.timedelta(hours=1)
EARLIER = NOON - dt.timedelta(hours=1)


def test_different_identities_have_different_keys() -> None:
    identities = [("a", "b"), ("a", "bc"), ("ab", "c"), ("a", "b", "c"), ("a", "1:b"), ("a", "\ud800")]

    assert len({origin_key(*identity) for identity in identities}) == len(identities)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"origin": KEY}, "origin"),
        ({"origin": Origin("x")}, "origin"),
        ({"origin": Origin(KEY, "alice", 7)}, "origin"),
        ({"origin": Origin(KEY, "alice", 0, NOON)}, "origin"),
        ({"origin": Origin(KEY, "alice", MAX_ORIGIN_ID + 1, NOON)}, "origin"),
        ({"project": KEY}, "origin"),
        ({"draft": "a"}, "draft"),
        ({"draft": TaskDraft(title="a", project_id=1)}, "draft"),
        ({"draft": TaskDraft(title="a", project_id=Ref("a"))}, "draft"),
        ({"created_at": EARLIEST - dt.timedelta(microseconds=1)}, "created_at"),
        ({"created_at": NOON.replace(tzinfo=None)}, "created_at"),
        ({"updated_at": NOON.astimezone(dt.timezone(dt.timedelta(hours=1)))}, "updated_at"),
        ({"completed_at": "2026-01-01"}, "completed_at"),
        ({"completed_at": NOON}, "completed_at"),
    ],
)
def test_a_task_to_import_names_the_field_that_breaks_a_rule(values: dict[str, Any], field: str) -> None:
    with pytest.raises(RuleViolated) as raised:
        replace(ImportedTask(origin=Origin(KEY), draft=TaskDraft(title="a")), **values)

    assert raised.value.violations[0].field == (field,)


@pytest.mark.parametrize(
    ("values", "field"),
    [({"origin": None}, "origin"), ({"draft": TaskDraft(title="a")}, "draft"), ({"created_at": 1}, "created_at")],
)
def test_a_project_to_import_names_the_field_that_breaks_a_rule(values: dict[str, Any], field: str) -> None:
    with pytest.raises(RuleViolated) as raised:
        replace(project(), **values)

    assert raised.value.violations[0].field == (field,)


def test_an_anchor_after_which_nothing_occurs_is_refused() -> None:
    draft = TaskDraft(title="a", due=Due(dt.date(2026, 1, 1)), recurrence=RecurrenceDraft("FREQ=DAILY;UNTIL=20260601"))

    with pytest.raises(RuleViolated):
        ImportedTask(origin=Origin(KEY), draft=draft, anchor=dt.date(2026, 7, 1))


@pytest.mark.parametrize(
    ("values", "created_at", "completed_at", "updated_at"),
    [
        ({}, NOON, None, NOON),
        ({"created_at": EARLIER}, EARLIER, None, NOON),
        ({"created_at": EARLIER, "updated_at": EARLIER}, EARLIER, None, EARLIER),
        ({"created_at": NOON, "updated_at": EARLIER}, NOON, None, NOON),
        ({"created_at": LATER, "updated_at": LATER, "completed_at": LATER}, NOON, NOON, NOON),
        ({"created_at": EARLIER, "updated_at": EARLIER, "completed_at": NOON}, EARLIER, NOON, NOON),
    ],
)
def test_no_time_of_an_imported_task_is_later_than_its_import(
    values: dict[str, Any], created_at: dt.datetime, completed_at: dt.datetime | None, updated_at: dt.datetime
) -> None:
    added = task("a", **values).task(user_id=ALICE, id=1, revision=1, at=NOON, project_id=None)

    assert (added.created_at, added.completed_at, added.updated_at) == (created_at, completed_at, updated_at)


def test_a_complete_task_without_a_time_is_completed_by_the_import() -> None:
    draft = TaskDraft(title="a", complete=True)

    added = ImportedTask(origin=Origin(KEY), draft=draft).task(
        user_id=ALICE, id=1, revision=1, at=NOON, project_id=None
    )

    assert added.completed_at == NOON


@pytest.mark.parametrize("items", [(), [task("a")], (task("a"),) * (MAX_IMPORTED + 1), ("a",)])
def test_a_batch_has_1_to_100_items(items: Any) -> None:
    with pytest.raises(RuleViolated):
        ImportBatch(items)


class _Imports:
    """The imports into a list of alice's in memory."""

    def __init__(self, quotas: Quotas) -> None:
        self.repository = open_at_once(InMemoryTaskRepository(quotas))
        self.notified: list[str] = []
        caller = Principal(ALICE, LATER)
        self.use_cases = TaskUseCases(self.repository, self, caller, ALICE, self.notified.append)

    def now(self) -> dt.datetime:
        return NOON

    def run(self, *parts: Sequence[ImportedItem], pause: Callable[[int], Any] | None = None) -> ImportResult:
        return asyncio.run(self.use_cases.imports.run(parts, pause) if pause else self.use_cases.imports.run(parts))

    def titles(self) -> set[str]:
        page = asyncio.run(self.repository.list(ALICE, TaskQuery()))
        return {each.title for each in page.tasks}


@pytest.fixture
def imports() -> _Imports:
    return _Imports(Quotas(max_open_tasks=4))


def test_an_import_adds_what_is_missing_and_can_be_repeated(imports: _Imports) -> None:
    parts: list[list[ImportedItem]] = [[project(), task("a")], [task("b"), task("c")]]

    first, again = imports.run(*parts), imports.run(*parts, [task("d")])

    assert (first, again) == (ImportResult(4, 0), ImportResult(1, 4))
    assert imports.titles() == set("abcd")
    assert imports.notified == [ALICE] * 3


def test_an_import_that_would_exceed_a_quota_adds_nothing(imports: _Imports) -> None:
    imports.run([task("a")])

    with pytest.raises(QuotaExceeded):
        imports.run([task("a"), task("b"), task("c")], [task("d")], [task("e")])

    assert imports.titles() == {"a"}


def test_an_import_that_another_writer_interrupts_is_completed_by_the_next_one(imports: _Imports) -> None:
    parts = [[task("a")], [task("b")], [task("c")]]

    paused: list[int] = []

    async def fill(count: int) -> None:
        paused.append(count)
        if len(paused) == 2 * len(parts):  # before the last write
            for _ in range(2):
                await imports.repository.add(ALICE, TaskDraft(title="x"), at=NOON)

    with pytest.raises(QuotaExceeded):
        imports.run(*parts, pause=fill)
    assert imports.titles() == {"a", "b", "x"}
    imports.repository.quotas = Quotas()

    assert imports.run(*parts) == ImportResult(1, 2)
    assert imports.titles() == {"a", "b", "c", "x"}


def test_own_items_are_recognised_and_new_ids_are_above_them(imports: _Imports) -> None:
    own = asyncio.run(imports.repository.add(ALICE, TaskDraft(title="own"), at=NOON)).task

    def exported(item_id: int, title: str, user_id: str = ALICE) -> ImportedTask:
        origin = Origin(origin_key("export", user_id, str(item_id)), UserId(user_id), item_id, NOON)
        return replace(task(title), origin=origin, created_at=NOON)

    result = imports.run([exported(own.id, "own"), exported(2, "lost")], [exported(3, "lost too")])

    assert result == ImportResult(2, 1)
    assert [task.id for task in asyncio.run(imports.repository.list(ALICE, TaskQuery())).tasks] == [1, 4, 5]
    assert imports.run([exported(1, "of bob", "bob")]) == ImportResult(1, 0)


def test_an_own_item_is_recognised_by_the_second_of_its_creation(imports: _Imports) -> None:
    at = NOON + dt.timedelta(microseconds=7)
    asyncio.run(imports.repository.add(ALICE, TaskDraft(title="own"), at=at))
    origins = [Origin(KEY, ALICE, 1, NOON), Origin(origin_key("other"), ALICE, 1, NOON + dt.timedelta(microseconds=1))]

    results = [imports.run([replace(task("a"), origin=origin)]) for origin in origins]

    assert results == [ImportResult(0, 1), ImportResult(1, 0)]
