"""The 404 for a path of another backend has a hint about our equivalent."""

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
def test_a_path_of_other_backends_has_a_hint(path: str, part: str) -> None:
    assert part in str(hint_for(path))


@pytest.mark.parametrize("path", ["/", "/nothing", "/api/alice", "/api/alice/tasks/1", "/api/alice/tasks/1/x"])
def test_any_other_path_has_no_hint(path: str) -> None:
    assert hint_for(path) is None
