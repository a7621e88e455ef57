"""The OpenAPI document: what FastAPI derives from the endpoints, and what it can't see."""

from itertools import groupby
from operator import attrgetter
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from todo_api import problems
from todo_api.problems import Problem, ProblemKind

_REF: Final = "#/components/schemas/{model}"

_EVERY_OWNER: Final = (
    problems.MALFORMED,
    problems.AUTH_MISSING,
    problems.AUTH_INVALID,
    problems.AUTH_FORBIDDEN,
    problems.INVALID,
    problems.DATABASE_ERROR,
    problems.INTERNAL_ERROR,
    problems.AUTH_UNAVAILABLE,
)
BODY: Final = (problems.PAYLOAD_TOO_LARGE, problems.UNSUPPORTED_MEDIA_TYPE)


def refusals(*kinds: ProblemKind) -> dict[int | str, dict[str, Any]]:
    """Return the `responses` of an owner's endpoint for the problems that all have, and these."""
    by_status = attrgetter("status")
    grouped = groupby(sorted({*_EVERY_OWNER, *kinds}, key=by_status), key=by_status)
    return {status: _response(sorted(same, key=attrgetter("error_code"))) for status, same in grouped}


def _response(kinds: list[ProblemKind]) -> dict[str, Any]:
    examples = {kind.error_code: {"value": problems.example(kind)} for kind in kinds}
    return {
        "description": "; ".join(f"{kind.error_code}: {kind.title}" for kind in kinds),
        "content": {problems.MEDIA_TYPE: {"schema": {"$ref": _REF.format(model="Problem")}, "examples": examples}},
    }


def document(app: FastAPI) -> dict[str, Any]:
    """Return the document of an app, made once."""
    if app.openapi_schema is None:
        schema = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        _, definitions = models_json_schema([(Problem, "serialization")], ref_template=_REF)
        schema["components"]["schemas"] |= definitions["$defs"]
        for path in schema["paths"].values():
            if "patch" in path:
                content = path["patch"]["requestBody"]["content"]
                content["application/merge-patch+json"] = content["application/json"]
        app.openapi_schema = schema
    return app.openapi_schema
