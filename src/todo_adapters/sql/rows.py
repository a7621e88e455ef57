"""The mapping between rows and objects of the domain.

Each field of a task is in the column of the same name. `FORMS` has the fields that need a
conversion, `_KEYS` the columns that are derived from fields.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache, partial
from itertools import chain, islice, repeat
from typing import Any, Final

import sqlalchemy as sa

from todo_adapters.sql.dialects import Dialect, unchanged
from todo_adapters.sql.erasing import require_permitted
from todo_adapters.sql.forms import FORMS, Form, nullable
from todo_adapters.sql.purging import ERASED_VALUES
from todo_adapters.sql.statements import TASK
from todo_adapters.sql.tables import tasks
from todo_domain import (
    Added,
    BatchResult,
    IdempotencyKey,
    ListCounters,
    Neighbour,
    Outcome,
    Task,
    TaskDraft,
    TaskIds,
    TaskPage,
    TaskQuery,
    TaskState,
    Tombstone,
    TrashedTask,
    UserId,
)
from todo_domain.text import fold

_KEYS: Final[Mapping[str, Callable[[Task], Any]]] = {
    "title_key": lambda task: fold(task.title),
    "description_key": lambda task: None if task.description is None else fold(task.description),
    "due_key": lambda task: task.due and task.due.sort_key,
    "tags_key": lambda task: "".join(["\n", *(f"{fold(tag)}\n" for tag in task.tags)]) if task.tags else "",
    "checklist_key": lambda task: "\x1f".join(fold(item.title) for item in task.checklist),
}
"""Columns that statements compare. They are written, but never read."""

_WIDTH: Final = len(TASK)
_ID: Final = TASK.index(tasks.c.id)
_REVISION: Final = TASK.index(tasks.c.revision)
_NEW_TASK: Final = partial(tuple.__new__, Task)


_Readers = Sequence[tuple[int, Callable[[Any], Any]]]


@cache
def _forms(dialect: Dialect) -> Mapping[str, Form]:
    """Return the conversions that this database needs, by field."""
    if dialect.write_instant is unchanged:
        return FORMS
    instant = Form(dialect.write_instant, dialect.read_instant)
    or_none = Form(nullable(instant.write), nullable(instant.read))
    instants = [column for column in TASK if isinstance(column.type, sa.DateTime)]
    return {**FORMS, **{column.name: or_none if column.nullable else instant for column in instants}}


@cache
def _readers(dialect: Dialect) -> _Readers:
    return [(Task._fields.index(name), form.read) for name, form in _forms(dialect).items()]


def read_task(dialect: Dialect, user_id: UserId, row: Sequence[Any]) -> Task:
    """Return the task in a row with the columns of `statements.TASK`."""
    values = [user_id, *row]
    for place, read in _readers(dialect):
        values[place] = read(values[place])
    return Task._make(values)


def read_state(dialect: Dialect, user_id: UserId, row: Sequence[Any]) -> TaskState:
    """Return the task in a row with the columns of `statements.STATE`."""
    *task, deleted_at, in_trash, deleted_with = row
    if deleted_at is None:
        return read_task(dialect, user_id, task)
    deleted_at = dialect.read_instant(deleted_at)
    if in_trash:
        return TrashedTask(read_task(dialect, user_id, task), deleted_at, deleted_with)
    return Tombstone(task[_ID], task[_REVISION], deleted_at)


def read_page(dialect: Dialect, user_id: UserId, query: TaskQuery, rows: Sequence[Sequence[Any]]) -> TaskPage:
    """Return the page in the rows of `listing.list_statement`: the list's revision, then a task or nulls."""
    if not rows:
        return query.page((), 0)
    (revision, *_), *columns = zip(*rows, strict=True)
    found = () if columns[_ID][0] is None else _read_columns(dialect, user_id, columns[:_WIDTH])
    return query.page(found, revision)


def _read_columns(dialect: Dialect, user_id: UserId, columns: Iterable[Iterable[Any]]) -> Sequence[Task]:
    """Return the tasks in the columns of `statements.TASK`. Reading a page by columns is faster than by rows.

    So is `tuple.__new__`, which does not count the fields again, unlike `Task._make`.
    """
    fields: list[Iterable[Any]] = [repeat(user_id), *columns]
    for place, read in _readers(dialect):
        fields[place] = map(read, fields[place])
    return tuple(map(_NEW_TASK, zip(*fields, strict=False)))


