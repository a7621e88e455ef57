"""The media type of a request body (RFC 9110 §8.3.1)."""

import re
from typing import Final

MAX_LENGTH: Final = 256
"""The longest Content-Type that is read, in characters."""

# Possessive quantifiers never give back what they matched, so the time is linear.
_WORD: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]++"
_TYPE: Final = re.compile(rf"{_WORD}/{_WORD}")
_PARAMETER: Final = re.compile(rf'[ \t]*+;[ \t]*+(?:({_WORD})=({_WORD}|"(?:[^"\\]|\\.)*+"))?')


def media_type_in_utf8(value: str) -> str | None:
    """Return type and subtype in lower case, or None if the value is malformed or names a charset other than UTF-8.

    A value of more than MAX_LENGTH characters is not read: parsing 60 kB takes milliseconds.
    """
    if len(value) > MAX_LENGTH:
        return None
    value = value.strip(" \t")
    essence = _TYPE.match(value)
    end = essence.end() if essence else 0
    while parameter := _PARAMETER.match(value, end):
        name, text = parameter.groups(default="")
        if name.lower() == "charset" and text.strip('"').lower() != "utf-8":
            return None
        end = parameter.end()
    return essence[0].lower() if essence and end == len(value) else None
