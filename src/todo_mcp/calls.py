"""What each tool does, with arguments that fit its schema."""

from collections.abc import Sequence
from typing import Any, Protocol

from todo_domain import (
    Batch,
    Change,
    Create,
    Deletion,
    FeedToken,
    Kind,
    Operation,
    Patch,
    Project,
    Remove,
    Restore,
    RuleViolated,
    Task,
    TaskDraft,
    TaskPatch,
    TaskUseCases,
)
from todo_mcp.arguments import ArgumentsRefused
from todo_mcp.conversion import Arguments, fields_of, project_result, query_of, task_result
from todo_mcp.schemas import DEFAULT_FOUND

Result = dict[str, Any]
_BOTH_KINDS = frozenset(Kind)
_COMPLETE = TaskPatch(complete=True)


class Work(Protocol):
    """Counts what a user's calls cost the server."""

    def charge_operations(self, count: int) -> None:
        """Charge what a batch costs besides its request."""

    def charge_tasks(self, returned: Sequence[Change]) -> None:
        """Charge what it costs to return these tasks and projects."""


async def find_tasks(tasks: TaskUseCases, work: Work, arguments: Arguments) -> Result:
    """Return a page of the tasks that match, or the tasks with some ids."""
    if "ids" in arguments:
        if len(arguments) > 1:
            raise ArgumentsRefused("ids: is only possible alone, without other arguments")
        found = await tasks.get_many(arguments["ids"])
        work.charge_tasks(found)
        return {"tasks": [task_result(task) for task in found]}
    page = await tasks.list(query_of(arguments))
    work.charge_tasks(page.tasks)
    result: Result = {"tasks": [task_result(task) for task in page.tasks], "revision": page.revision}
    return result if page.next_cursor is None else result | {"next_cursor": page.next_cursor}


async def get_changes(tasks: TaskUseCases, work: Work, arguments: Arguments) -> Result:
    """Return a page of the change feed."""
    since = FeedToken.parse(arguments["since"]) if "since" in arguments else None
    page = await tasks.changes(since, arguments.get("limit", DEFAULT_FOUND), None if since else _BOTH_KINDS)
    work.charge_tasks(page.changes)
    return {
        "tasks": [task_result(each) for each in page.changes if isinstance(each, Task)],
        "projects": [project_result(each) for each in page.changes if isinstance(each, Project)],
        "deleted": [{"kind": each.kind.value, "id": each.id} for each in page.changes if isinstance(each, Deletion)],
        "next": str(page.next),
        "has_more": page.has_more,
    }


async def add_tasks(tasks: TaskUseCases, work: Work, arguments: Arguments) -> Result:
    """Add tasks, at most once for each key."""
    drafts = [_in_entry(index, TaskDraft, entry) for index, entry in enumerate(arguments["tasks"])]
    work.charge_operations(len(drafts))
    result = await tasks.apply(Batch(tuple(map(Create, drafts))), arguments["key"])
    added = [{"id": done.id, "revision": done.revision} for done in result.outcomes]
    return {"tasks": added, "added_before": result.replayed}


async def update_tasks(tasks: TaskUseCases, work: Work, arguments: Arguments) -> Result:
    """Change tasks that are at the revisions that the caller saw, all or none."""
    operations: list[Operation] = []
    for index, entry in enumerate(arguments["tasks"]):
        fields = {name: value for name, value in entry.items() if name not in {"id", "revision"}}
        if not fields:
            raise ArgumentsRefused(f"tasks[{index}]: must have a field to change besides id and revision")
        operations.append(Patch(entry["id"], _in_entry(index, TaskPatch, fields), {entry["revision"]}))
    return await _apply(tasks, work, operations)


async def complete_tasks(tasks: TaskUseCases, work: Work, arguments: Arguments) -> Result:
    """Complete tasks, whatever their revisions, all or none."""
    return await _apply(tasks, work, [Patch(task_id, _COMPLETE) for task_id in arguments["ids"]])


async def delete_tasks(tasks: TaskUseCases, work: Work, arguments: Arguments) -> Result:
    """Move tasks that are at the revisions that the caller saw to the trash, all or none."""
    if not tasks.keeps_trash:
        raise ArgumentsRefused("this server keeps no trash, and no tool can erase a task: ask the user to do it")
    return await _apply(tasks, work, [Remove(entry["id"], {entry["revision"]}) for entry in arguments["tasks"]])


async def restore_tasks(tasks: TaskUseCases, work: Work, arguments: Arguments) -> Result:
    """Put tasks from the trash back into the list, all or none."""
    return await _apply(tasks, work, [Restore(task_id) for task_id in arguments["ids"]])


async def list_projects(tasks: TaskUseCases, work: Work, _: Arguments) -> Result:
    """Return all projects."""
    found = await tasks.projects.list()
    work.charge_tasks(found.projects)
    return {"projects": [project_result(project) for project in found.projects]}


def _in_entry(index: int, kind: type[Any], given: Arguments) -> Any:
    """Return the TaskDraft or TaskPatch of an entry of `tasks`. Raises RuleViolated with the place of the entry."""
    try:
        return kind(**fields_of(given))
    except RuleViolated as violated:
        raise violated.at("tasks", index) from None


async def _apply(tasks: TaskUseCases, work: Work, operations: Sequence[Operation]) -> Result:
    work.charge_operations(len(operations))
    result = await tasks.apply(Batch(tuple(operations)))
    written = []
    for done in result.outcomes:
        task = result.tasks[done.id]
        successor = {"successor_id": task.successor_id} if isinstance(task, Task) and task.successor_id else {}
        written.append({"id": done.id, "revision": done.revision, **successor})
    return {"tasks": written}
