"""The notifications of systemd."""

import socket
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from todo_api.server.systemd import READY, SOCKET, notify

KINDS = ["path", pytest.param("abstract", marks=pytest.mark.skipif(sys.platform != "linux", reason="only on Linux"))]


@pytest.mark.parametrize("kind", KINDS)
def test_a_state_is_sent_to_the_socket_that_the_environment_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    address = str(tmp_path / "notify") if kind == "path" else f"@{uuid4()}"
    monkeypatch.setenv(SOCKET, address)

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(address.replace("@", "\0"))
        notify(READY)

        assert manager.recv(100, socket.MSG_DONTWAIT) == b"READY=1"


def test_a_missing_service_manager_is_not_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SOCKET, raising=False)
    notify(READY)
    monkeypatch.setenv(SOCKET, str(tmp_path / "nobody"))
    notify(READY)
