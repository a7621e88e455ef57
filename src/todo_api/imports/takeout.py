"""Google Tasks as Google Takeout exports them: `Takeout/Tasks/Tasks.json`.

See https://developers.google.com/workspace/tasks/reference/rest/v1/tasks for the fields.
"""

from collections.abc import Iterable
from operator import itemgetter
from typing import Final

from todo_api.imports.fitting import fit
from todo_api.imports.json_files import JsonObject, json_of
from todo_api.imports.loose import LooseTask
from todo_api.imports.projects import fit_project
from todo_api.imports.report import Report
from todo_api.imports.times import instant_of
from todo_domain import Due, ImportedItem, ImportedProject, Origin, origin_key

_SOURCE: Final = "takeout"
_KIND: Final = "tasks#taskLists"


def read(text: str, report: Report) -> Iterable[ImportedItem]:
    """Return a project for each list, then the tasks."""
    top = json_of(text, report)
    if not isinstance(top, dict) or top.get("kind") != _KIND:
        raise report.refuse(f"this is not the Tasks.json of Google Takeout: its kind must be {_KIND}")
    projects: list[ImportedProject] = []
    tasks: list[LooseTask] = []
    for task_list in JsonObject(top, 1, report).rows("items"):
        origin = Origin(origin_key(_SOURCE, "project", task_list.text("id") or task_list.text("title")))
        name, updated_at = task_list.text("title"), instant_of(task_list.text("updated"))
        projects.append(fit_project(origin, name, task_list.row, report, updated_at=updated_at))
        found = [(item.text("position"), item.row, _task(item, origin)) for item in task_list.rows("items")]
        tasks += [task for *_, task in sorted(found, key=itemgetter(0, 1))]
    yield from projects
    yield from fit(_SOURCE, tasks, report)


def _task(item: JsonObject, project: Origin) -> LooseTask:
    task_id, updated_at = item.text("id"), instant_of(item.text("updated"))
    task = LooseTask(
        row=item.row,
        place=f"{project.key} {task_id or item.row}",
        parent=f"{project.key} {item.text('parent')}" if item.has("parent") else None,
        identity=("id", task_id) if task_id else ("content", item.text("title"), item.text("notes"), item.text("due")),
        title=item.text("title"),
        notes=item.text("notes"),
        complete=item.text("status") == "completed",
        completed_at=instant_of(item.text("completed")),
        # Most exports have no time of creation. The task existed at its last change.
        created_at=instant_of(item.text("created")) or updated_at,
        updated_at=updated_at,
        project=project,
        in_trash=item.flag("deleted"),
    )
    if due := instant_of(item.text("due")):
        task.due = Due(due.date())  # the time of the day is never exported
    elif item.has("due"):
        task.kept_as_text.append(("Due", item.text("due")))
    task.kept_as_text += [("Link", link.text("link")) for link in item.items("links")]
    return task
