"""The OpenAPI document: what FastAPI derives from the endpoints, and what it can't derive."""

import json
from collections.abc import Collection, Mapping
from http import HTTPStatus
from importlib.metadata import version
from itertools import groupby
from operator import attrgetter
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from todo_api.http import problems
from todo_api.http.problems import Problem, ProblemType
from todo_api.schemas.access_tokens import AccessTokenCreated, AccessTokenListResponse, AccessTokenResponse
from todo_api.schemas.changes import ChangesResponse, TaskChange
from todo_api.schemas.tasks import TaskListResponse, TaskResponse
from todo_api.schemas.trash import TrashedTaskResponse, TrashResponse

Responses = dict[int | str, dict[str, Any]]

_SCHEMA: Final = "#/components/schemas/{model}"
_HEADERS: Final = {
    "ETag": "The state of the task, project or list, for If-Match and If-None-Match (RFC 9110 §8.8.3).",
    "Location": "The new task or project, relative to the URL of the request.",
    "Link": 'With `rel="next"`: the next page (RFC 8288); absent on the last one. '
    'With `rel="help"`: the page about this error.',
    "Content-Disposition": "A name for the file (RFC 6266).",
    "Idempotency-Replayed": "`true` if this is the response to an earlier request with the same Idempotency-Key.",
    "Retry-After": "The seconds to wait before the next try.",
    "RateLimit": "The seconds to wait as `t`, by draft-ietf-httpapi-ratelimit-headers-11.",
    "RateLimit-Policy": "The bound that was reached: `q` in `w` seconds, or at a time.",
    "WWW-Authenticate": "How to authenticate (RFC 6750 §3).",
    "X-Request-ID": "The id of the request in the log: the one in the request, if it has 1–128 of `A-Z a-z 0-9 . _ -`.",
}
_HEADERS_OF_PROBLEM: Final = {
    problems.AUTH_MISSING: ("WWW-Authenticate",),
    problems.AUTH_INVALID: ("WWW-Authenticate",),
    problems.AUTH_FORBIDDEN: ("WWW-Authenticate",),
    problems.PRECONDITION_FAILED: ("ETag",),
    problems.DATABASE_ERROR: ("Retry-After",),
    problems.AUTH_UNAVAILABLE: ("Retry-After",),
    problems.RATE_LIMITED: ("Retry-After", "RateLimit", "RateLimit-Policy"),
    problems.OVERLOADED: ("Retry-After",),
    problems.SERVER_STOPPING: ("Retry-After",),
}

_TAGS: Final = {
    "tasks": "Create, find, read, change and delete tasks: one at a time, or up to 100 in a batch.",
    "trash": "Restore deleted tasks, or erase them.",
    "projects": "Put tasks into projects. A user has at most 200.",
    "changes": "Keep a copy of the list up to date: read what changed since the last time, or follow it live.",
    "export": "Take everything along: all projects and tasks as one file, with those in the trash.",
    "calendar": "Subscribe to the tasks in a calendar, by a secret URL.",
    "import": "Bring tasks from another program, or from an export.",
    "access tokens": "Create and revoke tokens for scripts, calendars and assistants. Only a session token can.",
    "account": "Erase everything that a user has. Only a new session token can.",
    "health": "Probes for load balancers and monitoring. They need no token.",
}
_DESCRIPTION: Final = """Task lists for many users, one list per user.

To begin, get a token and enter it under **Authorize**, which says how. Then create a task with
`POST /api/{user_id}/tasks`. Requests can be conditional (`If-Match`) and repeated safely (`Idempotency-Key`).

Errors are problem documents (RFC 9457). [The page of errors](docs/errors) says when each one occurs and what to do.
"""

_WITH_NULL_IN_EXAMPLES: Final = (
    TaskResponse,
    TaskListResponse,
    ChangesResponse,
    TaskChange,
    TrashedTaskResponse,
    TrashResponse,
    AccessTokenResponse,
    AccessTokenCreated,
    AccessTokenListResponse,
)

_EVERY_OWNER: Final = (
    problems.MALFORMED,
    problems.AUTH_MISSING,
    problems.AUTH_INVALID,
    problems.AUTH_FORBIDDEN,
    problems.HTTPS_REQUIRED,
    problems.REQUEST_TIMEOUT,
    problems.INVALID,
    problems.HEADERS_TOO_LARGE,
    problems.RATE_LIMITED,
    problems.OVERLOADED,
    problems.DATABASE_ERROR,
    problems.INTERNAL_ERROR,
    problems.AUTH_UNAVAILABLE,
    problems.SERVER_STOPPING,
)
BODY: Final = (problems.PAYLOAD_TOO_LARGE, problems.UNSUPPORTED_MEDIA_TYPE)


