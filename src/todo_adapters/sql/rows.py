"""Between rows and the domain. Rows are read by position: nothing is made per row but the task."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from todo_adapters.sql.dialects import Dialect
from todo_domain import (
    Added,
    BatchResult,
    Change,
    ChangePage,
    Deletion,
    Due,
    FeedState,
    FeedToken,
    IdempotencyKey,
    ListCounters,
    Outcome,
    Priority,
    Task,
    TaskDraft,
    TaskPage,
    TaskQuery,
    UserId,
)
from todo_domain.text import fold

_ERASED: Final[Mapping[str, Any]] = {
    "title": "",
    "title_key": "",
    "description": None,
    "description_key": None,
    "completed_at": None,
    "priority": 0,
    "due": None,
    "due_timezone": None,
    "tags": "",
    "tags_key": "",
}
_PRIORITIES: Final = {int(priority): priority for priority in Priority}
# Few days are due at a time, and each is in many rows.
_due: Final = lru_cache(maxsize=4096)(Due.from_sort_key)


def read_task(dialect: Dialect, user_id: UserId, row: Sequence[Any]) -> Task:
    """Make a task of the columns of `statements.TASK`."""
    task_id, revision, title, description, completed_at, priority, due, due_timezone, tags, created_at, updated_at = row
    instant = dialect.read_instant
    # In the order of Task's own fields: to name them takes twice the time, and a page has many.
    return Task(
        user_id,
        task_id,
        revision,
        title,
        description,
        instant(completed_at) if completed_at else None,
        _PRIORITIES[priority],
        _due(due, due_timezone) if due else None,
        tuple(tags.split("\n")) if tags else (),
        instant(created_at),
        instant(updated_at),
    )


def read_page(dialect: Dialect, user_id: UserId, query: TaskQuery, rows: Sequence[Sequence[Any]]) -> TaskPage:
    """Make a page of the rows of `listing.list_statement`: the list's revision, then a task or nulls."""
    found = [read_task(dialect, user_id, row[1:12]) for row in rows if row[1] is not None]
    return query.page(found, rows[0][0] if rows else 0)


def read_changes(
    dialect: Dialect, user_id: UserId, since: FeedToken | None, limit: int, rows: Sequence[Sequence[Any]]
) -> ChangePage:
    """Make a page of the rows of `statements.CHANGES`, run with one more than the limit. Raises CursorExpired."""
    epoch, revision, forgotten, *_ = rows[0]
    found = [_read_change(dialect, user_id, row[3:]) for row in rows if row[3] is not None]
    return FeedState(epoch, revision or 0, forgotten or 0).page(since, limit, found)


def _read_change(dialect: Dialect, user_id: UserId, row: Sequence[Any]) -> Change:
    *task, deleted_at = row
    return read_task(dialect, user_id, task) if deleted_at is None else Deletion(row[0], row[1])


def replay_add(
    dialect: Dialect, user_id: UserId, draft: TaskDraft, key: IdempotencyKey, rows: Sequence[Sequence[Any]]
) -> Added | None:
    """Return the first answer to an `add`, from the rows of `statements.KEY`; None for a new key.

    The same draft with the id, revision and time that were kept is that answer.
    Raises IdempotencyConflict.
    """
    if not rows:
        return None
    fingerprint, task_id, revision, created_at = rows[0]
    key.recognise(fingerprint)
    at = dialect.read_instant(created_at)
    return Added(Task.from_draft(draft, user_id=user_id, id=task_id, revision=revision, at=at), replayed=True)


def replay_apply(key: IdempotencyKey, rows: Sequence[Sequence[Any]]) -> BatchResult | None:
    """Return the first answer to an `apply`, from the rows of `statements.KEY`; None for a new key.

    Raises IdempotencyConflict.
    """
    if not rows:
        return None
    key.recognise(rows[0][0])
    return BatchResult(tuple(Outcome(task_id, revision) for _, task_id, revision, _ in rows), replayed=True)


def change_values(dialect: Dialect, user_id: UserId, change: Change, at: datetime) -> dict[str, Any]:
    """Return all columns of `tasks` for a task, or for the tombstone of one that was removed at a time."""
    if isinstance(change, Deletion):
        instant = dialect.write_instant(at)
        times = {"created_at": instant, "updated_at": instant, "deleted_at": instant}
        return {"user_id": user_id, "id": change.id, "revision": change.revision, **_ERASED, **times}
    _, task_id, revision, title, description, completed_at, priority, due, tags, created_at, updated_at = change
    instant_of = dialect.write_instant
    folded = [fold(tag) for tag in tags]
    return {
        "user_id": user_id,
        "id": task_id,
        "revision": revision,
        "title": title,
        "title_key": fold(title),
        "description": description,
        "description_key": None if description is None else fold(description),
        "completed_at": instant_of(completed_at) if completed_at else None,
        "priority": int(priority),
        "due": due.sort_key if due else None,
        "due_timezone": due.timezone if due else None,
        "tags": "\n".join(tags),
        "tags_key": "".join(["\n", *(f"{tag}\n" for tag in folded)]) if folded else "",
        "created_at": instant_of(created_at),
        "updated_at": instant_of(updated_at),
        "deleted_at": None,
    }


def counter_values(user_id: UserId, counters: ListCounters) -> dict[str, Any]:
    """Return what `statements.set_counters` writes."""
    return {"user_id": user_id, "revision": counters.revision, "last_task_id": counters.last_task_id}


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
            "task_id": outcome.task_id,
            "revision": outcome.revision,
            "created_at": dialect.write_instant(at),
        }
        for position, outcome in enumerate(outcomes)
    ]
