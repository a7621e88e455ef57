"""What a problem document says, for tests to compare."""

from typing import Any

import httpx

from todo_api.http import problems
from todo_api.http.problems import ProblemType


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """Return the status and the code of a problem."""
    assert answer.headers["Content-Type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["error_code"]


def places(answer: httpx.Response) -> list[Any]:
    """Return where the values are that a problem complains of."""
    return [error["loc"] for error in answer.json().get("errors", [])]


def problem_types() -> set[ProblemType]:
    """Return all types of problems."""
    return {kind for kind in vars(problems).values() if isinstance(kind, ProblemType)}


def is_untouched(client: httpx.Client) -> bool:
    """Say whether the client's list never had a change."""
    feed = client.get("/changes").json()
    return not feed["changes"] and feed["next"].endswith(".0")
