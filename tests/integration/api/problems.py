"""Helpers that read problem documents."""

from typing import Any

import httpx

from todo_api.http import problems
from todo_api.http.problems import ProblemType


def refusal(response: httpx.Response) -> tuple[int, str]:
    """Return the status and the error code of a problem."""
    assert response.headers["Content-Type"] == "application/problem+json", response.text
    return response.status_code, response.json()["error_code"]


def places(response: httpx.Response) -> list[Any]:
    """Return the location of every fault that a problem lists."""
    return [error["loc"] for error in response.json().get("errors", [])]


def problem_types() -> set[ProblemType]:
    """Return all types of problems."""
    return {kind for kind in vars(problems).values() if isinstance(kind, ProblemType)}


def is_untouched(client: httpx.Client) -> bool:
    """Return whether the client's list has never changed."""
    feed = client.get("/changes").json()
    return not feed["changes"] and feed["next"].endswith(".0")
