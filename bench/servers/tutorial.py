"""The tasks API as tutorials teach it: sync SQLModel sessions through Depends, response models, refresh."""
# ruff: noqa: FAST003 - the dependency takes the user from the path

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import jwt
from fastapi import Depends, FastAPI, HTTPException, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import field_validator
from sqlalchemy import DateTime
from sqlmodel import Field, Session, SQLModel, create_engine, select

URL = os.environ.get("BETTER_AUTH_URL")
KEYS = jwt.PyJWKClient(f"{URL}/api/auth/jwks") if URL else None
PRIORITIES = ("low", "medium", "high")

app = FastAPI()
engine = create_engine(os.environ["DATABASE_URL"].replace("postgresql:", "postgresql+psycopg:", 1))


class TaskList(SQLModel, table=True):
    """The counters of a user's list."""

    __tablename__ = "task_lists"

    user_id: str = Field(primary_key=True)
    revision: int = 0
    last_task_id: int = 0
    forgotten_revision: int = 0


class Task(SQLModel, table=True):
    """A task as it is stored."""

    __tablename__ = "tasks"

    user_id: str = Field(primary_key=True)
    id: int = Field(primary_key=True)
    revision: int
    title: str
    title_key: str
    description: str | None = None
    description_key: str | None = None
    completed_at: datetime | None = Field(None, sa_type=DateTime(timezone=True))
    priority: int = 2
    due: str | None = None
    due_timezone: str | None = None
    tags: str = ""
    tags_key: str = ""
    created_at: datetime = Field(sa_type=DateTime(timezone=True))
    updated_at: datetime = Field(sa_type=DateTime(timezone=True))
    deleted_at: datetime | None = Field(None, sa_type=DateTime(timezone=True))


class Due(SQLModel):
    """A day, with an optional time and time zone."""

    date: str
    time: str | None = None
    timezone: str | None = None


class TaskBody(SQLModel):
    """The fields of a task that a caller may set."""

    title: str = Field("", min_length=1, max_length=200)
    description: str | None = Field(None, max_length=1000)
    complete: bool = False
    priority: Literal["low", "medium", "high"] = "medium"
    due: Due | None = None
    tags: list[str] = Field([], max_length=20)


class TaskResponse(TaskBody):
    """A task in a response."""

    id: int
    user_id: str
    completed_at: datetime | None
    created_at: datetime
    updated_at: datetime
    revision: int

    @field_validator("completed_at", "created_at", "updated_at")
    @classmethod
    def in_utc(cls, instant: datetime | None) -> datetime | None:
        """Convert to UTC, whatever the database session's time zone is."""
        return instant and instant.astimezone(UTC)


class TaskListResponse(SQLModel):
    """A page of tasks."""

    tasks: list[TaskResponse]
    count: int
    next_cursor: str | None
    revision: int


def get_session() -> Iterator[Session]:
    """Open a session for a request."""
    with Session(engine) as session:
        yield session


def get_user(user_id: str, bearer: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]) -> str:
    """Return the user of the token, which must be the one in the path."""
    token = bearer.credentials
    try:
        if KEYS:
            key = KEYS.get_signing_key_from_jwt(token)
            claims = jwt.decode(token, key, ["EdDSA"], issuer=URL, audience=URL, options={"require": ["exp"]})
        else:
            claims = jwt.decode(token, os.environ["BETTER_AUTH_SECRET"], ["HS256"], options={"require": ["exp"]})
    except jwt.PyJWTError:
        raise HTTPException(401, "invalid token") from None
    if claims.get("user_id") != user_id:
        raise HTTPException(403, "not yours")
    return user_id


Database = Annotated[Session, Depends(get_session)]
User = Annotated[str, Depends(get_user)]


@app.get("/health")
def health() -> dict[str, str]:
    """Return that the server is healthy."""
    return {"status": "ok"}


