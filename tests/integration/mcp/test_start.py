"""The start of a server without the endpoint for assistants, or without its packages."""

import subprocess
import sys

import pytest

from tests.integration.server import settings_for
from todo_api.container import assemble
from todo_api.settings import WrongSetting

_START = """
import sys
from todo_api.app import create_app
import todo_api.cli.main
from todo_api.container import assemble
from todo_api.settings import Settings

secret = "an-example-of-a-secret-with-enough-bytes"
settings = Settings(_env_file=None, database_url="never-opened.sqlite3", better_auth_secret=secret)
create_app(assemble(settings)).build_middleware_stack()
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


def test_a_server_without_the_endpoint_loads_nothing_of_it() -> None:
    started = subprocess.run([sys.executable, "-c", _START], capture_output=True, text=True, check=True)

    loaded = set(started.stdout.split())
    assert "todo_api" in loaded
    assert not loaded & {"todo_mcp", "mcp", "mcp_types", "httpx2", "sse_starlette"}


def test_the_endpoint_without_the_extra_is_refused_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "todo_mcp.server", raising=False)
    monkeypatch.setitem(sys.modules, "mcp.server.caching", None)
    settings = settings_for("never-opened.sqlite3", mcp_url="http://tasks.example/mcp")

    with pytest.raises(WrongSetting, match=r"TODO_MCP_URL needs .*: install todo-backend\[api,mcp\]"):
        assemble(settings)
