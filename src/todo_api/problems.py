"""Every error as an answer: problem details (RFC 9457), from one table.

Nothing of a cause, of the input or of another user gets into an answer.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

from fastapi import Request
from pydantic import BaseModel, Field
from starlette.responses import Response

import todo_domain as domain

MEDIA_TYPE: Final = "application/problem+json"
# A small body can break thousands of rules, and need not be answered at length.
_MOST_ERRORS: Final = 100
_REALM: Final = 'Bearer realm="todo"'


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """What a client can tell problems apart by."""

    error_code: str
    status: int
    title: str


AUTH_MISSING: Final = ProblemKind("AUTH_MISSING", 401, "A bearer token is needed")
AUTH_INVALID: Final = ProblemKind("AUTH_INVALID", 401, "The token is not valid")
AUTH_FORBIDDEN: Final = ProblemKind("AUTH_FORBIDDEN", 403, "The token belongs to another user")
AUTH_UNAVAILABLE: Final = ProblemKind("AUTH_UNAVAILABLE", 503, "Tokens can't be verified now")
HTTPS_REQUIRED: Final = ProblemKind("HTTPS_REQUIRED", 403, "Only HTTPS is served here")
HEAD_TOO_LARGE: Final = ProblemKind("HEAD_TOO_LARGE", 431, "The headers are too large")
MALFORMED: Final = ProblemKind("VALIDATION_ERROR", 400, "The request can't be read")
INVALID: Final = ProblemKind("VALIDATION_ERROR", 422, "A field or parameter breaks its rule")
NOT_FOUND: Final = ProblemKind("NOT_FOUND", 404, "There is no such thing here")
METHOD_NOT_ALLOWED: Final = ProblemKind("METHOD_NOT_ALLOWED", 405, "The method is not allowed here")
UNSUPPORTED_MEDIA_TYPE: Final = ProblemKind("UNSUPPORTED_MEDIA_TYPE", 415, "The body must be JSON")
PAYLOAD_TOO_LARGE: Final = ProblemKind("PAYLOAD_TOO_LARGE", 413, "The body is too large")
PRECONDITION_FAILED: Final = ProblemKind("PRECONDITION_FAILED", 412, "The condition does not hold")
IDEMPOTENCY_CONFLICT: Final = ProblemKind("IDEMPOTENCY_CONFLICT", 422, "The idempotency key was used before")
CURSOR_EXPIRED: Final = ProblemKind("CURSOR_EXPIRED", 410, "The feed can't be continued from there")
DATABASE_ERROR: Final = ProblemKind("DATABASE_ERROR", 500, "The database failed or timed out")
INTERNAL_ERROR: Final = ProblemKind("INTERNAL_ERROR", 500, "Something unforeseen happened")


class FieldError(BaseModel):
    """One broken rule: where, what, and a stable word for it. The input is never repeated."""

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
    errors: list[FieldError] = Field(default=[], description="Absent when no value is to blame.")


class Refusal(Exception):
    """An error as it is answered; the edge raises it for what it refuses by itself."""

    def __init__(
        self,
        kind: ProblemKind,
        detail: str,
        headers: Mapping[str, str] | None = None,
        errors: Sequence[FieldError] = (),
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.headers = headers
        self.errors = errors


UNFORESEEN: Final = Refusal(INTERNAL_ERROR, "this was logged with the request id")


def malformed(detail: str, code: str) -> Refusal:
    """Return the answer to a body that can't be understood."""
    return Refusal(MALFORMED, detail, errors=[FieldError(loc=["body"], msg=detail, type=code)])


def invalid(errors: Sequence[FieldError]) -> Refusal:
    """Return the answer to well-formed input that breaks rules, naming the first hundred."""
    errors = errors[:_MOST_ERRORS]
    detail = "; ".join(f"{'.'.join(map(str, error.loc))}: {error.msg}" for error in errors)
    return Refusal(INVALID, detail, errors=errors)


def _rule_violated(violated: domain.RuleViolated) -> Refusal:
    return invalid([FieldError(loc=list(v.field), msg=v.message, type=v.code) for v in violated.violations])


def _batch_failed(failed: domain.BatchFailed) -> Refusal:
    place = ("body", "operations", failed.index)
    if isinstance(failed.cause, domain.RuleViolated):
        return _rule_violated(failed.cause.within(*place, "task"))
    cause = refusal_of(failed.cause)
    error = FieldError(loc=list(place), msg=cause.detail, type=cause.kind.error_code.lower())
    return Refusal(cause.kind, str(failed), errors=[error])


