"""A project or a task of an export, in the list or in the trash."""

from datetime import datetime

from todo_domain import Content, Project, Task, TrashedProject, TrashedTask


def without_deletion(each: Content) -> tuple[Project | Task, datetime | None]:
    """Return the project or the task itself, and when it was deleted if it is in the trash."""
    if isinstance(each, TrashedTask):
        return each.task, each.deleted_at
    if isinstance(each, TrashedProject):
        return each.project, each.deleted_at
    return each, None
