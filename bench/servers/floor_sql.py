"""The floor's database: plain psycopg, a list as the pool, and one statement per operation."""

import asyncio
import os
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from json.encoder import encode_basestring as quoted
from typing import Any

import psycopg

CONNECTIONS = 10
PRIORITIES = ("low", "medium", "high")
_TASK_COLUMNS = (
    "user_id, id, title, description, completed_at, priority, due, due_timezone, tags, created_at, updated_at"
)
_DEFAULTS: dict[str, object] = {
    "description": None,
    "description_key": None,
    "completed_at": None,
    "priority": 2,
    "due": None,
    "due_timezone": None,
    "tags": "",
    "tags_key": "",
}
_STORED = ("title", "title_key", *_DEFAULTS)

GET = f"SELECT {_TASK_COLUMNS}, revision FROM tasks WHERE user_id = %s AND id = %s AND deleted_at IS NULL".encode()
LIST = f"""
    SELECT page.*, list.revision FROM task_lists list LEFT JOIN LATERAL (
        SELECT {_TASK_COLUMNS}, revision FROM tasks WHERE user_id = list.user_id AND deleted_at IS NULL
        ORDER BY created_at, id LIMIT %s
    ) page ON true WHERE list.user_id = %s ORDER BY page.created_at, page.id
""".encode()
CREATE = f"""
    WITH list AS (
        INSERT INTO task_lists (user_id, revision, last_task_id, forgotten_revision) VALUES (%s, 1, 1, 0)
        ON CONFLICT (user_id) DO UPDATE
        SET revision = task_lists.revision + 1, last_task_id = task_lists.last_task_id + 1
        RETURNING user_id, revision, last_task_id
    )
    INSERT INTO tasks (user_id, id, revision, created_at, updated_at, {", ".join(_STORED)})
    SELECT user_id, last_task_id, revision, %s, %s, {", ".join(["%s"] * len(_STORED))} FROM list
    RETURNING {_TASK_COLUMNS}, revision
""".encode()


@cache
def _patch(columns: tuple[str, ...]) -> bytes:
    values = [
        # Completing again keeps completed_at.
        "completed_at = CASE WHEN %s::timestamptz IS NOT NULL THEN coalesce(completed_at, %s) END"
        if column == "completed_at"
        else f"{column} = %s"
        for column in columns
    ]
    return f"""
        WITH task AS MATERIALIZED (
            SELECT id FROM tasks WHERE user_id = %s AND id = %s AND deleted_at IS NULL FOR NO KEY UPDATE
        ), list AS (
            UPDATE task_lists SET revision = task_lists.revision + 1 FROM task WHERE user_id = %s
            RETURNING task_lists.revision
        )
        UPDATE tasks SET revision = list.revision, updated_at = greatest(updated_at, %s), {", ".join(values)}
        FROM list WHERE user_id = %s AND id = %s RETURNING {_TASK_COLUMNS}, tasks.revision
    """.encode()


class Pool:
    """A few connections, each with one cursor, used in the order of the callers."""

    def __init__(self) -> None:
        self._idle: list[psycopg.AsyncCursor[Any]] = []
        self._waiting: deque[asyncio.Future[psycopg.AsyncCursor[Any]]] = deque()

    async def open(self) -> None:
        """Connect to the database in the environment variable."""
        for _ in range(CONNECTIONS):
            connection = await psycopg.AsyncConnection.connect(
                os.environ["DATABASE_URL"], autocommit=True, prepare_threshold=0, options="-c timezone=UTC"
            )
            self._idle.append(connection.cursor(binary=True))

    async def rows(self, statement: bytes, values: Sequence[object]) -> list[Any]:
        """Return the rows of a statement."""
        if self._idle:
            cursor = self._idle.pop()
        else:
            turn = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            cursor = await turn
        try:
            await cursor.execute(statement, values)
            return await cursor.fetchall()
        finally:
            if self._waiting:
                self._waiting.popleft().set_result(cursor)
            else:
                self._idle.append(cursor)

    async def create(self, user: str, columns: dict[str, object], now: datetime) -> list[Any]:
        """Add a task; return its row."""
        stored = _DEFAULTS | columns
        return await self.rows(CREATE, [user, now, now, *(stored[column] for column in _STORED)])

    async def patch(self, user: str, task_id: int, columns: Mapping[str, object], now: datetime) -> list[Any]:
        """Change columns of a task; return its row if there is one."""
        values: list[object] = [user, task_id, user, now]
        for column, value in columns.items():
            values += [value, value] if column == "completed_at" else [value]
        return await self.rows(_patch(tuple(columns)), [*values, user, task_id])


def columns_of(body: object, now: datetime) -> dict[str, object]:
    """Return the columns that the fields of a body are stored in; raise ValueError for an invalid body."""
    if not isinstance(body, dict):
        raise ValueError  # noqa: TRY004 - all faults of a body raise it
    columns: dict[str, object] = {}
    for name, value in body.items():
        match name, value:
            case "title", str() if 1 <= len(value.strip()) <= 200:
                columns |= {"title": value.strip(), "title_key": value.strip().casefold()}
            case "description", (str() | None) if len(value or "") <= 1000:
                columns |= {"description": value, "description_key": value and value.casefold()}
            case "complete", bool():
                columns["completed_at"] = now if value else None
            case "priority", str():
                columns["priority"] = PRIORITIES.index(value) + 1
            case "due", None:
                columns |= {"due": None, "due_timezone": None}
            case "due", {"date": str(day)}:
                columns |= {"due": f"{day}T{value.get('time') or '24:00'}", "due_timezone": value.get("timezone")}
            case "tags", list():
                columns |= {"tags": "\n".join(value), "tags_key": "".join(f"\n{tag.casefold()}\n" for tag in value)}
            case _:
                raise ValueError
    return columns


def json_of(row: Sequence[Any]) -> str:
    """Return a row as the JSON of the response."""
    user, id_, title, description, completed_at, priority, due, zone, tags, created_at, updated_at, revision = row[:12]
    if due:
        day, _, clock = due.partition("T")
        time = "null" if clock == "24:00" else f'"{clock}"'
        due_json = f'{{"date":"{day}","time":{time},"timezone":{quoted(zone) if zone else "null"}}}'
    return (
        f'{{"id":{id_},"user_id":"{user}","title":{quoted(title)},'
        f'"description":{"null" if description is None else quoted(description)},'
        f'"complete":{"true" if completed_at else "false"},'
        f'"completed_at":{_instant(completed_at) if completed_at else "null"},'
        f'"priority":"{PRIORITIES[priority - 1]}","due":{due_json if due else "null"},'
        f'"tags":[{",".join(map(quoted, tags.split(chr(10)))) if tags else ""}],'
        f'"created_at":{_instant(created_at)},"updated_at":{_instant(updated_at)},"revision":{revision}}}'
    )


def _instant(instant: datetime) -> str:
    """Format an instant that is in UTC."""
    return f'"{instant.isoformat()[:-6]}Z"'
