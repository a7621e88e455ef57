"""Answers in JSON."""

from collections.abc import Mapping

from pydantic import BaseModel
from pydantic_core import to_json
from starlette.responses import Response


def json_answer(model: BaseModel, headers: Mapping[str, str] | None = None, status: int = 200) -> Response:
    """Return the model as an answer."""
    return Response(to_json(model), status, headers, "application/json")
