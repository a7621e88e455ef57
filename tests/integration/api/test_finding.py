"""Finding tasks: filters, order and pages."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.integration.api.problems import refusal

TASKS: list[dict[str, Any]] = [
    {"title": "Äpfel", "priority": "high", "tags": ["Food", "shop"], "due": {"date": "2026-12-01", "time": "17:00"}},
    {"title": "bread 100%", "complete": True, "tags": ["food"], "due": {"date": "2026-12-01"}},
    {"title": "Call_home", "description": "ask about ÄPFEL", "priority": "low"},
    {"title": "apples", "complete": True, "priority": "high", "due": {"date": "2026-11-30"}},
]


@pytest.fixture
def reader(alice: httpx.Client) -> httpx.Client:
    """The client of a user with the tasks 1–4."""
    for task in TASKS:
        assert alice.post("/tasks", json=task).status_code == 201
    return alice


def found(client: httpx.Client, query: str) -> list[int]:
    """Return the ids of the tasks that a query returns."""
    response = client.get(f"/tasks?{query}")
    assert response.status_code == 200, response.text
    page = response.json()
    assert page["count"] == len(page["tasks"])
    return [task["id"] for task in page["tasks"]]


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("", [1, 2, 3, 4]),
        ("complete=true", [2, 4]),
        ("complete=false", [1, 3]),
        ("priority=high", [1, 4]),
        ("priority=high&priority=low", [1, 3, 4]),
        ("tag=FOOD", [1, 2]),
        ("tag=food&tag=shop", [1]),
        ("tag=food&tag=other", []),
        ("tag=foo", []),
        ("due_from=2026-12-01", [1, 2]),
        ("due_until=2026-11-30", [4]),
        ("due_until=2026-12-01", [1, 2, 4]),
        ("due_from=2026-11-30&due_until=2026-11-30", [4]),
        ("due_from=2026-12-02", []),
        ("q=%C3%A4pfel", [1, 3]),
        ("q=AP", [4]),
        ("q=100%25", [2]),
        ("q=%25", [2]),
        ("q=_", [3]),
        ("q=l_h", [3]),
        ("q=%20", [2, 3]),
        ("complete=true&priority=high&q=app&due_from=2026-01-01&limit=1", [4]),
    ],
)
def test_a_filter_returns_the_tasks_that_match(reader: httpx.Client, query: str, ids: list[int]) -> None:
    assert found(reader, query) == ids


@pytest.mark.parametrize(
    ("sort", "ascending", "descending"),
    [
        ("created_at", [1, 2, 3, 4], [4, 3, 2, 1]),
        ("updated_at", [1, 3, 4, 2], [2, 4, 3, 1]),
        ("due", [4, 1, 2, 3], [2, 1, 4, 3]),
        ("priority", [3, 2, 1, 4], [1, 4, 2, 3]),
        ("title", [4, 2, 3, 1], [1, 3, 2, 4]),
    ],
)
def test_tasks_are_sorted_in_both_directions_with_ties_by_id_and_nulls_last(
    reader: httpx.Client, sort: str, ascending: list[int], descending: list[int]
) -> None:
    reader.patch("/tasks/2", json={"description": "changed"})

    assert found(reader, f"sort={sort}") == ascending
    assert found(reader, f"sort=-{sort}") == descending


def pages(client: httpx.Client, query: str) -> Iterator[Any]:
    """Yield all pages by following the `next` links."""
    address = f"{client.base_url}tasks?{query}"
    while address:
        response = client.get(address)
        assert response.status_code == 200, response.text
        following = response.links.get("next")
        assert (following is None) == (response.json()["next_cursor"] is None)
        address = str(response.url.join(following["url"])) if following else ""
        yield response.json()


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("sort", ["created_at", "-due", "title", "-priority"])
def test_linked_pages_together_are_the_whole_list(reader: httpx.Client, sort: str, limit: int) -> None:
    sizes, ids = [], []
    for page in pages(reader, f"sort={sort}&limit={limit}"):
        sizes.append(page["count"])
        ids += [task["id"] for task in page["tasks"]]

    assert ids == found(reader, f"sort={sort}")
    assert sizes[:-1] == [limit] * (len(sizes) - 1)
    assert 1 <= sizes[-1] <= limit


def test_a_next_link_repeats_its_query(reader: httpx.Client) -> None:
    query = "q=%C3%A4&priority=high&priority=low&limit=1&sort=-title"

    ids = [task["id"] for page in pages(reader, query) for task in page["tasks"]]

    assert ids == [1, 3]


def test_a_cursor_may_be_used_with_another_limit(reader: httpx.Client) -> None:
    cursor = reader.get("/tasks?limit=1").json()["next_cursor"]

    assert found(reader, f"limit=500&cursor={cursor}") == [2, 3, 4]


@pytest.mark.parametrize("sort", ["created_at", "-created_at", "title", "-priority"])
def test_paging_during_writes_neither_repeats_nor_skips_tasks_that_keep_their_place(
    alice: httpx.Client, sort: str
) -> None:
    staying = [alice.post("/tasks", json={"title": f"{n:02} stays"}).json()["id"] for n in range(10)]
    moving = [alice.post("/tasks", json={"title": f"{n:02} moves"}).json()["id"] for n in range(5)]

    seen: list[int] = []
    for page in pages(alice, f"sort={sort}&limit=2"):
        seen += [task["id"] for task in page["tasks"]]
        if moving:
            alice.delete(f"/tasks/{moving.pop()}")
            alice.post("/tasks", json={"title": "new", "priority": "high"})
            alice.patch(f"/tasks/{seen[-1]}", json={"description": "changed"})
            alice.post("/tasks", json={"title": "00 new", "priority": "low"})

    assert sorted(set(seen) & set(staying)) == staying
    assert len(seen) == len(set(seen))


def test_a_cursor_after_a_deleted_task_continues_the_list(reader: httpx.Client) -> None:
    first = reader.get("/tasks?limit=2").json()
    reader.delete("/tasks/2")

    assert found(reader, f"cursor={first['next_cursor']}") == [3, 4]


def test_the_list_of_another_user_is_forbidden(reader: httpx.Client, bob: httpx.Client) -> None:
    assert refusal(bob.get(str(reader.base_url.join("tasks")))) == (403, "AUTH_FORBIDDEN")
    assert found(bob, "") == []


def test_a_page_has_up_to_500_tasks_and_a_list_without_limit_has_all(alice: httpx.Client) -> None:
    operations = [{"op": "create", "task": {"title": "a"}}] * 100
    for _ in range(6):
        assert alice.post("/tasks/batch", json={"operations": operations}).status_code == 200

    assert len(found(alice, "")) == 600
    assert len(found(alice, "limit=500")) == 500
