"""Check a JSON-RPC message before the SDK reads it, whose errors quote the message."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from todo_domain import Scope
from todo_domain.rules import MAX_ID
from todo_mcp.tools import TOOLS

MAX_REQUEST_ID_LENGTH: Final = 128
_VERSION: Final = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")


class MessageRefused(Exception):
    """Raised for a message that is not one of the protocol. The text contains nothing of the message."""


@dataclass(frozen=True, slots=True)
class ClientMessage:
    """A request or a notification of a client; `tool` is the name of a known tool that it calls."""

    tool: str | None
    is_notification: bool

    @property
    def scope(self) -> Scope:
        """The scope that the request requires."""
        return TOOLS[self.tool].scope if self.tool else Scope.TASKS_READ


def read_message(content: Mapping[str, Any], version: str | None) -> ClientMessage:
    """Return what a message is, whose protocol version is in a header. Raises MessageRefused."""
    if version is not None and not _VERSION.fullmatch(version):
        raise MessageRefused("MCP-Protocol-Version must be a version of the protocol, such as 2026-07-28")
    is_response = "result" in content or "error" in content
    if content.get("jsonrpc") != "2.0" or not isinstance(content.get("method"), str) or is_response:
        raise MessageRefused("the body must be a JSON-RPC 2.0 request or notification")
    params = content.get("params", {})
    if not isinstance(params, dict):
        raise MessageRefused("params must be an object")
    if "id" in content and not _is_request_id(content["id"]):
        raise MessageRefused(f"id must be an integer or up to {MAX_REQUEST_ID_LENGTH} printable characters")
    name = params.get("name") if content["method"] == "tools/call" else None
    return ClientMessage(name if isinstance(name, str) and name in TOOLS else None, "id" not in content)


def _is_request_id(value: object) -> bool:
    if isinstance(value, str):
        return len(value) <= MAX_REQUEST_ID_LENGTH and value.isprintable()
    return type(value) is int and abs(value) <= MAX_ID
