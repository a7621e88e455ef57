"""What each tool does, on a list in memory."""

import asyncio
from typing import Any

import pytest

from tests.unit.mcp.assistant import Assistant
from todo_domain import ProjectDraft, Quotas, StorageUnavailable, Task, TaskDraft, TaskPatch
from todo_mcp.arguments import ArgumentsRefused
from todo_mcp.conversion import fields_of
from todo_mcp.schemas import FIELDS, TASK_RETURNED

EVERY_FIELD: dict[str, Any] = {
    "title": "Water the plants",
    "description": "All of them",
    "complete": False,
    "priority": "high",
    "due": {"date": "2026-12-01", "time": "17:00", "timezone": "Europe/Berlin"},
    "recurrence": {"rule": "FREQ=WEEKLY", "from": "completion"},
    "tags": ["home"],
    "checklist": [{"title": "Kitchen", "complete": True}, {"title": "Hall"}],
    "project_id": None,
}


@pytest.fixture
def alice() -> Assistant:
    return Assistant()


def refusal(assistant: Assistant, tool: str, arguments: object = None, /, **named: Any) -> str:
    with pytest.raises(ArgumentsRefused) as refused:
        assistant.call(tool, arguments, **named)
    return str(refused.value)


def test_a_task_is_found_with_every_field_that_it_was_added_with(alice: Assistant) -> None:
    (added,) = alice.call("add_tasks", key="k", tasks=[EVERY_FIELD])["tasks"]

    (found,) = alice.call("find_tasks")["tasks"]

    assert found.pop("created_at").endswith("Z")
    checklist = [{"title": "Kitchen", "complete": True}, {"title": "Hall", "complete": False}]
    given = {name: value for name, value in EVERY_FIELD.items() if value is not None}
    assert found == {**added, **given, "checklist": checklist}


def test_the_fields_of_a_task_are_those_of_the_domain() -> None:
    assert FIELDS.keys() == EVERY_FIELD.keys() == TaskDraft(title="a").fields().keys()
    assert FIELDS.keys() == TaskPatch(title="a").__dataclass_fields__.keys()
    TaskDraft(**fields_of(EVERY_FIELD))


def test_a_result_has_every_field_of_a_task_that_an_assistant_needs(alice: Assistant) -> None:
    alice.add("a")
    left_out = {"user_id", "position", "succeeds", "updated_at"}

    returned = TASK_RETURNED["properties"].keys()

    assert returned == (set(Task._fields) - left_out) | {"complete"}


def test_adding_again_with_the_same_key_adds_nothing(alice: Assistant) -> None:
    arguments = {"key": "k", "tasks": [{"title": "a"}, {"title": "b"}]}
    first = alice.call("add_tasks", arguments)

    again = alice.call("add_tasks", arguments)

    assert first == {"tasks": [{"id": 1, "revision": 1}, {"id": 2, "revision": 2}], "added_before": False}
    assert again == {**first, "added_before": True}
    assert alice.titles() == ["a", "b"]


def test_a_key_that_was_used_for_other_tasks_is_refused(alice: Assistant) -> None:
    alice.call("add_tasks", key="k", tasks=[{"title": "a"}])

    assert refusal(alice, "add_tasks", key="k", tasks=[{"title": "b"}]).startswith("this key was used for other tasks")
    assert alice.titles() == ["a"]


@pytest.mark.parametrize("key", ["", "a b", "ä", "k" * 256])
def test_a_malformed_key_is_refused(alice: Assistant, key: str) -> None:
    refused = refusal(alice, "add_tasks", key=key, tasks=[{"title": "a"}])

    assert refused == "key: must be 1 to 255 visible ASCII characters"


def test_tasks_are_added_all_or_none(alice: Assistant) -> None:
    refused = refusal(alice, "add_tasks", key="k", tasks=[{"title": "a"}, {"title": " "}])

    assert refused.startswith("tasks[1].title: must have 1 to 200 characters")
    assert alice.titles() == []


