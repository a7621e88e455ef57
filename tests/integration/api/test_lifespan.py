"""An app whose adapters are not open: before its lifespan begins or after it has ended."""

from dependency_injector import providers

from tests.integration.api.asgi import send_request
from tests.integration.api.problems import refusal
from tests.integration.server import settings_for
from todo_adapters.in_memory import InMemoryTaskRepository
from todo_api.app import create_app
from todo_api.container import Container


def test_a_request_while_the_adapters_are_not_open_gets_500_with_retry_after() -> None:
    repository = providers.Object(InMemoryTaskRepository())
    app = create_app(Container(settings=settings_for("never-opened.sqlite3"), task_repository=repository))

    response = send_request(app, "GET", "/api/alice/tasks")

    assert refusal(response) == (500, "DATABASE_ERROR")
    assert response.headers["Retry-After"] == "1"
