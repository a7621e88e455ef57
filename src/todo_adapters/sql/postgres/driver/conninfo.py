"""Read the address of a PostgreSQL database with libpq's parser, in the forms that consoles and tutorials print.

No message repeats any part of an address that could belong to a password.
"""

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote

import psycopg
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict, make_conninfo

# A silent server is noticed after 5 s while data is unacknowledged, and after 9 s otherwise.
_DEFAULTS: Final[dict[str, Any]] = {
    "connect_timeout": 4,  # per host
    "tcp_user_timeout": 5000,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 2,
}
# The shortest that libpq has: a deadline of 5 s must be enough to find the third host.
_TIMEOUT_OF_SEVERAL_HOSTS: Final = 2
_SCHEME: Final = re.compile(r"postgres(?:ql)?(?:\+\w+)?://", re.IGNORECASE)
_KEYWORD: Final = re.compile(r"\w+\s*=")
_PARAMETER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,40}")
_PASSWORDS: Final = ("password", "sslpassword")
_MAX_PORT: Final = 65535
_NUMBERS: Final = ("connect_timeout", "tcp_user_timeout", "keepalives_idle", "keepalives_interval", "keepalives_count")
_CHOICES: Final = {
    "sslmode": ("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
    "channel_binding": ("disable", "prefer", "require"),
    "target_session_attrs": ("any", "read-write", "read-only", "primary", "standby", "prefer-standby"),
}


def conninfo_of(address: str) -> str:
    """Return libpq's form of an address, with timeouts where it names none.

    An address is a URL that begins with `postgres://`, `postgresql://` or
    `postgresql+driver://`, with one or several hosts, or libpq's `host=… dbname=…`; it may
    be quoted, and may follow `psql`. Raises ValueError, which names the parameter that is
    unknown or has a wrong value.
    """
    parts = _parse(address)
    if "," in str(parts.get("host")):
        parts.setdefault("connect_timeout", _TIMEOUT_OF_SEVERAL_HOSTS)
    return make_conninfo("", **{**_DEFAULTS, **parts})


def is_neon_pooler(address: str) -> bool:
    """Return whether the host is one of Neon's poolers, which keep prepared statements."""
    host = str(_parse(address).get("host"))
    return host.partition(".")[0].endswith("-pooler")


def public_part_of(address: str) -> str:
    """Return the hosts and the database of an address, without user, password and parameters."""
    parts = _parse(address)
    hosts, ports = (str(parts.get(name) or "").split(",") for name in ("host", "port"))
    if len(ports) < len(hosts):
        ports = ports[:1] * len(hosts)
    shown = [f"[{host}]" if ":" in host else host for host in hosts]
    places = [f"{host}:{port}" if port else host for host, port in zip(shown, ports, strict=False)]
    return f"postgresql://{','.join(places)}/{parts.get('dbname') or ''}"


def _parse(address: str) -> dict[str, Any]:
    text = _unwrapped(address)
    if scheme := _SCHEME.match(text):
        text = f"postgresql://{text[scheme.end() :]}"
        _check_url(text)
    elif not _KEYWORD.match(text):
        raise ValueError(
            "must begin with postgresql:// or postgres://, or be the path of an SQLite file: "
            "with sqlite:/// before it, or with the ending .sqlite3, .sqlite or .db"
        )
    try:
        parts = conninfo_to_dict(text)
    except psycopg.ProgrammingError:
        raise ValueError("is not an address that PostgreSQL can read") from None
    for port in str(parts.get("port") or "").split(","):
        if port and not (port.isascii() and port.isdecimal() and 0 < int(port) <= _MAX_PORT):
            raise ValueError(f"the port must be a number from 1 to {_MAX_PORT}")
    _check_values(parts)
    return parts


def _unwrapped(address: str) -> str:
    """Return the address without white space, a leading `psql` and quotes around it."""
    text = re.sub(r"\Apsql\s+", "", address.strip())
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        text = text[1:-1].strip()
    return text


def _check_url(url: str) -> None:
    """Refuse what libpq would misread, or would refuse without naming it."""
    before, _, _ = url.removeprefix("postgresql://").rpartition("@")
    if re.search(r"[/?#\[\]@]", before):
        raise ValueError("the characters / ? # [ ] @ in a user name or a password must be percent-encoded")
    known = {option.keyword.decode() for option in pq.Conninfo.get_defaults()} | {"ssl"}
    follows_password = False
    for parameter in filter(None, url.partition("?")[2].split("&")):
        name = unquote(parameter.partition("=")[0])
        if name not in known:
            # After a password, the name can be the rest of it: a password may contain "&".
            shown = name if _PARAMETER.fullmatch(name) and not follows_password else "of this name"
            raise ValueError(f"PostgreSQL has no parameter {shown}: remove it")
        follows_password |= name in _PASSWORDS


def _check_values(parts: Mapping[str, Any]) -> None:
    """Refuse values that libpq would refuse only when it connects, as if the server could not be reached."""
    for name in _NUMBERS:
        if not re.fullmatch(r"\s*[-+]?[0-9]{1,9}\s*", str(parts.get(name, 0)), re.ASCII):
            raise ValueError(f"{name} must be a whole number")
    for name, choices in _CHOICES.items():
        if parts.get(name, choices[0]) not in choices:
            raise ValueError(f"{name} must be {', '.join(choices[:-1])} or {choices[-1]}")