def test_tasks_are_found_by_every_condition(alice: Assistant) -> None:
    alice.add("Buy milk", priority="high", tags=["Shop"], due={"date": "2026-12-01"})
    alice.add("Call Bob", complete=True)

    assert alice.titles(q="MILK") == ["Buy milk"]
    assert alice.titles(priority=["high"]) == ["Buy milk"]
    assert alice.titles(tags=["shop"]) == ["Buy milk"]
    assert alice.titles(due_from="2026-12-01", due_until="2026-12-01") == ["Buy milk"]
    assert alice.titles(complete=True) == ["Call Bob"]
    assert alice.titles(project_id=7) == []
    assert alice.titles(project_id=None) == ["Buy milk", "Call Bob"]
    assert alice.titles(sort="-title") == ["Call Bob", "Buy milk"]


def test_a_wrong_condition_is_refused_by_the_name_of_the_argument(alice: Assistant) -> None:
    assert refusal(alice, "find_tasks", tags=["a", ""]).startswith("tags[1]: must have 1 to 50 characters")


def test_tasks_are_found_page_by_page(alice: Assistant) -> None:
    alice.add("a", "b", "c")
    page = alice.call("find_tasks", limit=2)

    last = alice.call("find_tasks", limit=2, cursor=page["next_cursor"])

    assert [task["title"] for task in page["tasks"] + last["tasks"]] == ["a", "b", "c"]
    assert "next_cursor" not in last
    assert alice.returned == 3


def test_tasks_are_read_by_their_ids_alone(alice: Assistant) -> None:
    alice.add("a", "b", "c")

    assert alice.titles(ids=[3, 9, 1]) == ["c", "a"]
    assert refusal(alice, "find_tasks", ids=[1], q="a").startswith("ids: is only possible alone")


def test_changes_are_read_from_the_start_and_then_from_the_last_one(alice: Assistant) -> None:
    alice.add("a", "b")
    first = alice.call("get_changes", limit=1)
    second = alice.call("get_changes", since=first["next"])
    alice.call("delete_tasks", tasks=[{"id": 1, "revision": 1}])

    last = alice.call("get_changes", since=second["next"])

    assert (first["has_more"], second["has_more"]) == (True, False)
    assert [task["title"] for task in first["tasks"] + second["tasks"]] == ["a", "b"]
    assert (last["tasks"], last["projects"], last["deleted"]) == ([], [], [{"kind": "task", "id": 1}])


@pytest.mark.parametrize("since", ["other.1-pt", "x", ""])
def test_changes_after_a_token_of_another_feed_are_refused(alice: Assistant, since: str) -> None:
    assert "since" in refusal(alice, "get_changes", since=since)


def test_an_update_requires_the_revision_that_the_caller_saw(alice: Assistant) -> None:
    alice.add("a", description="b", tags=["c"])
    change = {"id": 1, "revision": 1, "title": "d", "description": None}

    assert alice.call("update_tasks", tasks=[change]) == {"tasks": [{"id": 1, "revision": 2}]}
    refused = refusal(alice, "update_tasks", tasks=[change])

    assert refused.startswith("tasks[0]: the task has changed since that revision.")
    (task,) = alice.call("find_tasks")["tasks"]
    assert (task["title"], task.get("description"), task["tags"]) == ("d", None, ["c"])


def test_tasks_are_updated_all_or_none(alice: Assistant) -> None:
    alice.add("a", "b")
    changes = [{"id": 1, "revision": 1, "title": "c"}, {"id": 2, "revision": 1, "title": "d"}]

    assert refusal(alice, "update_tasks", tasks=changes).startswith("tasks[1]: the task has changed")
    assert alice.titles() == ["a", "b"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({}, "tasks[0]: must have a field to change besides id and revision"),
        ({"title": "a" * 201}, "tasks[0].title: must have at most 200 characters"),
        ({"recurrence": {"rule": "FREQ=DAILY"}}, "tasks[0].recurrence: needs a due"),
        ({"project_id": 7}, "tasks[0].project_id"),
    ],
)
def test_a_wrong_change_is_refused_with_its_place(alice: Assistant, change: dict[str, Any], message: str) -> None:
    alice.add("b")

    assert refusal(alice, "update_tasks", tasks=[{"id": 1, "revision": 1, **change}]).startswith(message)


