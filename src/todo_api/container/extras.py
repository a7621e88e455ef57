"""What needs the packages of an extra: OpenTelemetry, and the SDK of the Model Context Protocol.

They are imported only if a setting needs them, because the import takes a large part of the start time.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING

from todo_api.settings import Settings, WrongSetting

if TYPE_CHECKING:
    from todo_api.tracing.export import Tracing
    from todo_mcp.server import McpServer


def new_tracing(settings: Settings) -> "Tracing | None":
    """Return the export of spans, None if it is off. Raises WrongSetting without the extra."""
    if not settings.otel_exporter_otlp_endpoint:
        return None
    with _extra("otel", "OTEL_EXPORTER_OTLP_ENDPOINT"):
        from todo_api.tracing.export import Tracing  # noqa: PLC0415 - see the module
    return Tracing(settings.otel_exporter_otlp_endpoint)


def new_mcp_server(settings: Settings) -> "McpServer | None":
    """Return the server of tools for assistants, None if it is off. Raises WrongSetting without the extra."""
    if not settings.mcp_url:
        return None
    with _extra("mcp", "TODO_MCP_URL"):
        from todo_mcp.server import McpServer  # noqa: PLC0415 - see the module
    return McpServer(version("todo-backend"))


@contextmanager
def _extra(name: str, setting: str) -> Iterator[None]:
    """Say which setting needs the packages of an extra, if they are not installed."""
    try:
        yield
    except ModuleNotFoundError as missing:
        message = f"{setting} needs the package {missing.name}: install todo-backend[api,{name}]"
        raise WrongSetting(message) from missing
