"""Why a database can't be reached, in words that an operator can act on."""

import re
from typing import Final

import psycopg

NO_FREE_CONNECTION: Final = "the server has no free connection"

# The first match counts. libpq has no codes for most of these.
_CAUSES: Final = tuple(
    (re.compile(pattern, re.IGNORECASE), cause)
    for pattern, cause in (
        (r"password authentication failed|no password supplied|password is", "the user name or the password is wrong"),
        (r"channel binding", "channel binding is required, but this server or connection does not support it"),
        (r"certificate|sslrootcert", "the server's certificate is not trusted: check sslmode and sslrootcert"),
        (r"does not support SSL", "the server does not support TLS, which sslmode requires"),
        (r"no pg_hba.conf entry|no encryption", "the server refuses this user or address, or requires TLS"),
        (r'role "[^"]*" does not exist', "the user does not exist"),
        (r'database "[^"]*" does not exist', "the database does not exist"),
        (r"could not translate host name|failed to resolve|name or service not known", "the host name is unknown"),
        (r"connection refused|no such file", "nothing listens at this host and port"),
        (r"read-only|hot standby", "no host accepts writes, as target_session_attrs requires"),
        (r"is a standby", "the server is a standby"),
        (r"starting up|shutting down|recovery", "the server is starting or stopping"),
        (r"too many (?:clients|connections)|no more connections|remaining connection slots", NO_FREE_CONNECTION),
        (r"timeout|timed out", "the server did not respond in time"),
    )
)
_LASTING: Final = frozenset(
    {
        "the user name or the password is wrong",
        "channel binding is required, but this server or connection does not support it",
        "the server's certificate is not trusted: check sslmode and sslrootcert",
        "the server does not support TLS, which sslmode requires",
        "the server refuses this user or address, or requires TLS",
        "the user does not exist",
        "the database does not exist",
    }
)


def cause_of(error: BaseException) -> str | None:
    """Return the cause of a failed connection, or None if it is unknown.

    The text of the error is not repeated: it can contain parts of an address.
    """
    if isinstance(error, TimeoutError | psycopg.errors.ConnectionTimeout):
        return "the server did not respond in time"
    text = str(error)
    return next((cause for pattern, cause in _CAUSES if pattern.search(text)), None)


def is_lasting(error: BaseException | None) -> bool:
    """Return whether a connection failed for a cause that only an operator ends: a wrong address, or a refusal."""
    return error is not None and cause_of(error) in _LASTING
