"""Convert arguments that fit their schemas to values of the domain, and values of the domain to results."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from todo_domain import (
    ABSENT,
    ChecklistItem,
    CountedFrom,
    Due,
    Priority,
    Project,
    RecurrenceDraft,
    SortKey,
    Task,
    TaskQuery,
)
from todo_mcp.arguments import day_of
from todo_mcp.schemas import DEFAULT_FOUND

Arguments = Mapping[str, Any]


def fields_of(given: Arguments) -> dict[str, Any]:
    """Return the fields of a TaskDraft or a TaskPatch; their constructors check the rules."""
    fields = dict(given)
    if "priority" in fields:
        fields["priority"] = Priority[fields["priority"].upper()]
    if due := fields.get("due"):
        time = due.get("time")
        fields["due"] = Due(day_of(due["date"]), time and dt.time.fromisoformat(time), due.get("timezone"))
    if recurrence := fields.get("recurrence"):
        fields["recurrence"] = RecurrenceDraft(recurrence["rule"], CountedFrom(recurrence.get("from", "due")))
    if "checklist" in fields:
        fields["checklist"] = tuple(
            ChecklistItem(item["title"], item.get("complete", False)) for item in fields["checklist"]
        )
    return fields


def query_of(arguments: Arguments) -> TaskQuery:
    """Return the query that arguments describe. Raises RuleViolated."""
    sort = arguments.get("sort", "created_at")
    days = {name: day_of(arguments[name]) for name in ("due_from", "due_until") if name in arguments}
    return TaskQuery(
        complete=arguments.get("complete"),
        priority=frozenset(Priority[name.upper()] for name in arguments.get("priority", ())),
        tag=tuple(arguments.get("tags", ())),
        q=arguments.get("q"),
        project=arguments.get("project_id", ABSENT),
        sort=SortKey(sort.removeprefix("-")),
        descending=sort.startswith("-"),
        limit=arguments.get("limit", DEFAULT_FOUND),
        cursor=arguments.get("cursor"),
        **days,
    )


def task_result(task: Task) -> dict[str, Any]:
    """Serialize a task without what is empty: an assistant must read every character."""
    values = {
        "id": task.id,
        "revision": task.revision,
        "title": task.title,
        "complete": task.complete,
        "priority": task.priority.name.lower(),
        "description": task.description,
        "due": task.due and _due_result(task.due),
        "recurrence": task.recurrence
        and {"rule": str(task.recurrence.rule), "from": task.recurrence.counted_from.value},
        "tags": list(task.tags),
        "checklist": [{"title": item.title, "complete": item.complete} for item in task.checklist],
        "project_id": task.project_id,
        "successor_id": task.successor_id,
        "created_at": _instant(task.created_at),
        "completed_at": task.completed_at and _instant(task.completed_at),
    }
    return {name: value for name, value in values.items() if value not in (None, "", [])}


def project_result(project: Project) -> dict[str, Any]:
    """Serialize a project."""
    return {"id": project.id, "revision": project.revision, "name": project.name, "archived": project.archived}


def _due_result(due: Due) -> dict[str, str]:
    parts = {
        "date": due.date.isoformat(),
        "time": due.time and due.time.isoformat("minutes"),
        "timezone": due.timezone,
    }
    return {name: value for name, value in parts.items() if value}


def _instant(instant: dt.datetime) -> str:
    return instant.astimezone(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
