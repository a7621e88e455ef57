"""Check origins of web pages, and convert them to the form that browsers send in `Origin` (RFC 6454 §6.2)."""

import re
from collections.abc import Iterable
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final

_FORM: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#\\]*)(.*)", re.DOTALL)
_AUTHORITY: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:@\[\]]*)(?::([0-9]{1,5}))?")
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_LABEL: Final = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_DOMAIN: Final = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*\.?")
_NUMBER: Final = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)\.?")
_OTHER_HOST: Final = re.compile(r"[A-Za-z0-9._~-]+")
_LAST_PORT: Final = 65535
# Pages never have these schemes, or browsers send their origin as `null`.
_NEVER_SENT: Final = frozenset({"about", "blob", "data", "file", "ftp", "javascript", "ws", "wss"})


def serialized_origins(origins: Iterable[str]) -> tuple[str, ...]:
    """Return each origin once, in the form that a browser sends; `*` alone means all origins.

    Raises ValueError, which names the first origin that no browser would send, and why.
    """
    given = tuple(origins)
    if given == ("*",):
        return given
    serialized: dict[str, None] = {}
    for number, origin in enumerate(given, start=1):
        try:
            serialized[_serialized(origin)] = None
        except ValueError as fault:
            raise ValueError(f"origin {number} {fault}") from None
    return tuple(serialized)


def _serialized(origin: str) -> str:
    if "*" in origin:
        raise ValueError("must not contain *; only * alone means all origins")
    if origin == "null":
        raise ValueError("must not be null, which any page can send")
    form = _FORM.fullmatch(origin)
    if not form:
        raise ValueError("must begin with a scheme, such as https://")
    scheme, authority, rest = form[1].lower(), form[2], form[3]
    if scheme in _NEVER_SENT:
        raise ValueError("must not have this scheme, which no browser sends as an origin")
    if rest not in {"", "/"}:
        raise ValueError("must end after the host and port, without a path, query or fragment")
    if "@" in authority:
        raise ValueError("must not have a user name or password")
    parts = _AUTHORITY.fullmatch(authority)
    if not parts:
        raise ValueError("must have a host and, if it is not the default, a port")
    host = _web_host(parts[1]) if scheme in _DEFAULT_PORTS else _other_host(parts[1])
    return f"{scheme}://{host}{_port(scheme, parts[2])}"


def _port(scheme: str, digits: str | None) -> str:
    if digits is None or int(digits) == _DEFAULT_PORTS.get(scheme):
        return ""
    if int(digits) > _LAST_PORT:
        raise ValueError(f"must have a port up to {_LAST_PORT}")
    return f":{int(digits)}"


def _web_host(text: str) -> str:
    host = text.lower()
    if host.startswith("[") or _NUMBER.fullmatch(host):
        return _address(host)
    if not host.isascii():
        raise ValueError("must have its host in ASCII, as browsers send it, such as xn--bcher-kva.example")
    if not _DOMAIN.fullmatch(host):
        raise ValueError("must have a host, such as app.example.org")
    return host


def _address(host: str) -> str:
    try:
        address = IPv6Address(host[1:-1]) if host.startswith("[") else IPv4Address(host)
    except AddressValueError:
        address = None
    # Python versions serialize an IPv4 address within an IPv6 address differently.
    if address is None or getattr(address, "ipv4_mapped", None):
        raise ValueError("must have an IP address in its usual form, such as 127.0.0.1 or [::1]")
    return f"[{address.compressed}]" if address.version == 6 else str(address)  # noqa: PLR2004 - IPv6


def _other_host(text: str) -> str:
    """Return the host of an origin of an app or an extension, in which case matters."""
    if not _OTHER_HOST.fullmatch(text):
        raise ValueError("must have a host of letters, digits and . _ ~ -, such as localhost")
    return text
