"""A minimal FastAPI app with constant responses: it shows the cost of the framework alone."""
# ruff: noqa: FAST003 - the path parameters are not used

from fastapi import FastAPI

app = FastAPI()
_TASK = {
    "id": 1,
    "user_id": "alice",
    "title": "Buy milk",
    "description": None,
    "complete": False,
    "completed_at": None,
    "priority": "medium",
    "due": None,
    "tags": [],
    "created_at": "2026-11-21T09:30:00.123456Z",
    "updated_at": "2026-11-21T09:30:00.123456Z",
    "revision": 1,
}
_PAGE = {"tasks": [_TASK] * 20, "count": 20, "next_cursor": None, "revision": 1}


@app.get("/health")
async def health() -> dict[str, str]:
    """Return that the server is healthy."""
    return {"status": "ok"}


@app.get("/api/{user_id}/tasks")
async def list_tasks() -> dict[str, object]:
    """Return 20 tasks."""
    return _PAGE


@app.post("/api/{user_id}/tasks", status_code=201)
@app.get("/api/{user_id}/tasks/{task_id}")
@app.patch("/api/{user_id}/tasks/{task_id}")
async def one_task() -> dict[str, object]:
    """Return one task."""
    return _TASK
