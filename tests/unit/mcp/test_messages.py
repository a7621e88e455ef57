"""JSON-RPC messages, before the SDK reads them."""

from typing import Any

import pytest

from todo_domain import Scope
from todo_mcp.messages import MessageRefused, read_message

WRONG_IDS: list[object] = [None, True, 1.5, 2**53, "a" * 129, "\ud800", "a\n", [], {}]
CALL: dict[str, Any] = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "add_tasks"}}


def test_a_call_of_a_tool_requires_the_scope_of_the_tool() -> None:
    read = CALL | {"params": {"name": "find_tasks"}}

    assert (read_message(CALL, None).tool, read_message(CALL, None).scope) == ("add_tasks", Scope.TASKS_WRITE)
    assert read_message(read, "2026-07-28").scope is Scope.TASKS_READ


@pytest.mark.parametrize(
    "message",
    [
        CALL | {"method": "tools/list"},
        CALL | {"method": "other"},
        CALL | {"params": {}},
        CALL | {"params": {"name": "other"}},
        CALL | {"params": {"name": ["add_tasks"]}},
    ],
)
def test_everything_else_requires_the_scope_to_read(message: dict[str, Any]) -> None:
    assert (read_message(message, None).tool, read_message(message, None).scope) == (None, Scope.TASKS_READ)


@pytest.mark.parametrize("request_id", [0, -1, 2**53 - 1, "", "a" * 128, "ä"])
def test_a_message_with_an_id_is_a_request(request_id: object) -> None:
    assert not read_message(CALL | {"id": request_id}, None).is_notification


def test_a_message_without_an_id_is_a_notification() -> None:
    assert read_message({"jsonrpc": "2.0", "method": "notifications/initialized"}, None).is_notification


@pytest.mark.parametrize(
    ("message", "version"),
    [
        ({}, None),
        (CALL | {"jsonrpc": 2.0}, None),
        (CALL | {"jsonrpc": ["2.0"]}, None),
        (CALL | {"method": None}, None),
        (CALL | {"method": ["tools/call"]}, None),
        ({"jsonrpc": "2.0", "id": 1, "result": {}}, None),
        (CALL | {"result": {}}, None),
        (CALL | {"error": {"code": 1, "message": "a"}}, None),
        (CALL | {"params": []}, None),
        (CALL | {"params": None}, None),
        *[(CALL | {"id": wrong}, None) for wrong in WRONG_IDS],
        *[(CALL, version) for version in ("", "2026 07 28", "latest", "2026-07-28a", "2026-07-28\n")],
    ],
)
def test_a_malformed_message_is_refused(message: dict[str, Any], version: str | None) -> None:
    with pytest.raises(MessageRefused):
        read_message(message, version)
