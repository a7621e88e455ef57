"""Why a database can't be reached, in words that an operator can act on."""

import re
from enum import StrEnum
from typing import Final

import psycopg


class Cause(StrEnum):
    """Why a connection failed. The text is for operators, `kind` for their programs."""

    PASSWORD = "the user name or the password is wrong"  # noqa: S105 - a message
    CHANNEL_BINDING = "channel binding is required, but this server or connection does not support it"
    CERTIFICATE = "the server's certificate is not trusted: check sslmode and sslrootcert"
    NO_TLS = "the server does not support TLS, which sslmode requires"
    REFUSED = "the server refuses this user or address, or requires TLS"
    UNKNOWN_USER = "the user does not exist"
    UNKNOWN_DATABASE = "the database does not exist"
    UNKNOWN_HOST = "the host name is unknown"
    NOTHING_LISTENS = "nothing listens at this host and port"
    NOT_WRITABLE = "no host accepts writes, as target_session_attrs requires"
    STANDBY = "the server is a standby"
    NOT_RUNNING = "the server is starting or stopping"
    NO_FREE_CONNECTION = "the server has no free connection"
    NO_RESPONSE = "the server did not respond in time"

    @property
    def kind(self) -> str:
        """The name of the cause for programs, see StorageUnavailable."""
        return self.name.lower()


# The first match counts. libpq has no codes for most of these.
_PATTERNS: Final = tuple(
    (re.compile(pattern, re.IGNORECASE), cause)
    for pattern, cause in (
        (r"password authentication failed|no password supplied|password is", Cause.PASSWORD),
        (r"channel binding", Cause.CHANNEL_BINDING),
        (r"certificate|sslrootcert", Cause.CERTIFICATE),
        (r"does not support SSL", Cause.NO_TLS),
        (r"pg_hba\.conf", Cause.REFUSED),
        (r'role "[^"]*" does not exist', Cause.UNKNOWN_USER),
        (r'database "[^"]*" does not exist', Cause.UNKNOWN_DATABASE),
        (r"could not translate host name|failed to resolve|name or service not known", Cause.UNKNOWN_HOST),
        (r"connection refused|no such file", Cause.NOTHING_LISTENS),
        (r"read-only|hot standby", Cause.NOT_WRITABLE),
        (r"is a standby", Cause.STANDBY),
        (r"starting up|shutting down|recovery", Cause.NOT_RUNNING),
        (r"too many (?:clients|connections)|no more connections|remaining connection slots", Cause.NO_FREE_CONNECTION),
        (r"timeout|timed out", Cause.NO_RESPONSE),
    )
)
_LASTING: Final = frozenset(
    {
        Cause.PASSWORD,
        Cause.CHANNEL_BINDING,
        Cause.CERTIFICATE,
        Cause.NO_TLS,
        Cause.REFUSED,
        Cause.UNKNOWN_USER,
        Cause.UNKNOWN_DATABASE,
    }
)


def cause_of(error: BaseException) -> Cause | None:
    """Return the cause of a failed connection, or None if it is unknown.

    The text of the error is not repeated: it can contain parts of an address.
    """
    if isinstance(error, TimeoutError | psycopg.errors.ConnectionTimeout):
        return Cause.NO_RESPONSE
    text = str(error)
    return next((cause for pattern, cause in _PATTERNS if pattern.search(text)), None)


def is_lasting(error: BaseException | None) -> bool:
    """Return whether a connection failed for a cause that only an operator ends: a wrong address, or a refusal."""
    return error is not None and cause_of(error) in _LASTING
