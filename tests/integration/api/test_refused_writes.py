"""While the store refuses writes, the server does not parse the bodies of others."""

from datetime import datetime
from typing import Any

import pytest
from dependency_injector import providers

from tests.integration.api.problems import refusal
from tests.integration.server import new_user, running_server, settings_for
from todo_adapters.in_memory import InMemoryTaskRepository
from todo_api.container import Container
from todo_api.http.deadlines import current_request
from todo_domain import Added, IdempotencyKey, StorageOverloaded, TaskDraft, UserId


class Overloaded(InMemoryTaskRepository):
    """A store whose queue is too long for a new write."""

    async def add(self, _: UserId, __: TaskDraft, *, at: datetime, key: IdempotencyKey | None = None) -> Added:
        del at, key
        request = current_request()
        assert request
        request.is_refused = True
        raise StorageOverloaded


@pytest.mark.parametrize(("seconds", "of_others"), [(3600, (503, "OVERLOADED")), (-1, (400, "VALIDATION_ERROR"))])
def test_after_a_refused_write_others_are_refused_unparsed_for_a_moment(
    monkeypatch: pytest.MonkeyPatch, seconds: float, of_others: tuple[int, str]
) -> None:
    monkeypatch.setattr("todo_api.http.deadlines.REFUSED_SECONDS", seconds)
    store: Any = providers.Object(Overloaded())
    with running_server(Container(settings=settings_for("never.sqlite3"), task_repository=store)) as server:
        with server.client(new_user()) as client:
            assert refusal(client.post("/tasks", json={"title": "a"})) == (503, "OVERLOADED")
        with server.client(new_user()) as other:
            response = other.post("/tasks", content=b"{", headers={"Content-Type": "application/json"})

            assert refusal(response) == of_others
            assert other.get("/tasks").status_code == 200
