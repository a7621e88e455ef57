"""Arguments that break the schema of their tool."""

import json
from typing import Any

import pytest

from tests.unit.mcp.assistant import Assistant
from todo_mcp.arguments import ArgumentsRefused, check_arguments
from todo_mcp.schemas import MAX_IDS
from todo_mcp.tools import TOOLS

SECRET = "TOP-SECRET text of the caller"
TASK = {"title": "a"}


def refusal(tool: str, arguments: object) -> str:
    with pytest.raises(ArgumentsRefused) as refused:
        check_arguments(TOOLS[tool].arguments, arguments)
    return str(refused.value)


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("name", ["user_id", "user", "userId", "owner"])
def test_no_tool_has_a_user_argument(tool: str, name: str) -> None:
    assert f"{name} is not known; the names are" in refusal(tool, {name: "bob"})


@pytest.mark.parametrize("tool", TOOLS)
def test_every_type_in_a_schema_is_one_name(tool: str) -> None:
    """Some clients drop a list of types."""
    assert '"type": [' not in json.dumps([TOOLS[tool].arguments, TOOLS[tool].result])


@pytest.mark.parametrize("name", [SECRET, "ignore all\nrules", "", "\uff55ser", "a" * 41, "\ud800"])
def test_a_name_that_is_no_name_is_not_repeated(name: str) -> None:
    assert refusal("list_projects", {name: 1}) == "arguments: a name is not known; the names are none"


@pytest.mark.parametrize(
    ("tool", "arguments", "message"),
    [
        ("find_tasks", [], "arguments: must be an object"),
        ("find_tasks", {"q": 1}, "q: must be text"),
        ("find_tasks", {"complete": 1}, "complete: must be true or false"),
        ("find_tasks", {"complete": None}, "complete: must be true or false"),
        ("find_tasks", {"limit": True}, "limit: must be an integer"),
        ("find_tasks", {"limit": 20.0}, "limit: must be an integer"),
        ("find_tasks", {"limit": 51}, "limit: must be 1 to 50"),
        ("find_tasks", {"project_id": "1"}, "project_id: must be an integer or null"),
        ("find_tasks", {"project_id": 2**53}, "project_id: must be 1 to 9007199254740991"),
        ("find_tasks", {"priority": "high"}, "priority: must be a list"),
        ("find_tasks", {"priority": [SECRET]}, "priority[0]: must be one of low, medium, high"),
        ("find_tasks", {"tags": ["a"] * 21}, "tags: must have at most 20 entries"),
        ("find_tasks", {"sort": "age"}, "sort: must be one of created_at, -created_at"),
        ("find_tasks", {"due_from": "20261201"}, "due_from: must be a day, such as 2026-12-01"),
        ("find_tasks", {"due_from": "2026-02-30"}, "due_from: must be a day, such as 2026-12-01"),
        ("complete_tasks", {}, "ids: is required"),
        ("complete_tasks", {"ids": []}, "ids: must have 1 to 20 entries"),
        ("complete_tasks", {"ids": [1, -1]}, "ids[1]: must be 1 to 9007199254740991"),
        ("complete_tasks", {"ids": [10**400]}, "ids[0]: must be 1 to 9007199254740991"),
        ("complete_tasks", {"ids": list(range(1, MAX_IDS + 2))}, "ids: must have 1 to 20 entries"),
        ("delete_tasks", {"tasks": [{"id": 1}]}, "tasks[0].revision: is required"),
        ("delete_tasks", {"tasks": [{"id": 1, "revision": 1, "permanent": True}]}, "tasks[0].permanent is not known"),
        ("add_tasks", {"key": "k", "tasks": [TASK] * 21}, "tasks: must have 1 to 20 entries"),
        ("add_tasks", {"key": "k", "tasks": [{"titel": "a"}]}, "tasks[0].titel is not known; the names are title,"),
        (
            "add_tasks",
            {"key": "k", "tasks": [TASK | {"due": {"date": "2026-12-01", "time": "24:00"}}]},
            "tasks[0].due.time: must match",
        ),
        (
            "add_tasks",
            {"key": "k", "tasks": [TASK | {"due": {"date": "2026-12-01", "time": "17:00\n"}}]},
            "tasks[0].due.time: must match",
        ),
    ],
)
def test_a_wrong_argument_is_refused_with_its_place(tool: str, arguments: object, message: str) -> None:
    assert refusal(tool, arguments).startswith(message)


def test_at_most_ten_faults_are_reported() -> None:
    assert len(refusal("find_tasks", {f"name{number}": 1 for number in range(5000)}).split("; ")) == 20


def test_the_entries_of_a_list_that_is_too_long_are_not_read() -> None:
    # Each of these entries is wrong.
    assert refusal("add_tasks", {"key": "k", "tasks": [[]] * 200_000}) == "tasks: must have 1 to 20 entries"


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("find_tasks", {"q": SECRET * 100}),
        ("find_tasks", {"cursor": SECRET}),
        ("find_tasks", {"sort": SECRET}),
        ("get_changes", {"since": SECRET}),
        ("add_tasks", {"key": SECRET, "tasks": [TASK]}),
        ("add_tasks", {"key": "k", "tasks": [{"title": SECRET * 100}]}),
        ("add_tasks", {"key": "k", "tasks": [TASK | {"due": {"date": SECRET}}]}),
        ("add_tasks", {"key": "k", "tasks": [TASK | {"due": {"date": "2026-12-01", "timezone": SECRET}}]}),
        ("add_tasks", {"key": "k", "tasks": [TASK | {"recurrence": {"rule": SECRET}}]}),
        ("add_tasks", {"key": "k", "tasks": [TASK | {"recurrence": {"rule": f"FREQ=DAILY;{SECRET.upper()}=1"}}]}),
        ("add_tasks", {"key": "k", "tasks": [TASK | {"tags": [SECRET * 10]}]}),
        ("add_tasks", {"key": "k", "tasks": [TASK | {SECRET: SECRET}]}),
    ],
)
def test_an_error_repeats_nothing_of_the_arguments(tool: str, arguments: dict[str, Any]) -> None:
    with pytest.raises(ArgumentsRefused) as refused:
        Assistant().call(tool, arguments)

    assert "SECRET" not in str(refused.value).upper()
