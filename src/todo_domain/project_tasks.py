"""How the tasks in a project follow it into the trash and back.

A project may have a hundred thousand tasks. Those that the batch has not read are changed in bulk:
the store changes them with one statement and never sends their content.
"""

from collections.abc import Callable, Container, Iterable, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Final, TypeVar

from todo_domain.list_state import ListState
from todo_domain.operations import BulkKind
from todo_domain.reads import Reads, StoredTask, TasksOfProject
from todo_domain.task import Task
from todo_domain.trash import TrashedTask, removed

_ID: Final = attrgetter("id")
_State = TypeVar("_State", Task, TrashedTask)


def remove_tasks(state: ListState, project_id: int, *, permanent: bool) -> Reads[None]:
    """Remove the tasks in a project, in ascending order of id. Raises RuleViolated if a batch has too many."""
    rows: Sequence[StoredTask] = yield TasksOfProject(project_id, in_trash=False)
    state.count_bulk(len(rows))
    yield from state.load(state.bulk.ids_of(project_id))
    known = [task for task in state.states.values() if isinstance(task, Task) and task.project_id == project_id]

    def write(task: Task) -> None:
        gone = removed(task, state.counters.next_revision, state.at, permanent=permanent)
        state.write(gone._replace(deleted_with=project_id) if isinstance(gone, TrashedTask) else gone)

    _write_in_order(state, BulkKind.ERASE if permanent else BulkKind.TRASH, project_id, known, rows, write)


def restore_tasks(state: ListState, project_id: int, projects: Container[int]) -> Reads[None]:
    """Restore the tasks that were removed with a project: those whose place is free, then the others, by id."""
    rows: Sequence[StoredTask] = yield TasksOfProject(project_id, in_trash=True)
    state.count_bulk(len(rows))
    taken = {each.position for each in state.placed()}
    crowded = [row.id for row in rows if row.is_crowded or row.position in taken]
    yield from state.load([*state.bulk.ids_of(project_id), *crowded])
    free, others = list[TrashedTask](), list[TrashedTask]()
    for known in list(state.states.values()):
        if isinstance(known, TrashedTask) and known.deleted_with == project_id:
            _, above = yield from state.neighbours(known.task.position, frozenset(), 1)
            is_taken = any(each.position == known.task.position for each in above)
            (others if is_taken else free).append(known)

    def write(trashed: TrashedTask) -> None:
        state.write(trashed.restored(state.at)._replace(revision=state.counters.next_revision))

    _write_in_order(state, BulkKind.RESTORE, project_id, free, rows, write)
    for trashed in sorted(others, key=_ID):
        yield from restore(state, trashed, projects)


def restore(state: ListState, trashed: TrashedTask, projects: Container[int]) -> Reads[None]:
    """Restore a task, without its project if that does not exist."""
    task = trashed.restored(state.at)
    if task.project_id not in projects:
        task = task._replace(project_id=None)
    position = yield from state.place_again(task)
    state.write(task._replace(position=position, revision=state.counters.next_revision))


def _write_in_order(  # noqa: PLR0913, PLR0917 - a change, and what it changes
    state: ListState,
    kind: BulkKind,
    project_id: int,
    known: Iterable[_State],
    rows: Iterable[StoredTask],
    write: Callable[[_State], None],
) -> None:
    """Change tasks in ascending order of id: call `write` for the known ones, and change the others in bulk."""
    tasks: dict[int, _State] = {task.id: task for task in known}
    stored: dict[int, StoredTask] = {row.id: row for row in rows if row.id not in state.states}
    for in_bulk, ids in groupby(sorted([*tasks, *stored]), stored.__contains__):
        if in_bulk:
            _change(state, kind, project_id, [stored[task_id] for task_id in ids])
        else:
            for task_id in ids:
                write(tasks[task_id])


def _change(state: ListState, kind: BulkKind, project_id: int, tasks: Sequence[StoredTask]) -> None:
    removed = -len(tasks) if kind is BulkKind.RESTORE else len(tasks)
    was_open = sum(task.is_open for task in tasks)
    state.change_in_bulk(kind, project_id, tasks)
    state.counters = state.counters.after_bulk(
        removed=removed,
        removed_open=-was_open if kind is BulkKind.RESTORE else was_open,
        trashed=0 if kind is BulkKind.ERASE else removed,
    )
