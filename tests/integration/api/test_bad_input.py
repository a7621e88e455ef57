"""Bad input gets the right error, which names the field, and changes nothing."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.integration.api.problems import is_untouched, places, refusal
from tests.integration.server import Server, new_user

CONTROLS = [chr(code) for code in range(0x20)]
SURROGATES = ["\ud800", "\udbff", "\udc00", "\udfff"]


def escaped(text: str) -> str:
    """Return a JSON string in which every character is escaped, including lone surrogates."""
    return '"' + "".join(f"\\u{ord(character):04x}" for character in text) + '"'


def post(client: httpx.Client, content: str | bytes, media_type: str = "application/json") -> httpx.Response:
    return client.post("/tasks", content=content, headers={"Content-Type": media_type})


@pytest.mark.parametrize("bad", [c for c in CONTROLS if c not in "\t\n\r"] + SURROGATES)
def test_control_characters_and_lone_surrogates_in_text_are_refused(alice: httpx.Client, bad: str) -> None:
    text = escaped(f"a{bad}b")

    response = post(alice, f'{{"title": {text}, "description": {text}, "tags": ["a", {text}]}}')

    assert refusal(response) == (422, "VALIDATION_ERROR")
    assert places(response) == [["body", "title"], ["body", "description"], ["body", "tags", 1]]
    assert is_untouched(alice)


@pytest.mark.parametrize("bad", "\t\n\r")
def test_line_breaks_and_tabs_are_refused_in_titles_and_tags_but_not_in_descriptions(
    alice: httpx.Client, bad: str
) -> None:
    text = f"a{bad}b"

    response = alice.post("/tasks", json={"title": text, "description": text, "tags": [text]})

    assert places(response) == [["body", "title"], ["body", "tags", 0]]
    assert is_untouched(alice)


@pytest.mark.parametrize("field", ["q", "tag", "cursor"])
def test_control_characters_in_parameters_are_refused(alice: httpx.Client, field: str) -> None:
    response = alice.get("/tasks", params={field: "a\x00b"})

    assert refusal(response) == (422, "VALIDATION_ERROR")
    assert places(response)[0][:2] == ["query", field]


@pytest.mark.parametrize("piece", ["a", "\u00e9", "\U0001f95b", "\u0301"], ids=ascii)
@pytest.mark.parametrize(("field", "most"), [("title", 200), ("description", 1000), ("tags", 50)])
def test_text_is_measured_in_code_points(alice: httpx.Client, field: str, most: int, piece: str) -> None:
    def response_to(length: int) -> httpx.Response:
        text = piece * length
        return alice.post("/tasks", json={"title": "a", field: [text] if field == "tags" else text})

    too_long = response_to(most + 1)

    assert refusal(too_long) == (422, "VALIDATION_ERROR")
    assert places(too_long) == [["body", field, 0] if field == "tags" else ["body", field]]
    assert str(most) in too_long.json()["detail"]
    assert is_untouched(alice)
    assert [response_to(length).status_code for length in (1, most)] == [201, 201]


@pytest.mark.parametrize("blank", ["", " ", "\t\r\n", "\u00a0", "\u2003\u3000", "\u2028"], ids=ascii)
def test_a_title_or_tag_of_only_white_space_is_refused(alice: httpx.Client, blank: str) -> None:
    response = alice.post("/tasks", json={"title": blank, "tags": [blank]})

    assert refusal(response) == (422, "VALIDATION_ERROR")
    assert places(response) == [["body", "title"], ["body", "tags", 0]]
    assert is_untouched(alice)


VALUES: dict[str, list[Any]] = {
    "title": [None, 1, 1.5, True, [], {}, ["a"]],
    "description": [1, False, [], {}],
    "complete": [None, "true", "false", 1, 0, "1", "yes", []],
    "priority": [None, "urgent", "", "HIGH", 2, True, ["low"]],
    "tags": [None, "a", {"a": 1}, 7, [f"{n}" for n in range(21)]],
    "checklist": [None, "a", {"title": "a"}, 7, [{"title": "a"}] * 101],
    "due": ["2026-12-01", 1, True, []],
    "completed": [True],
    "Title": ["a"],
    "": ["a"],
    "\x00": ["a"],
}
ITEM: dict[str, Any] = {"title": "a"}
DAY = {"date": "2026-12-01"}
DAYS = [
    *(None, 20261201, "", "2026-02-30", "2026-02-29", "2026-13-01", "0000-01-01", "10000-01-01", "26-12-01"),
    *("20261201", "2026-W49-2", "2026-12-01T00:00:00", " 2026-12-01", "\u0662\u0660\u0662\u0666-12-01"),
]
TIMES = [17, "", "24:00", "17:60", "5:00", "17", "17:00:00", "17:00Z", "17:00+01:00", "1700"]
ZONES = [1, "", "Mars/Olympus", "europe/berlin", "+01:00", "localtime", "../UTC", "Europe/Berlin\x00"]
PARTS: list[Any] = [
    *[("tags", ["a", tag], [1]) for tag in (None, 1, True, ["b"])],
    *[("checklist", [ITEM, item], [1]) for item in (None, 1, "b", ["b"])],
    *[("checklist", [ITEM, ITEM | {"title": title}], [1, "title"]) for title in (None, 1, "", " ", "b" * 201, "b\tc")],
    *[("checklist", [ITEM, ITEM | {"complete": flag}], [1, "complete"]) for flag in (None, "true", 1)],
    ("checklist", [ITEM, {"complete": True}], [1, "title"]),
    ("checklist", [ITEM, ITEM | {"done": True}], [1, "done"]),
    *[("due", {"date": day}, ["date"]) for day in DAYS],
    *[("due", DAY | {"time": time}, ["time"]) for time in TIMES],
    *[("due", DAY | {"time": "17:00", "timezone": zone}, ["timezone"]) for zone in ZONES],
    ("due", DAY | {"timezone": "Europe/Berlin"}, ["timezone"]),
    ("due", {}, ["date"]),
    ("due", DAY | {"at": "x"}, ["at"]),
]
WRONG: list[Any] = [(field, value, []) for field, values in VALUES.items() for value in values] + PARTS


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
@pytest.mark.parametrize(("field", "value", "place"), WRONG)
def test_a_wrong_value_or_an_unknown_field_is_refused_and_named(
    alice: httpx.Client, method: str, field: str, value: Any, place: list[Any]
) -> None:
    alice.post("/tasks", json={"title": "a"})

    body = {"title": "b", "complete": False, field: value}
    response = alice.request(method, "/tasks" if method == "POST" else "/tasks/1", json=body)

    assert refusal(response) == (422, "VALIDATION_ERROR")
    assert places(response) == [["body", field, *place]]
    assert alice.get("/tasks").json()["revision"] == 1


TIMED = DAY | {"time": "17:00", "timezone": "Europe/Berlin"}


@pytest.mark.parametrize(
    ("due", "patch", "part"),
    [
        (TIMED, {"time": None}, "timezone"),
        (TIMED, {"date": None}, "date"),
        (TIMED, {"at": "18:00"}, "at"),
        (DAY, {"timezone": "Europe/Berlin"}, "timezone"),
        (None, {"time": "18:00"}, "date"),
        (None, {}, "date"),
    ],
)
def test_a_patch_that_would_make_a_due_invalid_is_refused_and_names_the_part(
    alice: httpx.Client, due: Any, patch: dict[str, Any], part: str
) -> None:
    alice.post("/tasks", json={"title": "a", "due": due})
    task = {"title": "b", "due": patch}
    operations = [{"op": "create", "task": {"title": "c"}}, {"op": "patch", "id": 1, "task": task}]

    alone = alice.patch("/tasks/1", json=task)
    in_batch = alice.post("/tasks/batch", json={"operations": operations})

    assert refusal(alone) == refusal(in_batch) == (422, "VALIDATION_ERROR")
    assert places(alone) == [["body", "due", part]]
    assert places(in_batch) == [["body", "operations", 1, "task", "due", part]]
    assert alice.get("/tasks").json()["revision"] == 1


@pytest.mark.parametrize("name", SURROGATES, ids=ascii)
def test_a_field_name_that_cannot_be_encoded_is_refused(alice: httpx.Client, name: str) -> None:
    once = post(alice, f'{{"title": "a", {escaped(name)}: 1}}')
    twice = post(alice, f'{{"title": "a", {escaped(name)}: 1, {escaped(name)}: 2}}')

    assert refusal(once) == (422, "VALIDATION_ERROR")
    assert refusal(twice) == (400, "VALIDATION_ERROR")
    assert places(once) == [["body", "?"]]
    assert places(twice) == [["body", "?"]]
    assert is_untouched(alice)


def test_all_faults_of_a_request_are_reported_in_one_response(alice: httpx.Client) -> None:
    response = alice.post("/tasks", params={"x": 1}, json={"title": 1, "complete": "true", "due": {"date": "x"}})

    assert places(response) == [["query", "x"], ["body", "title"], ["body", "complete"], ["body", "due", "date"]]


def test_faults_of_structure_and_of_rules_are_reported_together(alice: httpx.Client) -> None:
    body = {"title": "", "complete": "yes", "tags": [1], "due": {"date": "x"}, "foo": 1}

    response = alice.post("/tasks", json=body)

    assert {tuple(error["loc"][1:]): error["msg"] for error in response.json()["errors"]} == {
        ("title",): "must have 1 to 200 characters besides white space at its ends",
        ("complete",): "must be true or false",
        ("tags", 0): "must be text",
        ("due", "date"): "must be a day, such as 2026-12-01",
        ("foo",): "is not a field here",
    }


def test_the_same_fault_has_the_same_message_and_type_wherever_it_is_detected(alice: httpx.Client) -> None:
    alice.post("/tasks", json={"title": "a"})

    missing_in_draft = alice.post("/tasks", json={"title": "a", "due": {"time": "18:00"}}).json()["errors"]
    missing_in_patch = alice.patch("/tasks/1", json={"due": {"time": "18:00"}}).json()["errors"]
    null_in_patch = alice.patch("/tasks/1", json={"due": {"date": None}}).json()["errors"]
    in_query = alice.get("/tasks", params={"complete": "yes", "due_from": "x"}).json()["errors"]
    in_body = alice.post("/tasks", json={"title": "a", "complete": "yes"}).json()["errors"]
    in_path = alice.get("/tasks/0").json()["errors"]
    in_batch = alice.post("/tasks/batch", json={"operations": [{"op": "delete", "id": 0}]}).json()["errors"]

    def fault(error: dict[str, Any]) -> tuple[str, str]:
        return error["type"], error["msg"]

    assert fault(missing_in_draft[0]) == fault(missing_in_patch[0]) == ("missing", "is required")
    assert fault(null_in_patch[0]) == fault(in_query[1])
    assert fault(in_query[0]) == fault(in_body[0]) == ("bool_type", "must be true or false")
    assert fault(in_path[0]) == fault(in_batch[0])


def test_an_unknown_name_is_refused_and_the_error_suggests_a_known_one(alice: httpx.Client) -> None:
    body = alice.post("/tasks", json={"title": "a", "isCompleted": True, "due_date": "2026-12-01"})
    query = alice.get("/tasks", params={"search": "a", "sortBy": "title"})

    assert [error["msg"] for error in body.json()["errors"] + query.json()["errors"]] == [
        "is not a field here; did you mean complete?",
        "is not a field here; did you mean due?",
        "is not a parameter here; did you mean q?",
        "is not a parameter here; did you mean sort?",
    ]


@pytest.mark.parametrize("method", ["PATCH", "POST", "PUT"])
@pytest.mark.parametrize("name", ["complete", "toggle"])
def test_the_path_that_completes_a_task_in_other_apis_explains_how_to_do_it_here(
    alice: httpx.Client, method: str, name: str
) -> None:
    response = alice.request(method, f"/tasks/1/{name}")

    assert refusal(response) == (404, "NOT_FOUND")
    assert 'PATCH with {"complete": true}' in response.json()["detail"]


@pytest.mark.parametrize("name", ["filtered", "search"])
def test_the_path_that_finds_tasks_in_other_apis_explains_how_to_do_it_here(alice: httpx.Client, name: str) -> None:
    response = alice.get(f"/tasks/{name}", params={"q": "a"})

    assert refusal(response) == (404, "NOT_FOUND")
    assert "GET the list itself" in response.json()["detail"]


def test_a_task_without_a_title_is_refused(alice: httpx.Client) -> None:
    response = alice.post("/tasks", json={})

    assert refusal(response) == (422, "VALIDATION_ERROR")
    assert places(response) == [["body", "title"]]


@pytest.mark.parametrize("body", [{}, {"revision": 1, "id": 1}])
def test_a_patch_without_a_field_is_refused(alice: httpx.Client, body: Any) -> None:
    alice.post("/tasks", json={"title": "a"})

    response = alice.patch("/tasks/1", json=body)

    assert refusal(response) == (400, "VALIDATION_ERROR")
    assert places(response) == [["body"]]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ('{"title": "a", "title": "a"}', "title"),
        ('{"title": "a", "due": {"date": "2026-12-01", "date": "2026-12-01"}}', "date"),
        ('{"title": "a", "id": {"x": 1, "x": 2}}', "x"),
    ],
)
def test_a_duplicate_name_in_an_object_is_refused(alice: httpx.Client, body: str, place: str) -> None:
    response = post(alice, body)

    assert refusal(response) == (400, "VALIDATION_ERROR")
    assert places(response) == [["body", place]]
    assert is_untouched(alice)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"title": "a",}',
        b"{'title': 'a'}",
        b'{"title": "a"} x',
        b'{"title": "a\nb"}',
        b'{"title": "\xff"}',
        b'{"title": "\xed\xa0\x80"}',
        b'\xef\xbb\xbf{"title": "a"}',
        '{"title": "a"}'.encode("utf-16"),
        b'{"title": "a", "id": NaN}',
        b'{"title": "a", "id": Infinity}',
        b'{"title": "a", "id": -Infinity}',
        b'{"title": "a", "id": 01}',
        b'{"title": "a", "id": ' + b"9" * 5000 + b"}",
        b'{"title": "a", "id": ' + b"[" * 30_000 + b"]" * 30_000 + b"}",
        b"title=a",
        b"[]",
        b"null",
        b'"title"',
        b"7",
        b'[{"title": "a"}]',
    ],
    ids=lambda body: ascii(body[:30]),
)
def test_a_body_that_is_not_one_json_object_is_refused(alice: httpx.Client, body: bytes) -> None:
    response = post(alice, body)

    assert refusal(response) == (400, "VALIDATION_ERROR")
    assert places(response) == [["body"]]
    assert is_untouched(alice)


def test_a_deeply_nested_body_is_refused(alice: httpx.Client) -> None:
    response = post(alice, b'{"id":' * 9000 + b"1" + b"}" * 9000)

    # Python 3.13 can parse it, and then the title is missing (422).
    assert refusal(response) in {(400, "VALIDATION_ERROR"), (422, "VALIDATION_ERROR")}
    assert is_untouched(alice)


@pytest.mark.parametrize("path", ["/tasks", "/tasks/batch"])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_of_a_megabyte_is_too_large(alice: httpx.Client, path: str, chunked: object) -> None:
    body = b'{"title": "' + b"a" * 1_000_000 + b'"}'

    response = alice.post(
        path,
        content=iter([body[:500_000], body[500_000:]]) if chunked else body,
        headers={"Content-Type": "application/json"},
    )

    assert refusal(response) == (413, "PAYLOAD_TOO_LARGE")
    assert is_untouched(alice)


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize(("size", "status"), [(65536, 201), (65537, 413)])
def test_a_body_has_at_most_64_kib(alice: httpx.Client, size: int, status: int, chunked: object) -> None:
    def chunks() -> Iterator[bytes]:
        yield from (body[:60_000], body[60_000:])

    body = b'{"title": "a"}'.ljust(size)

    response = alice.post("/tasks", content=chunks() if chunked else body, headers={"Content-Type": "application/json"})

    assert response.status_code == status


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
@pytest.mark.parametrize(
    "media_type",
    [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=latin-1",
        "application/json; charset=utf-16",
        "application/problem+json",
        "application/vnd.api+json",
        "json",
        "*/*",
    ],
)
def test_another_media_type_is_refused(alice: httpx.Client, method: str, media_type: str) -> None:
    alice.post("/tasks", json={"title": "a"})

    response = alice.request(
        method,
        "/tasks" if method == "POST" else "/tasks/1",
        content=b'{"title": "b"}',
        headers={"Content-Type": media_type},
    )

    assert refusal(response) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert alice.get("/tasks").json()["revision"] == 1


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_the_media_type_of_merge_patches_is_refused_for_post_and_put(alice: httpx.Client, method: str) -> None:
    response = alice.request(
        method,
        "/tasks" if method == "POST" else "/tasks/1",
        content=b'{"title": "b"}',
        headers={"Content-Type": "application/merge-patch+json"},
    )

    assert refusal(response) == (415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize(
    "media_type",
    [
        "application/json; charset=utf-8",
        'application/json;charset="UTF-8"',
        "Application/JSON",
        "application/json; v=1",
    ],
)
def test_json_in_utf_8_is_accepted_in_every_spelling_of_the_media_type(alice: httpx.Client, media_type: str) -> None:
    assert post(alice, '{"title": "é"}', media_type).json()["title"] == "é"


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/tasks"), ("GET", "/tasks/1"), ("DELETE", "/tasks/1"), ("GET", "/changes")]
)
def test_a_body_of_a_get_or_delete_is_refused(alice: httpx.Client, method: str, path: str, chunked: object) -> None:
    alice.post("/tasks", json={"title": "a"})

    response = alice.request(method, path, content=iter([b"[1]"]) if chunked else b"[1]")

    assert refusal(response) == (400, "VALIDATION_ERROR")
    assert places(response) == [["body"]]
    assert alice.get("/tasks").json()["revision"] == 1


def test_even_an_empty_object_is_refused_as_the_body_of_a_get(alice: httpx.Client) -> None:
    assert refusal(alice.request("GET", "/tasks", content=b"{}")) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize("content", [b"{}", b" {}\r\n", iter([b"{", b"}"])])
def test_an_empty_object_as_the_body_of_a_delete_is_ignored(alice: httpx.Client, content: Any) -> None:
    alice.post("/tasks", json={"title": "a"})

    assert alice.request("DELETE", "/tasks/1", content=content).status_code == 204


def test_a_post_without_a_body_may_have_an_empty_object_and_no_other(alice: httpx.Client) -> None:
    alice.post("/tasks", json={"title": "a"})
    alice.delete("/tasks/1")

    assert refusal(alice.post("/trash/1/restore", content=b'{"id": 1}')) == (400, "VALIDATION_ERROR")
    assert alice.post("/trash/1/restore", content=b" {} ").status_code == 200


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_an_empty_chunked_body_counts_as_no_body(alice: httpx.Client, method: str) -> None:
    alice.post("/tasks", json={"title": "a"})

    assert alice.request(method, "/tasks/1", content=iter([b""])).is_success


@pytest.mark.parametrize("coding", ["gzip", "br", "identity, gzip", ""])
def test_a_body_with_a_content_coding_is_refused(alice: httpx.Client, coding: str) -> None:
    response = alice.post(
        "/tasks", content=b'{"title": "a"}', headers={"Content-Type": "application/json", "Content-Encoding": coding}
    )

    assert refusal(response) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert response.headers["Accept-Encoding"] == "identity"


def test_the_content_coding_identity_is_accepted(alice: httpx.Client) -> None:
    response = alice.post(
        "/tasks",
        content=b'{"title": "a"}',
        headers={"Content-Type": "application/json", "Content-Encoding": "Identity"},
    )

    assert response.status_code == 201


IDS = ["0", "-1", "+1", "1.0", "1e1", "01", "abc", "%20", "%00", "%D9%A1", str(2**53), str(2**63), "9" * 400, "1%0A"]


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("task_id", IDS, ids=lambda task_id: task_id[:20])
def test_a_malformed_task_id_is_refused_and_named(alice: httpx.Client, method: str, task_id: str) -> None:
    body = {"title": "b", "complete": False} if method in {"PUT", "PATCH"} else None

    response = alice.request(method, f"/tasks/{task_id}", json=body)

    assert refusal(response) == (422, "VALIDATION_ERROR")
    assert places(response) == [["path", "task_id"]]


def test_the_greatest_id_is_valid_and_not_found(alice: httpx.Client) -> None:
    assert refusal(alice.get(f"/tasks/{2**53 - 1}")) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        *[
            (user, (403, "AUTH_FORBIDDEN"))
            for user in ("a%20b", "%C3%A9", "%FF", "%00", "a%0A", "u" * 129, "%2E", "%2E%2E")
        ],
        *[(user, (404, "NOT_FOUND")) for user in ("a%2Fb", "", "a/b")],
    ],
)
def test_a_malformed_user_id_in_the_path_is_treated_as_another_user(server: Server, user: str, expected: Any) -> None:
    with server.client(new_user()) as client:
        request = client.build_request("GET", server.url)
        request.url = request.url.copy_with(raw_path=f"/api/{user}/tasks".encode())

        assert refusal(client.send(request)) == expected


PARAMETERS = [
    *[("complete", value) for value in ("", "1", "0", "True", "yes", "null", "true ")],
    *[("priority", value) for value in ("", "urgent", "HIGH", "2")],
    *[("due_from", value) for value in ("", "2026-02-30", "20261201", "today", "2026-12-01T00:00")],
    *[("due_until", value) for value in ("", "2026-02-30", "0000-01-01")],
    *[("q", value) for value in ("", "q" * 201)],
    *[("sort", value) for value in ("", "id", "+title", "--title", "Title", "title,-due")],
    *[("limit", value) for value in ("", "0", "501", "-1", "1.0", "1e2", "x", " 1", "9" * 17, "\u0661")],
    *[("cursor", value) for value in ("", "x", "é", "AAAA", "W10", "W251bGxd", "////", "a" * 5000)],
    *[(name, "1") for name in ("unknown", "Limit", "offset", "")],
]


@pytest.mark.parametrize(("name", "value"), PARAMETERS, ids=lambda text: ascii(text[:20]))
def test_a_wrong_or_unknown_parameter_is_refused_and_named(alice: httpx.Client, name: str, value: str) -> None:
    response = alice.get("/tasks", params={name: value})

    assert refusal(response) == (422, "VALIDATION_ERROR")
    assert places(response)[0][:2] == ["query", name]


@pytest.mark.parametrize("name", ["complete", "due_from", "due_until", "q", "sort", "limit", "cursor"])
def test_a_repeated_single_parameter_is_refused(alice: httpx.Client, name: str) -> None:
    response = alice.get("/tasks", params=[(name, "1"), (name, "1")])

    assert refusal(response) == (422, "VALIDATION_ERROR")
    assert places(response) == [["query", name]]


def test_a_query_has_at_most_20_tags(alice: httpx.Client) -> None:
    assert alice.get("/tasks", params={"tag": [f"{n}" for n in range(20)]}).status_code == 200
    assert places(alice.get("/tasks", params={"tag": [f"{n}" for n in range(21)]})) == [["query", "tag"]]


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/tasks"), ("GET", "/tasks/1"), ("PUT", "/tasks/1"), ("POST", "/tasks/batch")],
)
def test_an_endpoint_without_parameters_refuses_every_parameter(alice: httpx.Client, method: str, path: str) -> None:
    task = {"title": "a", "complete": False}
    body = {"operations": [{"op": "create", "task": task}]} if "batch" in path else task

    response = alice.request(method, path, params={"x": "1"}, json=body if method.startswith("P") else None)

    assert refusal(response) == (422, "VALIDATION_ERROR")
    assert places(response) == [["query", "x"]]
    assert is_untouched(alice)


def test_a_cursor_is_refused_if_it_is_truncated_or_of_another_query(alice: httpx.Client) -> None:
    for title in "ab":
        alice.post("/tasks", json={"title": title})
    cursor = alice.get("/tasks", params={"limit": 1}).json()["next_cursor"]

    truncated = [alice.get("/tasks", params={"cursor": cursor[:length]}) for length in range(len(cursor))]
    others = [
        alice.get("/tasks", params={"cursor": cursor, **query})
        for query in ({"sort": "title"}, {"sort": "-created_at"}, {"q": "a"}, {"complete": "false"}, {"tag": "x"})
    ]

    assert alice.get("/tasks", params={"cursor": cursor, "limit": 7}).json()["tasks"][0]["title"] == "b"
    for response in truncated + others:
        assert refusal(response) == (422, "VALIDATION_ERROR")
        assert places(response) == [["query", "cursor"]]


def test_an_object_with_more_than_5000_names_is_refused_as_a_whole(alice: httpx.Client) -> None:
    response = alice.post("/tasks", json={f"{number}": 1 for number in range(5001)})

    assert refusal(response) == (400, "VALIDATION_ERROR")
    assert places(response) == [["body"]]


@pytest.mark.parametrize("path", ["/tasks", "/tasks/1"])
def test_a_query_with_more_than_1000_parameters_is_refused_as_a_whole(alice: httpx.Client, path: str) -> None:
    response = alice.get(path, params=[("tag", "a")] * 1001)

    assert refusal(response) == (422, "VALIDATION_ERROR")
    assert places(response) == [["query"]]


def test_only_the_first_100_unknown_parameters_are_named(alice: httpx.Client) -> None:
    for path in ("/tasks", "/tasks/1"):
        response = alice.get(path, params={f"x{number}": "1" for number in range(900)})

        assert len(response.json()["errors"]) == 100


def test_a_response_names_only_the_first_100_faults(alice: httpx.Client) -> None:
    response = alice.post("/tasks", json={"title": "a"} | {f"x{number}": 1 for number in range(3000)})

    assert response.status_code == 422
    assert len(response.json()["errors"]) == 100


@pytest.mark.parametrize(
    ("operation", "places"),
    [
        ({"op": "patch", "patch": 5, "id": 1, "task": {"due": 5}}, [["task", "due"], ["patch"]]),
        ({"op": "create", "create": [], "task": 7}, [["task"], ["create"]]),
    ],
)
def test_an_unknown_field_with_the_name_of_its_operation_is_refused_and_named(
    alice: httpx.Client, operation: dict[str, object], places: list[list[str]]
) -> None:
    response = alice.post("/tasks/batch", json={"operations": [operation]})

    assert response.status_code == 422
    found = [error["loc"] for error in response.json()["errors"]]
    assert sorted(found) == sorted(["body", "operations", 0, *place] for place in places)
