"""The six endpoints, as a client sees them."""

import httpx


def test_a_created_task_is_where_its_location_says(alice: httpx.Client) -> None:
    created = alice.post("/tasks", json={"title": " Buy milk "})

    found = alice.get(str(alice.base_url.join(created.headers["Location"])))
    assert created.status_code == 201
    assert created.json() == found.json()
    assert created.headers["ETag"] == found.headers["ETag"] == '"1"'
    assert created.json()["title"] == "Buy milk"
