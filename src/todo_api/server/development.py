"""The files that development mode creates: a directory, and a secret that only its user can read."""

import os
import secrets
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from todo_api.settings import Settings, data_path


def prepare_directory(settings: Settings) -> None:
    """Create the directory of the default database; raise ValueError if that of a configured one is missing."""
    if settings.database_url is None:
        data_path("").mkdir(mode=0o700, parents=True, exist_ok=True)
    elif settings.sqlite_path and not settings.sqlite_path.parent.is_dir():
        raise ValueError(f"there is no directory {settings.sqlite_path.parent}")


def development_secret(settings: Settings) -> str:
    """Return the secret in the file beside the embedded database; create it (mode 0600) if it is missing.

    Processes that call this at the same time get the same secret. Raises OSError.
    """
    path = Path(f"{settings.sqlite_path or data_path('postgresql')}.secret")
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # A temporary file has mode 0600. It is linked when complete, so no process reads a partial secret.
        with NamedTemporaryFile("w", dir=path.parent, encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48))
            file.flush()
            with suppress(FileExistsError):
                os.link(file.name, path)
    return path.read_text(encoding="ascii")
