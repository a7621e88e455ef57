"""The queue of connections that wait to be accepted."""

import socket
from contextlib import ExitStack
from pathlib import Path

from tests.integration.server import settings_for
from todo_api.server.serving import listen


def test_200_connections_that_open_at_once_wait_to_be_accepted(tmp_path: Path) -> None:
    with ExitStack() as stack:
        listener = stack.enter_context(listen(settings_for(tmp_path / "tasks.db", port=0)))

        for _ in range(200):
            stack.enter_context(socket.create_connection(listener.getsockname(), timeout=0.5))
