"""The official client of Python, in both versions of the protocol."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client

from tests.integration.mcp.assistant import NEW, OLD, VERSIONS, Assistant
from todo_mcp.tools import TOOLS

SNAPSHOT = Path(__file__).with_name("tools.json")
MAX_LISTED = 12_000


def run(assistant: Assistant, version: str, use: Callable[[Client], Awaitable[Any]]) -> Any:
    """Return what a client returns that speaks this version; it connects by itself with the newer one."""

    async def connect() -> Any:
        async with httpx2.AsyncClient(headers=assistant.headers, timeout=30) as http:
            transport = streamable_http_client(assistant.url, http_client=http)
            async with Client(transport, mode="legacy" if version == OLD else "auto") as client:
                assert client.protocol_version == version
                return await use(client)

    return asyncio.run(connect())


@pytest.mark.parametrize("version", VERSIONS)
def test_the_official_client_calls_every_tool(alice: Assistant, version: str) -> None:
    alice.api.post("/projects", json={"name": "Household"})

    async def use(client: Client) -> set[str]:
        called = set()

        async def call(tool: str, **arguments: Any) -> Any:
            # The client checks each result against the schema of the tool.
            result = await client.call_tool(tool, arguments)
            assert not result.is_error, result.content
            assert json.loads(result.content[0].text) == result.structured_content  # type: ignore[union-attr]
            called.add(tool)
            return result.structured_content

        (project,) = (await call("list_projects"))["projects"]
        added = await call("add_tasks", key="k", tasks=[{"title": "a", "project_id": project["id"]}, {"title": "b"}])
        first, second = added["tasks"]
        assert (await call("get_changes"))["has_more"] is False
        (first,) = (await call("update_tasks", tasks=[{**first, "title": "c"}]))["tasks"]
        await call("complete_tasks", ids=[second["id"]])
        await call("delete_tasks", tasks=[first])
        await call("restore_tasks", ids=[first["id"]])
        found = await call("find_tasks", complete=False)
        assert [task["title"] for task in found["tasks"]] == ["c"]
        return called

    assert run(alice, version, use) == TOOLS.keys()


@pytest.mark.parametrize("version", VERSIONS)
def test_the_official_client_reads_why_a_call_was_refused(alice: Assistant, version: str) -> None:
    result = run(alice, version, lambda client: client.call_tool("find_tasks", {"user_id": "bob"}))

    assert (result.is_error, result.structured_content) == (True, None)
    assert result.content[0].text.startswith("user_id is not known; the names are q, complete,")


def test_an_assistant_reads_less_than_12000_characters_about_the_tools(alice: Assistant) -> None:
    """After a change of the tools: remove the file, and this test writes it anew."""
    listed = {version: alice.message("tools/list", version=version).json()["result"]["tools"] for version in VERSIONS}

    text = json.dumps(listed[NEW], indent=1) + "\n"
    if not SNAPSHOT.exists():
        SNAPSHOT.write_text(text)

    assert listed[OLD] == listed[NEW]
    assert len(json.dumps(listed[NEW])) < MAX_LISTED
    assert text == SNAPSHOT.read_text()
