"""What worker processes do in tests. The module imports little, since each process imports it."""

import os
import signal
import time
from pathlib import Path


def die(status: int) -> None:
    """End at once with a status."""
    os._exit(status)


def ignore_sigterm(ready: Path) -> None:
    """Run until killed."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    ready.touch()
    while True:
        time.sleep(60)
