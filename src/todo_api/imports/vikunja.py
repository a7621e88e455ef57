"""The `data.json` in the archive that Vikunja exports: a list of projects with their tasks."""

import html
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

from todo_api.imports.fitting import fit
from todo_api.imports.json_files import JsonObject, json_of
from todo_api.imports.loose import LooseTask
from todo_api.imports.projects import fit_project
from todo_api.imports.report import Report
from todo_api.imports.times import due_at, instant_of
from todo_domain import CountedFrom, ImportedItem, ImportedProject, Origin, Priority, RecurrenceDraft, origin_key

_SOURCE: Final = "vikunja"
# 0 is no priority, then low, medium, high, urgent and “do now”.
_PRIORITIES: Final = (Priority.MEDIUM, Priority.LOW, Priority.MEDIUM, Priority.HIGH, Priority.HIGH, Priority.HIGH)
_MONTHLY, _FROM_COMPLETION = 1, 2
_UNITS: Final = ((604_800, "WEEKLY"), (86_400, "DAILY"))
_NOT_IMPORTED: Final = {
    "reminders": "reminders",
    "attachments": "attachments",
    "hex_color": "the colour",
    "reactions": "reactions",
}
_BREAK: Final = re.compile(r"<(?:br|/p|/li|/h[1-6])\b[^<>]*>", re.IGNORECASE)
_TAG: Final = re.compile(r"<[^<>]*>")


def read(text: str, report: Report) -> Iterable[ImportedItem]:
    """Return the projects, then the tasks."""
    top = json_of(text, report)
    if not isinstance(top, list):
        raise report.refuse("this is not the data.json of Vikunja: it must be a list of projects")
    projects: list[ImportedProject] = []
    tasks: list[LooseTask] = []
    for found in _projects(JsonObject({"projects": top}, 1, report)):
        if found.number("id") < 0:
            continue  # a view, such as the favorites
        origin = Origin(origin_key(_SOURCE, "project", *_identity(found)))
        projects.append(_project(found, origin, report))
        buckets = {bucket.number("id"): bucket.text("title") for bucket in found.items("buckets")}
        tasks += [_task(item, origin, buckets, report) for item in found.rows("tasks")]
    yield from projects
    yield from fit(_SOURCE, tasks, report)


def _projects(outer: JsonObject, name: str = "projects") -> Iterator[JsonObject]:
    """Yield all projects, outer ones first: some versions nest them."""
    for project in outer.rows(name):
        yield project
        yield from _projects(project, "child_projects")


def _project(found: JsonObject, origin: Origin, report: Report) -> ImportedProject:
    if found.has("description"):
        report.note(found.row, "the description of the project is not imported")
    if found.number("parent_project_id"):
        report.note(found.row, "is part of another project, and becomes a project of its own")
    return fit_project(
        origin,
        found.text("title"),
        found.row,
        report,
        archived=found.flag("is_archived"),
        created_at=_time(found, "created"),
        updated_at=_time(found, "updated"),
    )


def _task(item: JsonObject, project: Origin, buckets: dict[int, str], report: Report) -> LooseTask:
    parents = list(item.inner("related_tasks").items("parenttask"))
    task = LooseTask(
        row=item.row,
        place=str(item.number("id") or f"row {item.row}"),
        parent=str(parents[0].number("id")) if parents else None,
        identity=("id", *_identity(item)),
        title=item.text("title"),
        notes=_plain(item.text("description")),
        complete=item.flag("done"),
        completed_at=_time(item, "done_at"),
        created_at=_time(item, "created"),
        updated_at=_time(item, "updated"),
        priority=_PRIORITIES[min(max(item.number("priority"), 0), len(_PRIORITIES) - 1)],
        tags=[label.text("title") for label in item.items("labels")],
        project=project,
    )
    if due := _time(item, "due_date"):
        task.due = due_at(due, None)
    _read_repetition(item, task)
    if bucket := buckets.get(item.number("bucket_id")):
        task.lines.append(f"Bucket: {bucket}")
    for name, label in (("start_date", "Starts"), ("end_date", "Ends")):
        if time := _time(item, name):
            task.kept_as_text.append((label, time.isoformat()))
    if people := [person.text("username") for person in item.items("assignees")]:
        task.kept_as_text.append(("Assigned to", ", ".join(people)))
    for comment in item.items("comments"):
        author, when = comment.inner("author").text("username"), comment.text("created")
        task.kept_as_text.append(("Comment", f"{author}, {when}: {_plain(comment.text('comment'))}"))
    for name, label in _NOT_IMPORTED.items():
        if item.has(name):
            report.note(item.row, f"{label} can't be imported")
    return task


def _read_repetition(item: JsonObject, task: LooseTask) -> None:
    seconds, mode = item.number("repeat_after"), item.number("repeat_mode")
    counted_from = CountedFrom.COMPLETION if mode == _FROM_COMPLETION else CountedFrom.DUE
    if mode == _MONTHLY:
        task.recurrence = RecurrenceDraft("FREQ=MONTHLY")
    elif seconds > 0:
        for unit, frequency in _UNITS:
            if seconds % unit == 0:
                task.recurrence = RecurrenceDraft(f"FREQ={frequency};INTERVAL={seconds // unit}", counted_from)
                return
        task.kept_as_text.append(("Repeats", f"every {seconds} seconds"))


def _identity(item: JsonObject) -> tuple[str, str]:
    """Return the id with the time of creation: the ids of all servers count from 1."""
    return str(item.number("id")), item.text("created")


def _time(item: JsonObject, name: str) -> datetime | None:
    """Return a time. The year 1 stands for none."""
    time = instant_of(item.text(name))
    return time if time and time.year > 1 else None


def _plain(text: str) -> str:
    """Return the text of HTML, which descriptions have since version 0.22."""
    if not text.lstrip().startswith("<"):
        return text
    return html.unescape(_TAG.sub("", _BREAK.sub("\n", text))).strip()
