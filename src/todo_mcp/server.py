"""The tools behind the SDK of the Model Context Protocol. No other module imports the SDK."""

import json
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Self

from mcp.server.caching import CacheHint
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.shared.exceptions import MCPError
from mcp.types import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    Tool,
    ToolAnnotations,
)
from pydantic import ValidationError
from starlette.types import Message, Receive, Scope

from todo_domain import TaskUseCases
from todo_mcp.arguments import ArgumentsRefused
from todo_mcp.calls import Work
from todo_mcp.tools import INSTRUCTIONS, TOOLS

_CALLER: Final = "todo_mcp.caller"
_HOUR_MS: Final = 3_600_000

_Context = ServerRequestContext[Any, Any]


class Reply(NamedTuple):
    """The response to a message."""

    status: int
    body: bytes


@dataclass(slots=True)
class _Caller:
    """Who sent a message; and the error that is not about the message, which the SDK must not report."""

    tasks: TaskUseCases
    work: Work
    error: Exception | None = None


class McpServer:
    """Responds to messages of the protocol's versions 2026-07-28 and 2025-11-25, and older ones with streamable HTTP.

    It keeps nothing between two messages. It is an async context manager.
    """

    def __init__(self, version: str) -> None:
        self._server = Server(
            "todo-backend",
            version=version,
            title="Tasks",
            instructions=INSTRUCTIONS,
            cache_hints={
                "tools/list": CacheHint(_HOUR_MS, "public"),
                "server/discover": CacheHint(_HOUR_MS, "public"),
            },
            # No header repeats an argument. Otherwise the SDK lists all tools at every call, to find that out.
            get_tool_input_schema=lambda _: None,
            on_list_tools=_list_tools,
            on_call_tool=_call_tool,
        )
        self._server.middleware[:] = [_without_echo]

    async def __aenter__(self) -> Self:
        """Begin to serve."""
        self._stack = AsyncExitStack()
        # A manager can run only once.
        self._manager = StreamableHTTPSessionManager(self._server, json_response=True, stateless=True)
        await self._stack.enter_async_context(self._manager.run())
        return self

    async def __aexit__(self, *exception: object) -> None:
        """Cancel what is left."""
        await self._stack.aclose()

    async def respond(self, body: bytes, tasks: TaskUseCases, work: Work, scope: Scope, receive: Receive) -> Reply:
        """Return the response to a message that `read_message` has accepted.

        Raises errors of the domain and unexpected ones, but none that the assistant can correct.
        """
        caller = _Caller(tasks, work)
        exchange = _Exchange(body, receive)
        await self._manager.handle_request({**scope, _CALLER: caller}, exchange.receive, exchange.send)
        if caller.error:
            raise caller.error
        return Reply(exchange.status, bytes(exchange.response))


class _Exchange:
    """Gives the SDK a body that was read before, and keeps its response."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._body: bytes | None = body
        self._receive = receive
        self.status = 0
        self.response = bytearray()

    async def receive(self) -> Message:
        """Return the whole body, then the messages after it."""
        if self._body is None:
            return await self._receive()
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(self, message: Message) -> None:
        """Keep a part of the response."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
        else:
            self.response += message.get("body", b"")


def _caller_of(context: _Context) -> _Caller:
    assert context.request is not None  # noqa: S101 - for the type checker
    caller: _Caller = context.request.scope[_CALLER]
    return caller


async def _without_echo(ctx: _Context, call_next: CallNext) -> HandlerResult:
    """Replace what the SDK would send of the message or of an unexpected error."""
    try:
        return await call_next(ctx)
    except MCPError as refused:
        raise MCPError(refused.code, refused.message) from None
    except ValidationError:
        raise MCPError(INVALID_PARAMS, "the params do not have the form that the method requires") from None
    except Exception as error:  # noqa: BLE001 - `respond` raises it
        _caller_of(ctx).error = error
        raise MCPError(INTERNAL_ERROR, "unexpected error") from None


async def _list_tools(_: _Context, __: PaginatedRequestParams | None) -> ListToolsResult:
    return _LISTED


async def _call_tool(context: _Context, params: CallToolRequestParams) -> CallToolResult:
    tool = TOOLS.get(params.name)
    if tool is None:
        raise MCPError(INVALID_PARAMS, f"there is no such tool; the tools are {', '.join(TOOLS)}")
    caller = _caller_of(context)
    try:
        result = await tool(caller.tasks, caller.work, params.arguments or {})
    except ArgumentsRefused as refused:
        return CallToolResult(content=[TextContent(text=str(refused))], is_error=True)
    text = json.dumps(result, ensure_ascii=False, separators=(",", ":"))
    return CallToolResult(content=[TextContent(text=text)], structured_content=result)


def _listed() -> list[Tool]:
    return [
        Tool(
            name=name,
            title=tool.title,
            description=tool.description,
            input_schema=tool.arguments,
            output_schema=tool.result,
            annotations=ToolAnnotations(
                title=tool.title,
                read_only_hint=tool.is_read_only,
                destructive_hint=tool.is_destructive,
                # By the specification, it says nothing about a tool that only reads.
                idempotent_hint=None if tool.is_read_only else True,
                open_world_hint=False,
            ),
        )
        for name, tool in TOOLS.items()
    ]


_LISTED: Final = ListToolsResult(tools=_listed())
