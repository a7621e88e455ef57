"""A calendar of any length, written while it is sent."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from importlib import import_module

from todo_api.http.user_limits import ICALENDAR_COST, Usage
from todo_domain import Task, TaskPage, WholeList


async def calendar_parts(found: TaskPage | WholeList, usage: Usage, *, as_todos: bool) -> AsyncIterator[bytes]:
    """Yield the text of a calendar in parts, one per chunk of tasks. Between any two tasks, others are served."""
    # In a thread, because the first import takes so long that other requests would notice.
    await asyncio.to_thread(import_module, "todo_api.schemas.icalendar")
    from todo_api.schemas.icalendar import CalendarWriter, events_of, todos_of  # noqa: PLC0415 - as above

    components_of = todos_of if as_todos else events_of
    writer = CalendarWriter()
    text = writer.begin()
    async for tasks in _chunks(found):
        usage.charge_tasks(tasks, ICALENDAR_COST)
        for task in tasks:
            text += writer.write(task, components_of(task))
            await asyncio.sleep(0)
        yield text
        text = b""
    yield text + writer.end()


async def _chunks(found: TaskPage | WholeList) -> AsyncIterator[Sequence[Task]]:
    if isinstance(found, TaskPage):
        yield found.tasks
    else:
        async for tasks in found.chunks:
            yield tasks