def read_ids(query: TaskQuery, rows: Iterable[Sequence[Any]]) -> TaskIds:
    """Return the ids of the rows of `listing.ids_statement`: the list's revision, then an id or null."""
    rest = iter(rows)
    first = next(rest, (0, None))
    ids = [row[1] for row in islice(chain([first], rest), query.limit) if row[1] is not None]
    return TaskIds(ids, first[0])


def in_order_of(task_ids: Sequence[int], tasks: Sequence[Task]) -> Sequence[Task]:
    """Return the tasks in the order of the ids."""
    by_id = {task.id: task for task in tasks}
    return [by_id[task_id] for task_id in task_ids if task_id in by_id]


def read_neighbours(rows: Sequence[Sequence[Any]]) -> tuple[list[Neighbour], list[Neighbour]]:
    """Return what `Neighbours` asks for, from the rows of `statements.NEIGHBOURS`."""
    found = sorted((position, task_id, is_above) for is_above, position, task_id in rows)
    below = [Neighbour(task_id, position) for position, task_id, is_above in found if not is_above]
    return below[::-1], [Neighbour(task_id, position) for position, task_id, is_above in found if is_above]


def replay_add(
    dialect: Dialect, user_id: UserId, draft: TaskDraft, key: IdempotencyKey, rows: Sequence[Sequence[Any]]
) -> Added | None:
    """Return the first result of an `add`, from the rows of `statements.KEY`; None for a new key.

    It is computed from the draft and the stored id, revision and time. Raises
    IdempotencyConflict.
    """
    if not rows:
        return None
    fingerprint, task_id, revision, created_at, position = rows[0]
    key.require_fingerprint(fingerprint)
    at = dialect.read_instant(created_at)
    task = Task.from_draft(draft, user_id=user_id, id=task_id, revision=revision, at=at, position=position)
    return Added(task, replayed=True)


def replay_apply(dialect: Dialect, key: IdempotencyKey, rows: Sequence[Sequence[Any]]) -> BatchResult | None:
    """Return the first result of an `apply`, from the rows of `statements.KEY`; None for a new key.

    Raises IdempotencyConflict.
    """
    if not rows:
        return None
    key.require_fingerprint(rows[0][0])
    outcomes = tuple(Outcome(task_id, revision, position) for _, task_id, revision, _, position in rows)
    return BatchResult(outcomes, dialect.read_instant(rows[0][3]), replayed=True)


def state_values(dialect: Dialect, user_id: UserId, state: TaskState) -> dict[str, Any]:
    """Return the values of all columns of `tasks` for a task in any state."""
    if isinstance(state, Task):
        return {**_task_values(dialect, state), "deleted_at": None, "in_trash": False, "deleted_with": None}
    instant = dialect.write_instant(state.deleted_at)
    if isinstance(state, TrashedTask):
        in_trash = {"deleted_at": instant, "in_trash": True, "deleted_with": state.deleted_with}
        return {**_task_values(dialect, state.task), **in_trash}
    times = {"created_at": instant, "updated_at": instant, "deleted_at": instant}
    return {"user_id": user_id, "id": state.id, "revision": state.revision, **ERASED_VALUES, **times}


def _task_values(dialect: Dialect, task: Task) -> dict[str, Any]:
    values = task._asdict()
    for name, form in _forms(dialect).items():
        values[name] = form.write(values[name])
    for name, derive in _KEYS.items():
        values[name] = derive(task)
    return values


def read_counters(dialect: Dialect, user_id: UserId, row: Sequence[Any]) -> ListCounters:
    """Return the counters in the row of `statements.COUNTERS`. Raises TokenRejected and ErasureInProgress."""
    *counters, erased_at, erasing = row
    require_permitted(dialect, user_id, [(erased_at, erasing)])
    return ListCounters(*counters)


def counter_values(user_id: UserId, counters: ListCounters) -> dict[str, Any]:
    """Return the parameters of `statements.set_counters`."""
    return {"user_id": user_id, **counters._asdict()}


def key_values(
    dialect: Dialect, user_id: UserId, key: IdempotencyKey, outcomes: Sequence[Outcome], at: datetime
) -> list[dict[str, Any]]:
    """Return a row of `idempotency_keys` for each outcome of the request that the key names."""
    return [
        {
            "user_id": user_id,
            "key": key.key,
            "position": position,
            "fingerprint": key.fingerprint,
            "task_id": outcome.id,
            "revision": outcome.revision,
            "task_position": outcome.position,
            "created_at": dialect.write_instant(at),
        }
        for position, outcome in enumerate(outcomes)
    ]
