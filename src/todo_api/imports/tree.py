"""Subtasks: each becomes an item in the checklist of the outermost task that it is a part of."""

from collections.abc import Sequence

from todo_api.imports.loose import LooseTask
from todo_api.imports.report import Report

Family = tuple[LooseTask, list[LooseTask]]
"""A task, and all its subtasks in the order of the file."""


def families_of(tasks: Sequence[LooseTask], report: Report) -> list[Family]:
    """Return the outermost tasks with their subtasks. Tasks that are parts of themselves are faults."""
    by_place = {task.place: task for task in reversed(tasks)}  # the first one of each name
    outermost: dict[str, str | None] = {}
    families: dict[str, Family] = {}
    loose: list[Family] = []
    for task in tasks:
        root = _root_of(task, by_place, outermost, report)
        if root == task.place and root not in families and by_place[root] is task:
            families[root] = (task, [])
        elif root == task.place:
            loose.append((task, []))  # a second task of the same name
    for task in tasks:
        root = outermost[task.place]
        if root is None:
            report.fault(task.row, "is a part of itself: its parents form a cycle", code="cycle")
        elif root != task.place:
            families[root][1].append(task)
    return [*families.values(), *loose]


def _root_of(
    task: LooseTask, by_place: dict[str, LooseTask], outermost: dict[str, str | None], report: Report
) -> str | None:
    """Return the place of the outermost task, None for a cycle, and store it for all tasks on the way."""
    path: dict[str, None] = {}
    place: str | None = task.place
    while place is not None and place not in outermost and place not in path:
        path[place] = None
        each = by_place[place]
        if each.parent is not None and each.parent not in by_place:
            report.note(each.row, "the task that it is a part of is not in the file")
            each.parent = None
        place = each.parent
    last = next(reversed(path), task.place)
    root = None if place in path else last if place is None else outermost[place]
    outermost |= dict.fromkeys(path, root)
    return root
