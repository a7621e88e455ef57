"""The endpoint of the Model Context Protocol: the HTTP around `todo_mcp`."""

from collections.abc import Awaitable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from fastapi import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as AsgiScope

from todo_api.addresses import hosts_of, origin_of
from todo_api.http.authentication import bearer_token_of, container_of, use_cases_of
from todo_api.http.deadlines import PendingRequest
from todo_api.http.headers import header_lines
from todo_api.http.owner_route import is_failure_of_store
from todo_api.http.problems import (
    AUTH_FORBIDDEN,
    MISDIRECTED,
    ProblemError,
    error_response,
    malformed,
    method_not_allowed,
)
from todo_api.http.request_body import json_object, read_body
from todo_api.routes.resource_metadata import SCOPES, metadata_url
from todo_api.settings import Settings
from todo_domain import Scope, TodoError
from todo_mcp.messages import MessageRefused, read_message

if TYPE_CHECKING:
    from todo_mcp.server import McpServer

MAX_BODY_BYTES: Final = 512 * 1024
_JSON: Final = ("application/json",)
_OPERATIONS_PER_MESSAGE: Final = 50
"""A message costs the server as much as a GET and this number of operations: the SDK parses and checks it again."""


@dataclass(frozen=True, slots=True)
class _Route:
    """What the request log and the metrics call a route."""

    path: str


class McpEndpoint:
    """Serves POST at the path of TODO_MCP_URL, and gives all other requests to the app.

    It checks a request in this order: method, Host and Origin, token, limits, body, scope of the tool. A fault that the
    SDK would quote is refused before.
    """

    def __init__(self, app: ASGIApp, mcp: "McpServer", settings: Settings) -> None:
        url = settings.mcp_url or ""
        self._app = app
        self._mcp = mcp
        self._path = urlsplit(url).path
        self._hosts = hosts_of(url)
        self._origins = {origin_of(url), *settings.cors_origins}
        self._metadata = f', resource_metadata="{metadata_url(url)}"' if settings.assistants_issuer else ""

    def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve one request."""
        is_own = scope["type"] == "http" and scope["path"] == self._path
        return (self._serve if is_own else self._app)(scope, receive, send)

    async def _serve(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        scope["route"] = _Route(self._path)
        pending = PendingRequest(container_of(request).deadlines(), scope)
        try:
            try:
                response = await self._respond(request, pending)
            except (TodoError, ProblemError) as error:
                if is_failure_of_store(error) and not pending.is_read:
                    container_of(request).health().write_failed()
                response = self._refusal(request, error)
            await response(scope, receive, send)
        finally:
            pending.release()

    async def _respond(self, request: Request, pending: PendingRequest) -> Response:
        if request.method != "POST":
            raise method_not_allowed(["POST"])
        self._check_addresses(request)
        container = container_of(request)
        principal = request.scope["principal"] = await container.assistant_verifier().verify(bearer_token_of(request))
        tasks = await use_cases_of(request, principal, principal.user_id)
        principal.require(Scope.TASKS_READ)
        usage = container.user_limits().usage_of(principal.user_id)
        usage.charge_request()
        if not usage.try_begin_request():
            await usage.wait_to_begin(pending)
        pending.release = usage.end_request
        body = await pending.uncounted(read_body(request, _JSON, MAX_BODY_BYTES))
        usage.charge_bytes(len(body))
        try:
            message = read_message(json_object(body), request.headers.get("mcp-protocol-version"))
        except (ProblemError, MessageRefused) as refused:
            # Without the name of a repeated field, which is text of the caller.
            raise malformed(str(refused), "json_rpc") from None
        principal.require(message.scope)
        if message.tool:
            request.scope["route"] = _Route(f"{self._path}#{message.tool}")
        if message.is_notification:
            return Response(status_code=HTTPStatus.ACCEPTED)
        usage.charge_operations(_OPERATIONS_PER_MESSAGE)
        pending.is_read = message.scope is Scope.TASKS_READ
        with pending:
            reply = await self._mcp.respond(bytes(body), tasks, usage, request.scope, request.receive)
        return Response(reply.body, reply.status, {"Cache-Control": "no-store"}, "application/json")

    def _check_addresses(self, request: Request) -> None:
        """Refuse a foreign Host or Origin: a page of another site could make a browser send the request."""
        if request.headers.get("host", "").lower() not in self._hosts:
            raise ProblemError(MISDIRECTED, "Host must be that of TODO_MCP_URL")
        if not self._origins.issuperset(header_lines(request.scope, b"origin")) and "*" not in self._origins:
            raise ProblemError(AUTH_FORBIDDEN, "Origin must be one of TODO_CORS_ORIGINS")

    def _refusal(self, request: Request, error: TodoError | ProblemError) -> Response:
        """Return the response to an error. A challenge says which scopes a token needs, and where to get one."""
        response = error_response(request, error)
        if response.status_code == HTTPStatus.UNAUTHORIZED:
            response.headers["WWW-Authenticate"] += f', scope="{SCOPES}"'
        if "WWW-Authenticate" in response.headers:
            response.headers["WWW-Authenticate"] += self._metadata
        return response
