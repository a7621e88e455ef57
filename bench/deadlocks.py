"""40,000 operations on projects and their tasks, in both orders at once: `python -m bench.deadlocks` finds no deadlock.

Writers move tasks between two projects, remove and restore the projects, and change single
tasks. Half of them name tasks and projects in the opposite order. It takes a few minutes.
"""

import argparse
import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import cycle, islice

import psycopg
from tests.postgres import running_postgres

from todo_adapters.sql.migrations import upgrade
from todo_adapters.sql.postgres.repository import PostgresTaskRepository
from todo_domain import (
    Batch,
    BatchFailed,
    Create,
    CreateProject,
    Edit,
    Operation,
    Patch,
    ProjectDraft,
    RemoveProject,
    RestoreProject,
    TaskDraft,
    TaskNotFound,
    TaskPatch,
    TaskQuery,
    TrashQuery,
    UserId,
)

_AT = datetime(2026, 1, 1, tzinfo=UTC)
_USER = UserId("alice")
_TASKS = 12
_WRITERS = 20


def _batches(writer: int) -> Iterator[Sequence[Operation]]:
    """Yield the batches of a writer, again and again."""
    order = 1 if writer % 2 else -1
    first, second = (1, 2)[::order]
    ids = range(1, _TASKS + 1)[::order]
    yield from islice(
        cycle(
            [
                [Patch(task_id, TaskPatch(project_id=first)) for task_id in ids[writer % 4 :: 4]],
                [RemoveProject(first)],
                [Patch(task_id, TaskPatch(description=f"{writer}")) for task_id in ids[::3]],
                [RestoreProject(first), RestoreProject(second)],
                [Patch(ids[0], TaskPatch(project_id=second)), RemoveProject(second)],
                [RestoreProject(second)],
                [Patch(task_id, TaskPatch(project_id=second)) for task_id in ids[:2]],
                [RestoreProject(first)],
            ]
        ),
        writer % 8,
        None,
    )


async def _write(store: PostgresTaskRepository, writer: int, seen: Counter[str], limit: int) -> None:
    for number, operations in enumerate(_batches(writer)):
        if seen.total() >= limit:
            return
        task_id = 1 + (number + writer) % _TASKS
        change = store.change(_USER, task_id, _describing(f"{number}"))
        batch = store.apply(_USER, Batch(tuple(operations)), at=_AT)
        for name, count, write in (("change", 1, change), (type(operations[-1]).__name__, len(operations), batch)):
            try:
                await write
                seen[name] += count
            except (BatchFailed, TaskNotFound):
                seen[f"{name}, refused"] += count


def _describing(text: str) -> Edit:
    return lambda task: task.patched(TaskPatch(description=text), _AT)


async def _run(url: str, limit: int) -> Counter[str]:
    seen = Counter[str]()
    async with PostgresTaskRepository(url, timeout_seconds=60) as store:
        new = [CreateProject(ProjectDraft(name="a")), CreateProject(ProjectDraft(name="b"))]
        tasks = [Create(TaskDraft(title="a", project_id=1 + number % 2)) for number in range(_TASKS)]
        await store.apply(_USER, Batch((*new, *tasks)), at=_AT)
        await asyncio.gather(*(_write(store, writer, seen, limit) for writer in range(_WRITERS)))
        page = await store.list(_USER, TaskQuery())
        trash = await store.list_trash(_USER, TrashQuery())
        projects = {project.id for project in (await store.list_projects(_USER)).projects}
    assert sorted([*(task.id for task in page.tasks), *(each.id for each in trash.tasks)]) == list(range(1, _TASKS + 1))
    assert {task.project_id for task in page.tasks} <= {None, *projects}
    return seen


def main() -> None:
    """Run the writers, and print what they did and how many deadlocks the server resolved."""
    options = argparse.ArgumentParser(prog="python -m bench.deadlocks", description=__doc__)
    options.add_argument("--operations", type=int, default=40_000)
    limit = options.parse_args().operations
    with running_postgres() as server:
        upgrade(server.url)
        begun = time.perf_counter()
        seen = asyncio.run(_run(server.url, limit))
        seconds = time.perf_counter() - begun
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("SELECT pg_stat_force_next_flush()")
            found = connection.execute("SELECT sum(deadlocks) FROM pg_stat_database").fetchone()
    print(f"{seen.total()} operations in {seconds:.0f} s: {dict(seen)}; deadlocks: {found and found[0]}")


if __name__ == "__main__":
    main()