REFUSALS: Final[Mapping[type[domain.TodoError], Callable[[Any], Refusal]]] = {
    domain.RuleViolated: _rule_violated,
    domain.EmptyPatch: lambda e: malformed(str(e), "empty_patch"),
    domain.AccessDenied: lambda e: Refusal(AUTH_FORBIDDEN, str(e)),
    domain.TokenRejected: lambda _: Refusal(
        AUTH_INVALID, "the token is not valid", {"WWW-Authenticate": f'{_REALM}, error="invalid_token"'}
    ),
    domain.TaskNotFound: lambda e: Refusal(NOT_FOUND, str(e)),
    domain.PreconditionFailed: lambda e: Refusal(PRECONDITION_FAILED, str(e), {"ETag": f'"{e.current}"'}),
    domain.IdempotencyConflict: lambda e: Refusal(IDEMPOTENCY_CONFLICT, str(e)),
    domain.CursorExpired: lambda e: Refusal(CURSOR_EXPIRED, str(e)),
    domain.BatchFailed: _batch_failed,
    domain.StorageUnavailable: lambda _: Refusal(
        DATABASE_ERROR, "the database failed or did not answer in time", {"Retry-After": "1"}
    ),
    domain.TokenVerificationUnavailable: lambda _: Refusal(
        AUTH_UNAVAILABLE, "the keys to verify tokens with can't be had", {"Retry-After": "5"}
    ),
}


def refusal_of(error: domain.TodoError) -> Refusal:
    """Return how an error of the domain is answered; an adapter's own kind of it is answered alike."""
    kind = next(kind for kind in type(error).__mro__ if kind in REFUSALS)
    return REFUSALS[kind](error)


def token_missing() -> Refusal:
    """Return the answer to a request without a bearer token (RFC 6750 §3.1: no error code)."""
    return Refusal(AUTH_MISSING, "send a bearer token in the Authorization header", {"WWW-Authenticate": _REALM})


def method_not_allowed(methods: Iterable[str]) -> Refusal:
    """Return the answer to a method that is none of these."""
    allowed = ", ".join(sorted(methods))
    return Refusal(METHOD_NOT_ALLOWED, f"the methods here are {allowed}", {"Allow": allowed})


class within:  # noqa: N801 - as contextlib's own, whose generators take twice the time
    """Says of every rule violated in its block that it is about a value at `place`, such as `"body"`.

    It keeps no state, so one can serve many requests at once.
    """

    def __init__(self, *place: str | int) -> None:
        self._place = place

    def __enter__(self) -> None: ...

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, domain.RuleViolated):
            raise error.within(*self._place) from None


def answer(request: Request, refusal: Refusal) -> Response:
    """Write the problem document, and note its code for the request log."""
    request.scope["error_code"] = refusal.kind.error_code
    problem = Problem(
        **_constant_part(refusal.kind),
        detail=refusal.detail,
        instance=quote(request.scope["path"], errors="replace"),
        timestamp=datetime.now(UTC),
        request_id=request.scope["request_id"],
        errors=list(refusal.errors),
    )
    body = problem.model_dump_json(exclude_defaults=True)
    return Response(body, refusal.kind.status, refusal.headers, MEDIA_TYPE)


def answer_to(request: Request, error: domain.TodoError | Refusal) -> Response:
    """Write the problem document of an error, and note for the request log what is not told to the caller."""
    request.scope["reason"] = _reason(error)
    return answer(request, error if isinstance(error, Refusal) else refusal_of(error))


def _reason(error: Exception) -> str | None:
    if isinstance(error, domain.TokenRejected):
        return error.reason
    cause = error.__cause__
    # The text of a database's error may hold values of users.
    return f"{type(cause).__name__} {getattr(cause, 'sqlstate', None) or ''}".rstrip() if cause else None


def example(kind: ProblemKind) -> dict[str, Any]:
    """Return a problem of this kind for the documentation."""
    return {
        **_constant_part(kind),
        "detail": kind.title,
        "instance": "/api/alice/tasks/7",
        "timestamp": "2026-11-21T09:30:00.123456Z",
        "request_id": "0b0c7d6cbd3b4f7c8f5d3e2a1b4c5d6e",
    }


def _constant_part(kind: ProblemKind) -> dict[str, Any]:
    return {
        "type": f"urn:problem:todo:{kind.error_code.lower().replace('_', '-')}",
        "title": kind.title,
        "status": kind.status,
        "error_code": kind.error_code,
    }
