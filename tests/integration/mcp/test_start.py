"""The start of a server with the endpoint for assistants, but without its packages."""

import sys

import pytest

from tests.integration.server import settings_for
from todo_api.container import assemble
from todo_api.settings import WrongSetting


def test_the_endpoint_without_the_extra_is_refused_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "todo_mcp.server", raising=False)
    monkeypatch.setitem(sys.modules, "mcp.server.caching", None)
    settings = settings_for("never-opened.sqlite3", mcp_url="http://tasks.example/mcp")

    with pytest.raises(WrongSetting, match=r"TODO_MCP_URL needs .*: install todo-backend\[api,mcp\]"):
        assemble(settings)