@app.get("/api/{user_id}/tasks", response_model=TaskListResponse)
def list_tasks(user: User, session: Database, limit: int = 100) -> dict[str, Any]:
    """Return the first tasks."""
    task_list = session.get(TaskList, user)
    query = select(Task).where(Task.user_id == user, Task.deleted_at == None)  # noqa: E711 - SQL
    found = session.exec(query.order_by(Task.created_at, Task.id).limit(limit + 1)).all()  # type: ignore[arg-type]
    return {
        "tasks": [response_of(task) for task in found[:limit]],
        "count": len(found[:limit]),
        "next_cursor": str(found[limit - 1].id) if len(found) > limit else None,
        "revision": task_list.revision if task_list else 0,
    }


@app.get("/api/{user_id}/tasks/{task_id}", response_model=TaskResponse)
def get_task(task_id: int, user: User, session: Database, response: Response) -> dict[str, Any]:
    """Return one task."""
    return sent(find(session, user, task_id), response)


@app.post("/api/{user_id}/tasks", response_model=TaskResponse, status_code=201)
def create_task(body: TaskBody, user: User, session: Database, response: Response) -> dict[str, Any]:
    """Add a task."""
    now = datetime.now(UTC)
    task_list = locked_list(session, user) or TaskList(user_id=user)
    task_list.revision += 1
    task_list.last_task_id += 1
    session.add(task_list)
    task = Task(
        user_id=user,
        id=task_list.last_task_id,
        revision=task_list.revision,
        created_at=now,
        updated_at=now,
        **columns(body.model_dump(), now),
    )
    session.add(task)
    session.commit()
    session.refresh(task)
    response.headers["Location"] = f"/api/{user}/tasks/{task.id}"
    return sent(task, response)


@app.patch("/api/{user_id}/tasks/{task_id}", response_model=TaskResponse)
def patch_task(task_id: int, body: TaskBody, user: User, session: Database, response: Response) -> dict[str, Any]:
    """Change the named fields of a task."""
    now = datetime.now(UTC)
    task_list = locked_list(session, user)
    task = find(session, user, task_id)
    assert task_list
    task_list.revision += 1
    task.sqlmodel_update(columns(body.model_dump(exclude_unset=True), task.completed_at or now))
    task.updated_at = now
    task.revision = task_list.revision
    session.add(task)
    session.commit()
    session.refresh(task)
    return sent(task, response)


def locked_list(session: Session, user: str) -> TaskList | None:
    """Return the user's list, locked until the commit."""
    return session.exec(select(TaskList).where(TaskList.user_id == user).with_for_update()).first()


def find(session: Session, user: str, task_id: int) -> Task:
    """Return the task, or raise 404."""
    task = session.get(Task, (user, task_id))
    if task is None or task.deleted_at is not None:
        raise HTTPException(404, "no such task")
    return task


def columns(fields: dict[str, Any], completed_at: datetime) -> dict[str, Any]:
    """Return the columns that fields are stored in."""
    stored: dict[str, Any] = {}
    for name, value in fields.items():
        match name:
            case "title" | "description":
                stored |= {name: value, f"{name}_key": value and value.casefold()}
            case "complete":
                stored["completed_at"] = completed_at if value else None
            case "priority":
                stored["priority"] = PRIORITIES.index(value) + 1
            case "due":
                stored["due"] = f"{value['date']}T{value['time'] or '24:00'}" if value else None
                stored["due_timezone"] = value["timezone"] if value else None
            case "tags":
                stored |= {"tags": "\n".join(value), "tags_key": "".join(f"\n{tag.casefold()}\n" for tag in value)}
    return stored


def response_of(task: Task) -> dict[str, Any]:
    """Return the fields of the response."""
    day, _, clock = (task.due or "").partition("T")
    return task.model_dump() | {
        "complete": task.completed_at is not None,
        "priority": PRIORITIES[task.priority - 1],
        "due": Due(date=day, time=None if clock == "24:00" else clock, timezone=task.due_timezone) if day else None,
        "tags": task.tags.split("\n") if task.tags else [],
    }


def sent(task: Task, response: Response) -> dict[str, Any]:
    """Return the response and set its ETag."""
    response.headers["ETag"] = f'"{task.revision}"'
    return response_of(task)
