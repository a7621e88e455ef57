from bench.agreement import comparable

_TASK = {
    "id": 1,
    "user_id": "alice",
    "title": "Buy milk",
    "description": None,
    "complete": False,
    "completed_at": None,
    "priority": "medium",
    "due": None,
    "tags": [],
    "created_at": "2026-11-21T09:30:00.123456Z",
    "updated_at": "2026-11-21T09:30:00.123456Z",
    "revision": 1,
}


def test_a_field_that_only_one_server_has_is_not_compared() -> None:
    assert comparable(_TASK | {"estimate_minutes": 5}) == comparable(_TASK)


def test_a_field_that_all_servers_have_is_compared() -> None:
    differing = {
        name
        for name, value in _TASK.items()
        if comparable(_TASK | {name: None if value is not None else "else"}) != comparable(_TASK)
    }

    assert differing == set(_TASK)


def test_only_the_presence_of_times_is_compared() -> None:
    assert comparable(_TASK | {"created_at": "2027-01-01T00:00:00Z"}) == comparable(_TASK)
