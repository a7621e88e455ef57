"""The example client, against a live server."""

import importlib.util
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest

from tests.integration.server import Server, new_user

SOURCE = Path(__file__).parents[3] / "examples" / "sync_client.py"


class Network(httpx.HTTPTransport):
    """A connection to the server that can lose requests or responses."""

    def __init__(self) -> None:
        super().__init__()
        self.loses_requests = False
        self.loses_responses = False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self.loses_requests:
            raise httpx.ConnectError("the request was lost", request=request)
        response = super().handle_request(request)
        if self.loses_responses:
            response.close()
            raise httpx.ReadError("the response was lost", request=request)
        return response


@pytest.fixture
def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("sync_client", SOURCE)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def device(example: ModuleType, server: Server) -> Iterator[Callable[[str], tuple[Any, Network]]]:
    """Make a device of a user: its copy of the tasks, and its network."""
    with ExitStack() as clients:

        def make(user_id: str) -> tuple[Any, Network]:
            network = Network()
            client = clients.enter_context(server.client(user_id, transport=network))
            return example.SyncedTasks(client), network

        yield make


def test_two_synced_devices_have_the_same_tasks(device: Callable[[str], tuple[Any, Network]]) -> None:
    user = new_user()
    (phone, _), (laptop, _) = device(user), device(user)
    phone.create(title="Buy milk")
    phone.create(title="Call Bob")
    phone.sync()
    laptop.sync()

    laptop.change(1, complete=True)
    laptop.remove(2)
    laptop.sync()
    phone.sync()

    assert phone.tasks == laptop.tasks
    assert [(task["title"], task["complete"]) for task in phone.tasks.values()] == [("Buy milk", True)]


def test_offline_edits_are_applied_when_the_server_is_reachable_again(
    device: Callable[[str], tuple[Any, Network]],
) -> None:
    phone, network = device(new_user())
    phone.create(title="Buy milk")
    phone.sync()
    network.loses_requests = True
    phone.change(1, title="Buy oat milk")
    phone.change(1, complete=True)
    with pytest.raises(httpx.TransportError):
        phone.sync()

    network.loses_requests = False
    phone.sync()

    assert (phone.tasks[1]["title"], phone.tasks[1]["complete"]) == ("Buy oat milk", True)
    assert (phone.outbox, phone.conflicts) == ([], [])


def test_an_edit_whose_response_was_lost_is_done_once(device: Callable[[str], tuple[Any, Network]]) -> None:
    phone, network = device(new_user())
    phone.create(title="Buy milk")
    network.loses_responses = True
    for _ in range(2):
        with pytest.raises(httpx.TransportError):
            phone.sync()

    network.loses_responses = False
    phone.sync()

    assert [task["title"] for task in phone.tasks.values()] == ["Buy milk"]
    assert phone.conflicts == []


def test_an_edit_of_a_task_that_changed_elsewhere_is_a_conflict_and_overwrites_nothing(
    device: Callable[[str], tuple[Any, Network]],
) -> None:
    user = new_user()
    (phone, _), (laptop, _) = device(user), device(user)
    phone.create(title="Buy milk")
    phone.sync()
    laptop.sync()
    laptop.change(1, title="Buy oat milk")
    laptop.sync()

    phone.change(1, title="Buy soy milk")
    phone.sync()

    assert phone.tasks[1]["title"] == "Buy oat milk"
    assert [edit.operation["task"] for edit in phone.conflicts] == [{"title": "Buy soy milk"}]


@pytest.mark.parametrize("fields", [{}, {"title": ""}], ids=["malformed", "against a rule"])
def test_a_refused_edit_does_not_block_the_others(
    device: Callable[[str], tuple[Any, Network]], fields: dict[str, Any]
) -> None:
    phone, _ = device(new_user())
    phone.create(title="Buy milk")
    phone.sync()
    phone.change(1, **fields)
    phone.change(1, complete=True)

    phone.sync()

    assert [edit.operation["task"] for edit in phone.conflicts] == [fields]
    assert phone.tasks[1]["complete"]


def test_a_device_whose_feed_token_expired_reads_everything_again(device: Callable[[str], tuple[Any, Network]]) -> None:
    phone, _ = device(new_user())
    phone.create(title="Buy milk")
    phone.sync()
    phone.tasks[99] = {"id": 99, "title": "Not on the server"}
    phone._token = "other.1"  # noqa: SLF001 - of a store that was replaced

    phone.sync()

    assert list(phone.tasks) == [1]


def test_a_device_that_follows_with_an_expired_feed_token_starts_over(
    device: Callable[[str], tuple[Any, Network]],
) -> None:
    phone, _ = device(new_user())
    phone.create(title="Buy milk")
    phone.sync()
    known = dict(phone.tasks)
    phone._token = "other.1"  # noqa: SLF001 - of a store that was replaced

    seen = list(phone.follow())
    left = dict(phone.tasks)
    following = phone.follow()
    first = next(following)
    following.close()

    assert (seen, left) == ([], {})
    assert (first, phone.tasks) == (known[1], known)


def test_a_device_that_follows_sees_a_change_of_another_device(device: Callable[[str], tuple[Any, Network]]) -> None:
    user = new_user()
    (phone, _), (laptop, _) = device(user), device(user)
    laptop.create(title="Buy milk")
    laptop.sync()
    following = phone.follow()

    first = next(following)
    laptop.change(1, complete=True)
    laptop.sync()
    second = next(following)
    following.close()

    assert (first["revision"], second["revision"]) == (1, 2)
    assert phone.tasks == laptop.tasks


def test_a_device_has_projects_apart_from_tasks_with_the_same_id(
    device: Callable[[str], tuple[Any, Network]], server: Server
) -> None:
    user = new_user()
    phone, _ = device(user)
    phone.create(title="Buy milk")
    with server.client(user) as client:
        client.post("/projects", json={"name": "Household"})
        client.post("/projects", json={"name": "Garden"})
        client.delete("/projects/2")

    phone.sync()

    assert [task["title"] for task in phone.tasks.values()] == ["Buy milk"]
    assert [project["name"] for project in phone.projects.values()] == ["Household"]