def _headers(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def schema_of(model: type[BaseModel]) -> dict[str, str]:
    """Return a reference to the schema of a model."""
    return {"$ref": _SCHEMA.format(model=model.__name__)}


def text_content(examples: Mapping[str, str]) -> dict[str, Any]:
    """Return the `content` of a body that is text, with the example of each media type."""
    return {media_type: {"schema": {"type": "string"}, "example": example} for media_type, example in examples.items()}


def documented_response(status: int, *headers: str) -> Responses:
    """Return the `responses` of an endpoint for a response with these headers."""
    return {status: {"description": HTTPStatus(status).phrase, "headers": _headers(*headers)}}


NOT_MODIFIED: Final = documented_response(304, "ETag")


def problem_responses(*kinds: ProblemType, without: Collection[ProblemType] = ()) -> Responses:
    """Return the `responses` of an OwnerRoute: the problems of every OwnerRoute, with and without some."""
    return _responses({*_EVERY_OWNER, *kinds}.difference(without))


def _responses(kinds: set[ProblemType]) -> Responses:
    by_status = attrgetter("status")
    grouped = groupby(sorted(kinds, key=attrgetter("status", "error_code")), key=by_status)
    return {status: _response(list(same)) for status, same in grouped}


def _response(kinds: list[ProblemType]) -> dict[str, Any]:
    examples = {kind.error_code: {"value": problems.example(kind)} for kind in kinds}
    return {
        "description": "; ".join(f"{kind.error_code}: {kind.title}" for kind in kinds),
        "content": {problems.MEDIA_TYPE: {"schema": schema_of(Problem), "examples": examples}},
        "headers": _headers("Link", *(name for kind in kinds for name in _HEADERS_OF_PROBLEM.get(kind, ()))),
    }


ALWAYS: Final = _responses({problems.REQUEST_TIMEOUT, problems.HEADERS_TOO_LARGE, problems.INTERNAL_ERROR})


def document(app: FastAPI) -> dict[str, Any]:
    """Return the document of an app; it is created once."""
    if app.openapi_schema is None:
        app.openapi_schema = _document(app)
    return app.openapi_schema


def _document(app: FastAPI) -> dict[str, Any]:
    made = get_openapi(
        title=app.title,
        version=version("todo-backend"),
        description=_DESCRIPTION,
        routes=app.routes,
        tags=[{"name": name, "description": description} for name, description in _TAGS.items()],
        # Relative to the document, because a proxy may strip a prefix.
        servers=[{"url": ".", "description": "This server"}],
    )
    made["paths"] = dict(sorted(made["paths"].items(), key=_place_in_document))
    _, definitions = models_json_schema([(Problem, "serialization")], ref_template=_SCHEMA)
    made["components"]["schemas"] |= definitions["$defs"]
    for model in _WITH_NULL_IN_EXAMPLES:
        # FastAPI removes null from examples.
        made["components"]["schemas"][model.__name__]["examples"] = model.model_json_schema()["examples"]
    codes = {kind.error_code for kind in vars(problems).values() if isinstance(kind, ProblemType)}
    made["components"]["schemas"]["Problem"]["properties"]["error_code"]["enum"] = sorted(codes)
    made["components"]["headers"] = {
        name: {"description": description, "schema": {"type": "string"}} for name, description in _HEADERS.items()
    }
    for method, operation in ((name, each) for path in made["paths"].values() for name, each in path.items()):
        summary, _, details = operation["description"].partition("\n\n")
        operation |= {"summary": summary.rstrip("."), "description": details or summary}
        for parameter in operation.get("parameters", []):
            _drop_null(parameter["schema"])
        for response in operation["responses"].values():
            response.setdefault("headers", {}).update(_headers("X-Request-ID"))
        if method == "patch":
            content = operation["requestBody"]["content"]
            content["application/merge-patch+json"] = content["application/json"]
    # FastAPI writes the limits of integers as floats.
    whole: dict[str, Any] = json.loads(json.dumps(made), parse_float=lambda text: int(float(text)))
    return whole


def _place_in_document(path: tuple[str, dict[str, Any]]) -> tuple[int, bool]:
    """Return the sort key of a path: by tag, and the batch after the single tasks."""
    name, operations = path
    (tag,) = next(iter(operations.values()))["tags"]
    return list(_TAGS).index(tag), name.endswith("/batch")


def _drop_null(schema: dict[str, Any]) -> None:
    """Remove null from a parameter's schema: a parameter can be absent, but not null."""
    for variant in schema.pop("anyOf", []):
        if variant != {"type": "null"}:
            schema.update(variant)
