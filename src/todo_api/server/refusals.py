"""Responses that the server writes itself, to requests that never reach the app."""

import logging
from typing import Any, Final

from starlette.requests import Request
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from todo_api.http.headers import NO_SNIFFING
from todo_api.http.problems import REQUEST_TIMEOUT, SERVER_STOPPING, ProblemError, problem_response
from todo_api.middleware.request_log import new_request_id

TOO_SLOW: Final = ProblemError(REQUEST_TIMEOUT, "the request did not arrive in time")
STOPPING: Final = ProblemError(
    SERVER_STOPPING,
    "the server stopped before it had a response; a write may or may not have happened",
    {"Retry-After": "1"},
)
_log: Final = logging.getLogger("todo_api.requests")


def refusal(problem: ProblemError, path: str = "") -> bytes:
    """Return a whole response with a problem document that ends the connection, and log it as a request."""
    scope: dict[str, Any] = {"type": "http", "path": path, "request_id": new_request_id()}
    response = problem_response(Request(scope), problem)
    fields = {
        "request_id": scope["request_id"],
        "status": response.status_code,
        "error_code": scope["error_code"],
        "reason": problem.detail,
    }
    _log.info("request", extra={"fields": fields})
    headers = b"".join(b"%s: %s\r\n" % header for header in (*response.raw_headers, NO_SNIFFING))
    return b"%sconnection: close\r\n%s\r\n%s" % (STATUS_LINE[response.status_code], headers, response.body)
