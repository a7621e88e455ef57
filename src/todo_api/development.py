"""The secret of the development mode: made once, kept for its user only."""

import os
import secrets

from todo_api.settings import Settings, data_path


def development_secret(settings: Settings) -> str:
    """Return the secret that is kept beside the embedded database, with mode 0600; make it if there is none."""
    database = settings.sqlite_path or data_path("tasks")
    path = database.with_name(database.name + ".secret")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(descriptor, "w") as file:
        file.write(secret := secrets.token_urlsafe(48))
    return secret
