"""The response to an unexpected error."""

import asyncio
import logging
from typing import Final

from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from todo_api.http.problems import SERVER_STOPPING, UNEXPECTED, problem_response
from todo_api.server.uvicorn_connection import ABORT_CONNECTION
from todo_api.streaming.disconnect import wait_for_disconnect

_log: Final = logging.getLogger(__name__)


class ErrorMiddleware:
    """Logs an unexpected error with its traceback, and responds without a detail if no response has begun.

    A client that disconnects before its response begins is not an error, and gets no response.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        try:
            await self._app(scope, receive, send)
        except ClientDisconnect:
            scope.setdefault("error_code", "CLIENT_DISCONNECTED")
            abort = scope.get("state", {}).get(ABORT_CONNECTION)
            if abort and "status" not in scope:
                abort()  # it may be half-closed
                await wait_for_disconnect(receive)
        except asyncio.CancelledError:
            # The server has cut the connection, and cancels what is left.
            if scope.get("error_code") != SERVER_STOPPING.error_code:
                raise
        except Exception:
            if scope["type"] != "http":
                raise
            _log.exception("unexpected error", extra={"fields": {"request_id": scope["request_id"]}})
            scope["error_code"] = UNEXPECTED.problem_type.error_code
            if "status" not in scope:
                await problem_response(Request(scope), UNEXPECTED)(scope, receive, send)
