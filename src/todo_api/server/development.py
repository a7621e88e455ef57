"""The files that the development mode creates: a directory for the database, and a secret with mode 0600."""

import os
import secrets
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from todo_api.settings import Settings, data_path


def prepare_directory(settings: Settings) -> None:
    """Make the directory of the default database; raise ValueError if one that was chosen is not there."""
    if settings.database_url is None:
        data_path("").mkdir(mode=0o700, parents=True, exist_ok=True)
    elif settings.sqlite_path and not settings.sqlite_path.parent.is_dir():
        raise ValueError(f"there is no directory {settings.sqlite_path.parent}")


def development_secret(settings: Settings) -> str:
    """Return the secret that is kept beside the embedded database, with mode 0600; make it if there is none.

    Processes that call this at the same time get the same secret. Raises OSError.
    """
    path = Path(f"{settings.sqlite_path or data_path('postgresql')}.secret")
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # A temporary file has mode 0600; linked when it is complete, it is never seen without its content.
        with NamedTemporaryFile("w", dir=path.parent, encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48))
            file.flush()
            with suppress(FileExistsError):
                os.link(file.name, path)
    return path.read_text(encoding="ascii")
