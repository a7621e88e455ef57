"""The reason of an error response, for the request log."""

from errno import errorcode

from todo_domain import StorageOverloaded, TokenRejected


def reason_of(error: Exception) -> str | None:
    """Return the reason, without data of users; None if the error itself says everything."""
    cause = error.__cause__
    for rejected in (error, cause):
        if isinstance(rejected, TokenRejected):
            return rejected.reason
    if cause is None:
        return str(error) if isinstance(error, StorageOverloaded) else None
    # The message of a database error may contain data of users.
    code = getattr(cause, "sqlstate", None) or getattr(cause, "sqlite_errorname", "")
    if isinstance(cause, OSError) and cause.errno:
        code = errorcode.get(cause.errno, "")
    return f"{type(cause).__name__} {code}".rstrip()
