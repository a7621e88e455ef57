"""Addresses in settings: of the database, of Better Auth, and of the server itself."""

import re
from ipaddress import ip_address
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

_SQLITE_FILE: Final = re.compile(r"[/\\].*[^/\\]\Z|\.(?:sqlite3?|db)\Z", re.IGNORECASE)
_BASE_URL: Final = re.compile(r"https?://(?:\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]+)?(?:/[!-~]*)?", re.IGNORECASE)
_OWN_PATH: Final = re.compile(
    r"(?!/(?:api|calendar|docs|redoc|health|openapi\.json)(?:/|\Z))(?:/[\w~-][\w.~-]*)+", re.ASCII
)
_DEFAULT_PORTS: Final = {"http": ":80", "https": ":443"}


def sqlite_path_of(address: str) -> Path | None:
    """Return the path if the address is that of an SQLite file, else None. Raises ValueError."""
    text = address.strip().strip("'\"")
    is_url = re.match(r"sqlite(?:\+\w+)?:|file:", text, re.IGNORECASE)
    if not is_url and (re.search(r"://|@|\A\w+\s*=", text) or not _SQLITE_FILE.search(text)):
        return None
    path = re.sub(r"\Asqlite(?:\+\w+)?:///", "", text, flags=re.IGNORECASE)
    if not path or path == ":memory:" or (is_url and path == text):
        raise ValueError("an SQLite database must be a file: sqlite:/// and its path")
    if "?" in path:
        raise ValueError("an SQLite address must not have parameters: remove the ? and everything after it")
    return Path(path).expanduser().absolute()


def accept_base_url(url: str) -> str:
    """Return the URL. Raises ValueError if it can't be fetched, or has a part that is secret or ignored."""
    parts = urlsplit(url)
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not contain a user or a password")
    if parts.query or parts.fragment:
        raise ValueError("must be a URL without a query or a fragment")
    if not _BASE_URL.fullmatch(url) or parts.port == 0:  # a port above 65535 raises too
        raise ValueError("must be a URL in ASCII, such as https://auth.example.org")
    return url


def accept_endpoint(url: str) -> str:
    """Return the URL of an endpoint of this server beside its API, as clients write it. Raises ValueError."""
    path = urlsplit(accept_base_url(url)).path
    if not _OWN_PATH.fullmatch(path):
        raise ValueError(
            "must have a path that the API does not have, and no slash at its end, such as https://tasks.example.org/mcp"
        )
    return origin_of(url) + path


def better_auth_endpoints(base_url: str) -> str:
    """Return the base URL of the endpoints of Better Auth."""
    base = base_url.rstrip("/")
    return base if urlsplit(base).path else f"{base}/api/auth"


def origin_of(url: str) -> str:
    """Return the origin of a URL as Better Auth writes it in tokens: in lower case, without a default port."""
    scheme, host, *_ = urlsplit(url)
    return f"{scheme}://{host.lower().removesuffix(_DEFAULT_PORTS.get(scheme, ''))}"


def hosts_of(url: str) -> frozenset[str]:
    """Return what a client may send as `Host` for a URL, in lower case: with or without a default port."""
    scheme, _, host = origin_of(url).partition("://")
    return frozenset({host, host + _DEFAULT_PORTS[scheme]})


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach an address."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
