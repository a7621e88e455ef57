"""Paths of other backends lead to what this one has instead."""

import pytest

from todo_api.http.hints import hint_for


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("/api/alice/tasks/1/complete", '{"complete": true}'),
        ("/api/alice/tasks/1/toggle/", '{"complete": true}'),
        ("/api/alice/tasks/filtered", "q and sort"),
        ("/api/alice/tasks/search", "q and sort"),
        ("/api/tasks", "/api/{user_id}/tasks"),
        ("/tasks/1", "/api/{user_id}/tasks"),
        ("/api/alice/todos/1", "/api/{user_id}/tasks"),
        ("/api/v1/tasks", "/api/{user_id}/tasks"),
        ("/api/alice/tasks/", "slash"),
    ],
)
def test_a_path_of_another_backend_leads_to_ours(path: str, part: str) -> None:
    assert part in str(hint_for(path))


@pytest.mark.parametrize("path", ["/", "/nothing", "/api/alice", "/api/alice/tasks/1", "/api/alice/tasks/1/x"])
def test_any_other_path_leads_nowhere(path: str) -> None:
    assert hint_for(path) is None
