"""What systemd is told about the server, in a unit with `Type=notify`."""

import os
import socket
from contextlib import suppress
from typing import Final

READY: Final = "READY=1"
STOPPING: Final = "STOPPING=1"
SOCKET: Final = "NOTIFY_SOCKET"


def notify(state: str) -> None:
    """Send a state to the service manager that started this process, if it asked for that (sd_notify(3))."""
    address = os.environ.get(SOCKET, "")
    if not address:
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.sendto(state.encode(), f"\0{address[1:]}" if address.startswith("@") else address)
