"""PocketBase as a contender: the same operations through its collection API, with a rule per user.

It signs its own tokens, and its records have ids of 15 characters that a client may choose.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from bench.agreement import Disagreement
from bench.contenders import Server
from bench.workload import CREATE, PAGE, Operation, Workload, example_task, http_request

_RECORDS = "/api/collections/tasks/records"
_USERS = "/api/collections/users"
_PASSWORD = "a password of the benchmark"
_POSTERS = 32
_SENT_AS_EMPTY = {"description": ""}
"""PocketBase's texts are never null."""


@dataclass(frozen=True)
class SignedIn:
    """The tokens that PocketBase issued to its users."""

    tokens: Mapping[str, str]
    environment: Mapping[str, str] = field(default_factory=dict)

    def token(self, user_id: str) -> str:
        """Return the token of a user who signed in."""
        return self.tokens[user_id]


@dataclass(frozen=True)
class Records(Workload):
    """The requests of the benchmark, to a collection of PocketBase."""

    def request(self, method: str, user: str, task_id: int | None = None, body: dict[str, Any] | None = None) -> str:
        """Return a request of a user for a task, or for their list; a GET of the list reads the first page."""
        page = f"?perPage={PAGE}&sort=created,id&skipTotal=true"
        path = f"/{_record_id(user, task_id)}" if task_id else page if method == "GET" else ""
        if method == "POST" and body is not None:
            body = body | {"user": _user_id(user)}
        return http_request(method, f"{_RECORDS}{path}", self.tokens.token(user), body)

    def seed(self, user: str, number: int) -> str:
        """Return the request that adds a user's task of this number, with the id that the GETs expect."""
        return self.request("POST", user, body=example_task(number) | {"id": _record_id(user, number + 1)})

    def status_of(self, operation: Operation) -> int:
        """Return the status of a successful response."""
        return httpx.codes.OK if operation.name == CREATE.name else operation.status

    def poster(self, index: int) -> str:
        """Return the user of a connection's POSTs."""
        return _posters()[index % _POSTERS]


def sign_up(server: Server, like: Workload) -> Records:
    """Create the users of a workload in an empty PocketBase, and sign them in."""
    tokens = {}
    with httpx.Client(base_url=f"http://127.0.0.1:{server.port}{_USERS}") as client:
        for user in [*like.users, *_posters()]:
            email = f"{user}@bench.example"
            new = {"id": _user_id(user), "email": email, "password": _PASSWORD, "passwordConfirm": _PASSWORD}
            client.post("/records", json=new).raise_for_status()
            signed_in = client.post("/auth-with-password", json={"identity": email, "password": _PASSWORD})
            tokens[user] = signed_in.raise_for_status().json()["token"]
    return Records(SignedIn(tokens), like.users, like.tasks_each)


def require_agreement(server: Server, workload: Records) -> None:
    """Raise Disagreement unless PocketBase stores tasks as sent and shows every user only their own."""
    reader, stranger = workload.users[:2]
    mine = {"Authorization": f"Bearer {workload.tokens.token(reader)}"}
    expected = [example_task(number) for number in range(min(PAGE, workload.tasks_each))]
    with httpx.Client(base_url=f"http://127.0.0.1:{server.port}") as client:
        page = client.get(_RECORDS, params={"perPage": PAGE, "sort": "created,id", "skipTotal": True}, headers=mine)
        new = example_task(1) | {"user": _user_id(reader)}
        seen = [
            ("a page", page.json()["items"], expected),
            ("one task", client.get(f"{_RECORDS}/{_record_id(reader, 2)}", headers=mine).json(), expected[1]),
        ]
        statuses = [
            ("no token", client.get(f"{_RECORDS}/{_record_id(reader, 2)}"), httpx.codes.NOT_FOUND),
            (
                "a stranger's task",
                client.get(f"{_RECORDS}/{_record_id(stranger, 2)}", headers=mine),
                httpx.codes.NOT_FOUND,
            ),
            ("for a stranger", client.post(_RECORDS, json=new | {"user": _user_id(stranger)}, headers=mine), 400),
            ("a title too long", client.post(_RECORDS, json=new | {"title": "x" * 201}, headers=mine), 400),
        ]
    problems = [what for what, found, wanted in seen if not _is_same(found, wanted)]
    problems += [what for what, response, status in statuses if response.status_code != status]
    if problems:
        raise Disagreement(f"{server.name} differs in: {', '.join(problems)}")


def _is_same(found: Any, wanted: Any) -> bool:
    if isinstance(wanted, list):
        return len(found) == len(wanted) and all(map(_is_same, found, wanted))
    return all(found[name] == (_SENT_AS_EMPTY.get(name) if value is None else value) for name, value in wanted.items())


def _posters() -> list[str]:
    return [f"poster-{number:03}" for number in range(_POSTERS)]


def _user_id(user: str) -> str:
    kind, number = user.split("-")
    return f"{kind}{int(number):0{15 - len(kind)}}"


def _record_id(user: str, task_id: int) -> str:
    kind, number = user.split("-")
    return f"{kind[0]}{int(number):04}t{task_id:09}"