def test_completing_needs_no_revision_and_can_be_repeated(alice: Assistant) -> None:
    alice.add("a", "b")

    completed = alice.call("complete_tasks", ids=[1, 2])
    again = alice.call("complete_tasks", ids=[1, 2])

    assert completed == again == {"tasks": [{"id": 1, "revision": 3}, {"id": 2, "revision": 4}]}
    assert alice.titles(complete=False) == []


def test_completing_a_recurring_task_names_the_next_one(alice: Assistant) -> None:
    alice.add("a", due={"date": "2026-12-01"}, recurrence={"rule": "FREQ=DAILY"})

    assert alice.call("complete_tasks", ids=[1]) == {"tasks": [{"id": 1, "revision": 2, "successor_id": 2}]}


def test_deleted_tasks_are_in_the_trash_and_can_be_restored(alice: Assistant) -> None:
    alice.add("a", "b")

    deleted = alice.call("delete_tasks", tasks=[{"id": 1, "revision": 1}, {"id": 2, "revision": 2}])
    assert alice.titles() == []
    restored = alice.call("restore_tasks", ids=[1])

    assert deleted == {"tasks": [{"id": 1, "revision": 3}, {"id": 2, "revision": 4}]}
    assert restored == {"tasks": [{"id": 1, "revision": 5}]}
    assert alice.titles() == ["a"]


def test_a_deletion_requires_the_revision_that_the_caller_saw(alice: Assistant) -> None:
    alice.add("a")
    alice.call("complete_tasks", ids=[1])

    assert refusal(alice, "delete_tasks", tasks=[{"id": 1, "revision": 1}]).startswith("tasks[0]: the task has changed")
    assert alice.titles() == ["a"]


def test_nothing_is_deleted_where_there_is_no_trash() -> None:
    alice = Assistant(keeps_trash=False)
    alice.add("a")

    assert refusal(alice, "delete_tasks", tasks=[{"id": 1, "revision": 1}]).startswith("this server keeps no trash")
    assert alice.titles() == ["a"]


@pytest.mark.parametrize(
    ("tool", "arguments", "place"),
    [
        ("complete_tasks", {"ids": [1, 9]}, "ids[1]"),
        ("restore_tasks", {"ids": [1]}, "ids[0]"),
        ("update_tasks", {"tasks": [{"id": 9, "revision": 1, "title": "a"}]}, "tasks[0]"),
    ],
)
def test_a_task_that_does_not_exist_is_named_by_its_place(
    alice: Assistant, tool: str, arguments: dict[str, Any], place: str
) -> None:
    alice.add("a")

    assert refusal(alice, tool, arguments).startswith(f"{place}: there is no such task.")
    assert alice.titles(complete=False) == ["a"]


def test_a_quota_is_explained() -> None:
    alice = Assistant(quotas=Quotas(max_tasks=1))

    refused = refusal(alice, "add_tasks", key="k", tasks=[{"title": "a"}, {"title": "b"}])

    assert refused == "a user can have at most 1 tasks. Nothing was changed."


def test_too_many_keys_are_explained() -> None:
    alice = Assistant(quotas=Quotas(max_keys=1))
    alice.call("add_tasks", key="a", tasks=[{"title": "a"}])

    assert refusal(alice, "add_tasks", key="b", tasks=[{"title": "b"}]).startswith("too many tasks were added")


def test_projects_are_listed(alice: Assistant) -> None:
    asyncio.run(alice.tasks.projects.create(ProjectDraft(name="Household")))
    alice.add("a", project_id=1)

    listed = alice.call("list_projects")

    assert listed == {"projects": [{"id": 1, "revision": 1, "name": "Household", "archived": False}]}
    assert alice.call("get_changes")["projects"] == listed["projects"]
    assert alice.titles(project_id=1) == ["a"]


def test_every_operation_and_every_returned_task_is_charged(alice: Assistant) -> None:
    alice.add("a", "b")
    alice.call("complete_tasks", ids=[1])
    alice.call("get_changes")

    assert (alice.operations, alice.returned) == (3, 2)


def test_a_failure_of_the_store_is_not_the_fault_of_the_call(alice: Assistant, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object) -> None:
        raise StorageUnavailable

    monkeypatch.setattr(alice.tasks, "list", fail)

    with pytest.raises(StorageUnavailable):
        alice.call("find_tasks")
