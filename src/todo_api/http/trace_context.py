"""The trace that a request belongs to, from its header `traceparent` (W3C Trace Context)."""

import re
from collections.abc import Sequence
from typing import Final

_NAME: Final = b"traceparent"
_PARENT: Final = rb"(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}"
_TRACEPARENT: Final = re.compile(rb"00-%b|(?!00|ff)[0-9a-f]{2}-%b(?:-.*)?" % (_PARENT, _PARENT), re.DOTALL)


def trace_id_of(headers: Sequence[tuple[bytes, bytes]]) -> str | None:
    """Return the trace id of the one well-formed `traceparent`, or None; versions after 00 may have more parts."""
    values = [value for name, value in headers if name == _NAME]
    found = _TRACEPARENT.fullmatch(values[0]) if len(values) == 1 else None
    return (found[1] or found[2]).decode() if found else None
