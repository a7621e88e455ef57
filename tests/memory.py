"""A folder in memory, where files are synced at once."""

import shutil
from pathlib import Path
from typing import Final

_FOLDER: Final = Path("/dev/shm")
_ENOUGH_BYTES: Final = 2 << 30

MEMORY: Final = _FOLDER if _FOLDER.is_dir() and shutil.disk_usage(_FOLDER).free > _ENOUGH_BYTES else None
"""The folder, if the system has one with enough room."""
