"""Error responses: problem details (RFC 9457), from one table.

A response never contains the cause, the input, or data of another user.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

from fastapi import Request
from pydantic import BaseModel, Field
from starlette.responses import Response
from starlette.types import Scope

import todo_domain as domain
from todo_api.http.hints import hint_for
from todo_api.http.reasons import reason_of
from todo_api.schemas.faults import MAX_FAULTS

MEDIA_TYPE: Final = "application/problem+json"
_REALM: Final = 'Bearer realm="todo"'
_SECRET: Final = re.compile(r"(?<=^/calendar/).+|todo_pat_[^/]*", re.IGNORECASE | re.DOTALL)
"""The token in the path of a calendar, or in one that was meant as that, as a part of an `instance`."""


@dataclass(frozen=True, slots=True)
class ProblemType:
    """The constant part of a problem."""

    error_code: str
    status: int
    title: str

    @property
    def slug(self) -> str:
        """The error code as used in the URI of the type and in anchors of the documentation."""
        return self.error_code.lower().replace("_", "-")


AUTH_MISSING: Final = ProblemType("AUTH_MISSING", 401, "Bearer token missing")
AUTH_INVALID: Final = ProblemType("AUTH_INVALID", 401, "Invalid token")
AUTH_FORBIDDEN: Final = ProblemType("AUTH_FORBIDDEN", 403, "Access denied")
AUTH_UNAVAILABLE: Final = ProblemType("AUTH_UNAVAILABLE", 503, "Token verification unavailable")
HTTPS_REQUIRED: Final = ProblemType("HTTPS_REQUIRED", 403, "HTTPS required")
HEADERS_TOO_LARGE: Final = ProblemType("HEADERS_TOO_LARGE", 431, "Request headers too large")
MALFORMED: Final = ProblemType("VALIDATION_ERROR", 400, "Malformed request")
INVALID: Final = ProblemType("VALIDATION_ERROR", 422, "Validation failed")
NOT_FOUND: Final = ProblemType("NOT_FOUND", 404, "Not found")
METHOD_NOT_ALLOWED: Final = ProblemType("METHOD_NOT_ALLOWED", 405, "Method not allowed")
MISDIRECTED: Final = ProblemType("MISDIRECTED_REQUEST", 421, "Misdirected request")
UNSUPPORTED_MEDIA_TYPE: Final = ProblemType("UNSUPPORTED_MEDIA_TYPE", 415, "Unsupported media type")
REQUEST_TIMEOUT: Final = ProblemType("REQUEST_TIMEOUT", 408, "Request timeout")
PAYLOAD_TOO_LARGE: Final = ProblemType("PAYLOAD_TOO_LARGE", 413, "Request body too large")
PRECONDITION_FAILED: Final = ProblemType("PRECONDITION_FAILED", 412, "Precondition failed")
IDEMPOTENCY_CONFLICT: Final = ProblemType("IDEMPOTENCY_CONFLICT", 422, "Idempotency key already used")
CURSOR_EXPIRED: Final = ProblemType("CURSOR_EXPIRED", 410, "Feed token expired")
QUOTA_EXCEEDED: Final = ProblemType("QUOTA_EXCEEDED", 403, "Quota exceeded")
RATE_LIMITED: Final = ProblemType("RATE_LIMITED", 429, "Too many requests")
OVERLOADED: Final = ProblemType("OVERLOADED", 503, "Server overloaded")
DATABASE_ERROR: Final = ProblemType("DATABASE_ERROR", 500, "Database error")
SERVER_STOPPING: Final = ProblemType("SERVER_STOPPING", 503, "Server stopping")
INTERNAL_ERROR: Final = ProblemType("INTERNAL_ERROR", 500, "Internal server error")


class FieldError(BaseModel):
    """One broken rule: its location, a message, and a stable identifier. It never contains the input."""

    loc: list[str | int]
    msg: str
    type: str


class Problem(BaseModel):
    """Problem details (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    error_code: str
    timestamp: datetime
    request_id: str
    trace_id: str = Field(default="", description="Absent if the request belongs to no trace.")
    errors: list[FieldError] = Field(default=[], description="Absent if the error does not concern a value.")


class ProblemError(Exception):
    """An error response. The HTTP layer raises it for errors that the domain does not have."""

    def __init__(
        self,
        problem_type: ProblemType,
        detail: str,
        headers: Mapping[str, str] | None = None,
        errors: Sequence[FieldError] = (),
    ) -> None:
        super().__init__(detail)
        self.problem_type = problem_type
        self.detail = detail
        self.headers = headers
        self.errors = errors


UNEXPECTED: Final = ProblemError(
    INTERNAL_ERROR, "unexpected error; the server's log has the cause under this request id"
)


def malformed(detail: str, code: str) -> ProblemError:
    """Return the response to a malformed request."""
    return ProblemError(MALFORMED, detail, errors=[FieldError(loc=["body"], msg=detail, type=code)])


def invalid(violations: Sequence[domain.Violation]) -> ProblemError:
    """Return the response to well-formed input that violates rules, with at most 100 violations."""
    errors = [FieldError(loc=list(v.field), msg=v.message, type=v.code) for v in violations[:MAX_FAULTS]]
    detail = "; ".join(f"{'.'.join(map(str, error.loc))}: {error.msg}" for error in errors)
    return ProblemError(INVALID, detail, errors=errors)


def _rule_violated(violated: domain.RuleViolated) -> ProblemError:
    return invalid(violated.violations)


def _batch_failed(failed: domain.BatchFailed) -> ProblemError:
    place = ("body", "operations", failed.index)
    if isinstance(failed.cause, domain.RuleViolated):
        return _rule_violated(failed.cause.at(*place, failed.part))
    cause = problem_of(failed.cause)
    code = cause.errors[0].type if cause.errors else cause.problem_type.error_code.lower()
    error = FieldError(loc=list(place), msg=cause.detail, type=code)
    return ProblemError(cause.problem_type, str(failed), errors=[error])


PROBLEMS: Final[Mapping[type[domain.TodoError], Callable[[Any], ProblemError]]] = {
    domain.RuleViolated: _rule_violated,
    domain.EmptyPatch: lambda e: malformed(str(e), "empty_patch"),
    domain.AccessDenied: lambda e: ProblemError(AUTH_FORBIDDEN, str(e)),
    domain.ScopeMissing: lambda e: ProblemError(
        AUTH_FORBIDDEN, str(e), {"WWW-Authenticate": f'{_REALM}, error="insufficient_scope", scope="{e.scope}"'}
    ),
    domain.TokenRejected: lambda _: ProblemError(
        AUTH_INVALID, "the token is not valid", {"WWW-Authenticate": f'{_REALM}, error="invalid_token"'}
    ),
    domain.TaskNotFound: lambda e: ProblemError(NOT_FOUND, str(e)),
    domain.ProjectNotFound: lambda e: ProblemError(NOT_FOUND, str(e)),
    domain.AccessTokenNotFound: lambda e: ProblemError(NOT_FOUND, str(e)),
    domain.PreconditionFailed: lambda e: ProblemError(PRECONDITION_FAILED, str(e), {"ETag": f'"{e.current}"'}),
    domain.IdempotencyConflict: lambda e: ProblemError(IDEMPOTENCY_CONFLICT, str(e)),
    domain.CursorExpired: lambda e: ProblemError(CURSOR_EXPIRED, str(e)),
    domain.BatchFailed: _batch_failed,
    domain.QuotaExceeded: lambda e: ProblemError(QUOTA_EXCEEDED, str(e)),
    domain.TooManyKeys: lambda e: ProblemError(RATE_LIMITED, str(e), {"Retry-After": "3600"}),
    domain.NotOpen: lambda _: ProblemError(DATABASE_ERROR, "the server is starting or stopping", {"Retry-After": "1"}),
    domain.StorageOverloaded: lambda _: ProblemError(
        OVERLOADED, "the request was not begun, because the server has too many like it", {"Retry-After": "1"}
    ),
    domain.ErasureInProgress: lambda e: ProblemError(OVERLOADED, str(e), {"Retry-After": "1"}),
    domain.StorageUnavailable: lambda _: ProblemError(
        DATABASE_ERROR, "the database failed or did not respond in time", {"Retry-After": "1"}
    ),
    domain.TokenVerificationUnavailable: lambda _: ProblemError(
        AUTH_UNAVAILABLE, "the keys that verify tokens are not available", {"Retry-After": "5"}
    ),
}


def problem_of(error: domain.TodoError) -> ProblemError:
    """Return the response to an error of the domain, or of a subclass that an adapter defines."""
    kind = next(kind for kind in type(error).__mro__ if kind in PROBLEMS)
    return PROBLEMS[kind](error)


def token_missing() -> ProblemError:
    """Return the response to a request without a bearer token (RFC 6750 §3.1: no error code)."""
    return ProblemError(AUTH_MISSING, "send a bearer token in the Authorization header", {"WWW-Authenticate": _REALM})


def no_such_path(path: str) -> ProblemError:
    """Return the response to an unknown path, with a hint if there is one."""
    hint = hint_for(path)
    return ProblemError(NOT_FOUND, "there is no such path" + (f": {hint}" if hint else ""))


def method_not_allowed(methods: Iterable[str]) -> ProblemError:
    """Return the response to a method that is not one of these."""
    served = set(methods)
    served |= {"HEAD"} if "GET" in served else set()
    allowed = ", ".join(sorted(served))
    return ProblemError(METHOD_NOT_ALLOWED, f"the allowed methods are {allowed}", {"Allow": allowed})


def problem_response(request: Request, problem: ProblemError) -> Response:
    """Return the problem document as a response, and record its code for the request log."""
    request.scope["error_code"] = problem.problem_type.error_code
    document = Problem(
        **_constant_part(problem.problem_type),
        detail=problem.detail,
        instance=quote(_SECRET.sub("{token}", request.scope["path"]), errors="replace"),
        timestamp=datetime.now(UTC),
        request_id=request.scope["request_id"],
        trace_id=request.scope.get("trace_id") or "",
        errors=list(problem.errors),
    )
    body = document.model_dump_json(exclude_defaults=True)
    headers = {
        **(problem.headers or {}),
        "Link": _help_link(request.scope, problem.problem_type),
        "Cache-Control": "no-store",
    }
    return Response(body, problem.problem_type.status, headers, MEDIA_TYPE)


def _help_link(scope: Scope, kind: ProblemType) -> str:
    """Return a link to the page about an error, relative to the request, because a proxy may strip a prefix."""
    path: bytes = scope.get("raw_path") or scope["path"].encode(errors="replace")
    to_root = "../" * (path.count(b"/") - 1) if path.startswith(b"/") else "/"
    return f'<{to_root}docs/errors#{kind.slug}>; rel="help"'


def error_response(request: Request, error: domain.TodoError | ProblemError) -> Response:
    """Return the response to an error, and record the reason for the request log; the response does not have it."""
    request.scope["reason"] = reason_of(error)
    return problem_response(request, error if isinstance(error, ProblemError) else problem_of(error))


def example(kind: ProblemType) -> dict[str, Any]:
    """Return a problem of this kind for the documentation."""
    return {
        **_constant_part(kind),
        "detail": kind.title,
        "instance": "/api/alice/tasks/7",
        "timestamp": "2026-11-21T09:30:00.123456Z",
        "request_id": "0b0c7d6cbd3b4f7c8f5d3e2a1b4c5d6e",
    }


def _constant_part(kind: ProblemType) -> dict[str, Any]:
    return {
        "type": f"urn:problem:todo:{kind.slug}",
        "title": kind.title,
        "status": kind.status,
        "error_code": kind.error_code,
    }
