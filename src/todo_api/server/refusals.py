"""Responses that the server writes itself, to requests that never reach the app."""

from typing import Any, Final

from starlette.requests import Request
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from todo_api.http.headers import NO_SNIFFING
from todo_api.http.problems import REQUEST_TIMEOUT, SERVER_STOPPING, ProblemError, problem_response
from todo_api.middleware.request_log import MAX_ADDRESS, log_request, new_request_id

TOO_SLOW: Final = ProblemError(REQUEST_TIMEOUT, "the request did not arrive in time")
STOPPING: Final = ProblemError(
    SERVER_STOPPING,
    "the server stopped before it had a response; a write may or may not have happened",
    {"Retry-After": "1"},
)


def refusal(problem: ProblemError, client: tuple[str, int] | None, path: str = "") -> bytes:
    """Return a whole response with a problem document that ends the connection, and log it as a request."""
    scope: dict[str, Any] = {"type": "http", "path": path, "request_id": new_request_id()}
    response = problem_response(Request(scope), problem)
    fields = {
        "request_id": scope["request_id"],
        "status": response.status_code,
        "client_address": client[0][:MAX_ADDRESS] if client else None,
        "error_code": scope["error_code"],
        "reason": problem.detail,
    }
    log_request(fields)
    headers = b"".join(b"%s: %s\r\n" % header for header in (*response.raw_headers, NO_SNIFFING))
    return b"%sconnection: close\r\n%s\r\n%s" % (STATUS_LINE[response.status_code], headers, response.body)
