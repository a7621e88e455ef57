"""An assistant that sends messages over HTTP, without the SDK."""

from itertools import count
from typing import Any, Final, Self

import httpx

from tests.integration.server import Server, new_user

HOST: Final = "tasks.example"
"""Not the address of the server: a proxy in front of it would pass this on."""
OLD, NEW = VERSIONS = ("2025-11-25", "2026-07-28")


class Assistant:
    """The assistant of a new user, whose token has these scopes."""

    def __init__(self, server: Server, *scopes: str) -> None:
        self.user_id = new_user()
        self.url = f"{server.url}/mcp"
        self.api = server.client(self.user_id)
        self._ids = count(1)
        created = self.api.post("/access-tokens", json={"name": "a", "scopes": scopes or ["tasks:write"]}).json()
        self.token_id, self.token = created["id"], created["token"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.api.close()

    @property
    def headers(self) -> dict[str, str]:
        """The headers of every request."""
        authorization = f"Bearer {self.token}" if self.token else ""
        return {"Host": HOST, "Authorization": authorization, "Accept": "application/json, text/event-stream"}

    def send(self, method: str = "POST", headers: dict[str, str] | None = None, **request: Any) -> httpx.Response:
        """Send a request to the endpoint."""
        return self.api.request(method, self.url, headers=self.headers | (headers or {}), **request)

    def message(
        self, method: str, params: dict[str, Any] | None = None, version: str = NEW, **request: Any
    ) -> httpx.Response:
        """Send a message in the old version, or in the form of the new one."""
        headers = {"MCP-Protocol-Version": version}
        params = dict(params or {})
        if version != OLD:
            headers |= {"Mcp-Method": method} | ({"Mcp-Name": str(params["name"])} if "name" in params else {})
            params["_meta"] = {
                "io.modelcontextprotocol/protocolVersion": version,
                "io.modelcontextprotocol/clientCapabilities": {},
            }
        message = {"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": params}
        return self.send(headers=headers, json=message, **request)

    def call(self, tool: str, version: str = NEW, **arguments: Any) -> dict[str, Any]:
        """Call a tool, and return the result of the call."""
        response = self.message("tools/call", {"name": tool, "arguments": arguments}, version)
        assert response.status_code == 200, response.text
        result: dict[str, Any] = response.json()["result"]
        return result
