"""The OpenAPI document is valid and complete, and the responses match it."""

import re
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any, Final

import httpx
import jsonschema_rs
import pytest
import schemathesis

from tests.integration.api.asgi import app_in_memory
from todo_api.http import problems
from todo_api.http.problems import ProblemType

DOCUMENT: Final = app_in_memory().openapi()
OPERATIONS = {
    operation["operationId"]: (path, method, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}
OWNERS = sorted(name for name, (path, _, _) in OPERATIONS.items() if path.startswith("/api/"))
OPEN = sorted(OPERATIONS.keys() - set(OWNERS))  # the calendar's token is in the path


def validator(schema: Any) -> Any:
    """Return a validator of a schema that may refer to the document's components."""
    return jsonschema_rs.Draft202012Validator({**schema, "components": DOCUMENT["components"]}, validate_formats=True)


def responses(name: str) -> dict[str, Any]:
    found: dict[str, Any] = OPERATIONS[name][2]["responses"]
    return found


def content_of(name: str, status: int) -> Any:
    (content,) = responses(name)[str(status)]["content"].values()
    return content


def schemas_in(part: Any) -> Iterator[dict[str, Any]]:
    """Yield every schema in a part of the document."""
    if isinstance(part, dict):
        for name in ("schema", "items"):
            if name in part:
                yield part[name]
        yield from part.get("properties", {}).values()
        for value in part.values():
            yield from schemas_in(value)
    elif isinstance(part, list):
        for value in part:
            yield from schemas_in(value)


def test_the_document_is_valid() -> None:
    assert DOCUMENT["openapi"].startswith("3.1.")

    schemathesis.openapi.from_dict(DOCUMENT).validate()


def test_the_document_states_the_version_of_the_package(server: Any) -> None:
    served = httpx.get(f"{server.url}/openapi.json").json()

    assert served == DOCUMENT
    assert served["info"]["version"] == version("todo-backend")


def test_an_operation_id_is_a_verb_and_its_object() -> None:
    assert sorted(OPERATIONS) == [
        "apply_batch",
        "create_access_token",
        "create_project",
        "create_task",
        "delete_access_token",
        "delete_project",
        "delete_task",
        "empty_trash",
        "erase_task",
        "erase_user",
        "export_content",
        "get_health",
        "get_project",
        "get_readiness",
        "get_task",
        "import_tasks",
        "list_access_tokens",
        "list_changes",
        "list_occurrences",
        "list_projects",
        "list_tasks",
        "list_trash",
        "patch_project",
        "patch_task",
        "read_calendar",
        "replace_task",
        "restore_project",
        "restore_task",
        "stream_changes",
    ]
    assert all(operation["summary"] and operation["description"] for _, _, operation in OPERATIONS.values())


def test_a_summary_says_more_than_the_operation_id() -> None:
    for name, (_, _, operation) in OPERATIONS.items():
        assert len(set(operation["summary"].lower().split()) - set(name.split("_"))) >= 3
        assert len(operation["summary"]) <= 72


def test_every_tag_has_a_description_and_the_batch_follows_the_single_tasks() -> None:
    tags = {tag["name"]: tag["description"] for tag in DOCUMENT["tags"]}
    in_order = [operation["tags"] for path in DOCUMENT["paths"].values() for operation in path.values()]

    assert all(description.endswith(".") for description in tags.values())
    assert in_order == sorted(in_order, key=lambda names: list(tags).index(*names))
    assert list(OPERATIONS).index("delete_task") < list(OPERATIONS).index("apply_batch")


def test_the_description_of_the_bearer_scheme_says_how_to_get_a_token() -> None:
    description = DOCUMENT["components"]["securitySchemes"]["bearer"]["description"]

    assert "How to get a session token" in description
    assert "todo-api token --user" in description


def test_addresses_are_relative_to_the_document() -> None:
    assert [server["url"] for server in DOCUMENT["servers"]] == ["."]
    assert re.findall(r"\]\(([^)]*)\)", DOCUMENT["info"]["description"]) == ["docs/errors"]


@pytest.mark.parametrize("name", ["TaskCreate", "TaskUpdate"])
def test_the_example_of_a_new_task_is_open(name: str) -> None:
    assert [example["complete"] for example in DOCUMENT["components"]["schemas"][name]["examples"]] == [False]


def test_every_pattern_that_limits_a_length_has_a_maxlength_too() -> None:
    bounded = [schema for schema in schemas_in(DOCUMENT) if re.search(r"\{\d*,\d+\}", schema.get("pattern", ""))]

    assert bounded
    assert [schema for schema in bounded if "maxLength" not in schema] == []


@pytest.mark.parametrize("name", OWNERS)
def test_operations_on_a_user_s_data_require_a_bearer_token(name: str) -> None:
    assert OPERATIONS[name][2]["security"] == [{"bearer": []}]
    assert DOCUMENT["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"


@pytest.mark.parametrize("name", OPEN)
def test_public_operations_require_no_token(name: str) -> None:
    assert "security" not in OPERATIONS[name][2]


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_error_is_documented_as_a_problem_with_examples(name: str) -> None:
    for status, response in responses(name).items():
        if int(status) >= 400 and (name, status) != ("get_readiness", "503"):
            (media_type,) = response["content"]
            assert media_type == "application/problem+json"
            assert content_of(name, int(status))["schema"] == {"$ref": "#/components/schemas/Problem"}
            for code, example in content_of(name, int(status))["examples"].items():
                assert (str(example["value"]["status"]), example["value"]["error_code"]) == (status, code)


def test_every_error_code_is_documented() -> None:
    kinds = {kind for kind in vars(problems).values() if isinstance(kind, ProblemType)}
    examples = {
        (int(status), code)
        for name in OPERATIONS
        for status, response in responses(name).items()
        for content in response.get("content", {}).values()
        for code in content.get("examples", {})
    }

    # A 405 concerns methods without an operation, a 421 the endpoint for assistants: no operation documents them.
    undocumented = {(405, "METHOD_NOT_ALLOWED"), (421, "MISDIRECTED_REQUEST")}
    assert examples == {(kind.status, kind.error_code) for kind in kinds} - undocumented
    assert DOCUMENT["components"]["schemas"]["Problem"]["properties"]["error_code"]["enum"] == sorted(
        {kind.error_code for kind in kinds}
    )


HEADERS = {
    "list_tasks": {200: {"ETag", "Link"}, 304: {"ETag"}},
    "create_task": {201: {"ETag", "Location", "Idempotency-Replayed"}, 429: {"Retry-After"}},
    "get_task": {200: {"ETag"}, 304: {"ETag"}},
    "list_occurrences": {200: {"ETag"}, 304: {"ETag"}},
    "replace_task": {200: {"ETag"}, 412: {"ETag"}},
    "patch_task": {200: {"ETag"}, 412: {"ETag"}},
    "delete_task": {412: {"ETag"}},
    "list_trash": {200: {"ETag", "Link"}, 304: {"ETag"}},
    "restore_task": {200: {"ETag"}, 412: {"ETag"}},
    "restore_project": {200: {"ETag"}, 412: {"ETag"}},
    "erase_task": {412: {"ETag"}},
    "empty_trash": {412: {"ETag"}},
    "export_content": {200: {"ETag", "Content-Disposition"}, 304: {"ETag"}},
    "list_projects": {200: {"ETag"}, 304: {"ETag"}},
    "create_project": {201: {"ETag", "Location", "Idempotency-Replayed"}, 429: {"Retry-After"}},
    "get_project": {200: {"ETag"}, 304: {"ETag"}},
    "patch_project": {200: {"ETag"}, 412: {"ETag"}},
    "delete_project": {412: {"ETag"}},
    "apply_batch": {200: {"Idempotency-Replayed"}, 412: {"ETag"}, 429: {"Retry-After"}},
    "read_calendar": {
        200: {"ETag"},
        304: {"ETag"},
        429: {"Retry-After", "RateLimit", "RateLimit-Policy"},
        500: {"Retry-After"},
        503: {"Retry-After"},
    },
}
HEADERS_OF_OWNERS = {
    401: {"WWW-Authenticate"},
    403: {"WWW-Authenticate"},
    429: {"Retry-After", "RateLimit", "RateLimit-Policy"},
    500: {"Retry-After"},
    503: {"Retry-After"},
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_response_header_is_documented(name: str) -> None:
    expected = HEADERS.get(name, {}) | (HEADERS_OF_OWNERS if name in OWNERS else {})

    for status, response in responses(name).items():
        help_link = {"Link"} if "application/problem+json" in response.get("content", {}) else set()
        assert set(response["headers"]) == expected.get(int(status), set()) | help_link | {"X-Request-ID"}
    assert {header["schema"]["type"] for header in DOCUMENT["components"]["headers"].values()} == {"string"}


def test_every_schema_has_a_type() -> None:
    kinds = {"type", "$ref", "anyOf", "oneOf", "enum", "const"}

    assert [schema for schema in schemas_in(DOCUMENT) if kinds.isdisjoint(schema)] == []


@pytest.mark.parametrize("name", ["TaskCreate", "TaskUpdate", "TaskPatch"])
def test_request_schemas_have_no_read_only_fields(name: str) -> None:
    read_only = {"id", "user_id", "completed_at", "position", "created_at", "updated_at", "revision"}

    assert read_only.isdisjoint(DOCUMENT["components"]["schemas"][name]["properties"])


def test_an_enumeration_has_one_schema_wherever_it_is_used() -> None:
    schemas, named = DOCUMENT["components"]["schemas"], {"$ref": "#/components/schemas/Priority"}
    parameters = {each["name"]: each["schema"] for each in OPERATIONS["list_tasks"][2]["parameters"]}

    assert schemas["Priority"] == {"type": "string", "enum": ["low", "medium", "high"]}
    for body in ("TaskCreate", "TaskUpdate", "TaskPatch", "TaskResponse"):
        assert named.items() <= schemas[body]["properties"]["priority"].items()
    assert parameters["priority"]["items"] == named
    assert parameters["sort"]["$ref"] == "#/components/schemas/Sort"


def test_every_example_is_valid_for_its_schema() -> None:
    exemplified = {
        name: schema["examples"] for name, schema in DOCUMENT["components"]["schemas"].items() if "examples" in schema
    }

    assert {"TaskCreate", "TaskUpdate", "TaskPatch", "BatchRequest", "TaskResponse"} <= exemplified.keys()
    for name, examples in exemplified.items():
        for example in examples:
            validator({"$ref": f"#/components/schemas/{name}"}).validate(example)
    for schema in schemas_in(DOCUMENT):
        for example in schema.get("examples", []):
            validator(schema).validate(example)


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_response_and_request_body_has_a_valid_example(name: str) -> None:
    parts = [*responses(name).values(), *filter(None, [OPERATIONS[name][2].get("requestBody")])]

    for part in parts:
        for content in part.get("content", {}).values():
            examples = [example["value"] for example in content.get("examples", {}).values()]
            examples += [content["example"]] if "example" in content else []
            if not examples:
                name_of_model = content["schema"]["$ref"].rpartition("/")[2]
                examples = DOCUMENT["components"]["schemas"][name_of_model]["examples"]
            assert examples
            for example in examples:
                validator(content["schema"]).validate(example)


def test_a_patch_is_documented_with_both_media_types() -> None:
    assert set(OPERATIONS["patch_task"][2]["requestBody"]["content"]) == {
        "application/json",
        "application/merge-patch+json",
    }


BODIES: list[dict[str, Any]] = [
    {"title": "a"},
    {"title": "a", "description": "", "complete": True, "priority": "low", "tags": ["x"]},
    {"title": "a", "checklist": [{"title": "b"}, {"title": "c", "complete": True}]},
    {"title": "a", "due": {"date": "2026-12-01"}},
    {"title": "a", "due": {"date": "0001-01-01", "time": "00:00"}},
    {"title": "a", "due": {"date": "9999-12-31", "time": "23:59", "timezone": "Europe/Berlin"}},
]


def assert_is_described(response: httpx.Response, name: str) -> Any:
    """Check a response against the document, and return its body."""
    described = responses(name)[str(response.status_code)]
    for header in DOCUMENT["components"]["headers"]:
        assert header not in response.headers or header in described["headers"]
    validator(content_of(name, response.status_code)["schema"]).validate(response.json())
    model = content_of(name, response.status_code)["schema"]["$ref"].rpartition("/")[2]
    optional = {"errors", "trace_id"}
    assert set(response.json()) - optional == set(DOCUMENT["components"]["schemas"][model]["properties"]) - optional
    return response.json()


@pytest.mark.parametrize("body", BODIES, ids=repr)
def test_every_task_response_matches_the_document(alice: httpx.Client, body: dict[str, Any]) -> None:
    created = assert_is_described(alice.post("/tasks", json=body), "create_task")

    assert_is_described(alice.get("/tasks/1"), "get_task")
    assert_is_described(alice.put("/tasks/1", json=created), "replace_task")
    assert_is_described(alice.patch("/tasks/1", json={"complete": True}), "patch_task")
    assert_is_described(alice.get("/tasks", params={"limit": 1}), "list_tasks")
    batch = {"operations": [{"op": "create", "task": body}, {"op": "delete", "id": 1}]}
    assert_is_described(alice.post("/tasks/batch", json=batch), "apply_batch")
    assert_is_described(alice.get("/changes"), "list_changes")
    assert_is_described(alice.get("/trash"), "list_trash")
    assert_is_described(alice.post("/trash/1/restore"), "restore_task")
    assert_is_described(alice.post("/trash/projects/1/restore"), "restore_project")


def test_every_problem_matches_the_document(alice: httpx.Client, bob: httpx.Client) -> None:
    assert_is_described(alice.post("/tasks", json={"title": 1}), "create_task")
    assert_is_described(alice.post("/tasks", json=[]), "create_task")
    assert_is_described(alice.post("/tasks/batch", json={"operations": [{"op": "delete", "id": 1}]}), "apply_batch")
    assert_is_described(alice.get("/tasks/1"), "get_task")
    assert_is_described(alice.get(str(bob.base_url.join("tasks"))), "list_tasks")
    assert_is_described(alice.get("/tasks", headers={"Authorization": "Bearer x"}), "list_tasks")
    assert_is_described(alice.get("/changes", params={"since": "other.1"}), "list_changes")


def test_the_health_responses_match_the_document(server: Any) -> None:
    assert_is_described(httpx.get(f"{server.url}/health"), "get_health")
    assert_is_described(httpx.get(f"{server.url}/health/ready"), "get_readiness")


def test_every_path_parameter_is_declared_and_every_parameter_described() -> None:
    for path, _, operation in OPERATIONS.values():
        parameters = operation.get("parameters", [])
        in_path = {parameter["name"] for parameter in parameters if parameter["in"] == "path"}

        assert in_path == set(re.findall(r"{(\w+)}", path))
        assert [parameter["name"] for parameter in parameters if "description" not in parameter] == []
