"""The rules of RFC 9112 for a request's head that httptools leaves out."""

import re
from collections.abc import Iterable
from typing import Final

from todo_api.http.problems import MALFORMED, ProblemError, ProblemType

Fields = list[tuple[bytes, bytes]]

NOT_HTTP: Final = ProblemError(MALFORMED, "the request is not HTTP/1.1 (RFC 9112)")
_ONE_HOST: Final = ProblemError(MALFORMED, "send one Host header field (RFC 9112 §3.2)")
_CHUNKED_1_0: Final = ProblemError(MALFORMED, "HTTP/1.0 has no Transfer-Encoding (RFC 9112 §6.1)")
_CODING: Final = ProblemError(
    ProblemType("VALIDATION_ERROR", 501, "The transfer coding is not supported"), "the only transfer coding is chunked"
)
_VERSION: Final = ProblemError(
    ProblemType("VALIDATION_ERROR", 505, "The HTTP version is not supported"), "use HTTP/1.1 or HTTP/1.0"
)
_HOST: Final = re.compile(rb"[A-Za-z0-9._~!$&'()*+,;=:%\[\]-]*")
_VERSIONS: Final = ("1.1", "1.0")
_UPGRADE_FIELDS: Final = (b"connection", b"upgrade")


def fault_of_head(version: str, fields: Fields) -> ProblemError | None:
    """Return why a request with this head is refused, or None."""
    names = [name for name, _ in fields]
    hosts = names.count(b"host")
    if version not in _VERSIONS:
        return _VERSION
    if hosts != 1 and (hosts or version != "1.0"):
        return _ONE_HOST
    if hosts and not _HOST.fullmatch(fields[names.index(b"host")][1]):
        return _ONE_HOST
    return _fault_of_coding(version, fields) if b"transfer-encoding" in names else None


def _fault_of_coding(version: str, fields: Fields) -> ProblemError | None:
    if version == "1.0":
        return _CHUNKED_1_0
    items = b",".join(_values_of(b"transfer-encoding", fields)).split(b",")
    codings = [coding for item in items if (coding := item.strip(b" \t").lower())]
    return None if codings == [b"chunked"] else _CODING


def head_without_upgrade(method: bytes, target: bytes, version: str, fields: Fields) -> bytes:
    """Return a request's head without its Upgrade field, which a server may ignore (RFC 9110 §7.8)."""
    options = [option.strip() for value in _values_of(b"connection", fields) for option in value.split(b",")]
    kept = [(name, value) for name, value in fields if name not in _UPGRADE_FIELDS]
    kept.append((b"connection", b", ".join(option for option in options if option.lower() != b"upgrade")))
    lines = b"".join(b"%s: %s\r\n" % field for field in kept)
    return b"%s %s HTTP/%s\r\n%s\r\n" % (method, target, version.encode(), lines)


def _values_of(wanted: bytes, fields: Fields) -> Iterable[bytes]:
    return (value for name, value in fields if name == wanted)
