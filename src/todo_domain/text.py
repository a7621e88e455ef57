"""Which characters text may contain, and how texts are compared."""

import re
from typing import Final
from unicodedata import normalize

# C0 controls except tab, LF and CR; and surrogates, which UTF-8 can't encode.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")

INVISIBLE: Final = (
    r"\x00-\x20\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f"
    r"\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8"
)
"""The invisible characters of the Basic Multilingual Plane, for use in a regular expression character class.

They are those of Unicode's properties White_Space and Default_Ignorable_Code_Point, the controls, and
the empty braille pattern."""

_VISIBLE = re.compile(rf"[^{INVISIBLE}\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]")
_DOTTED_I = re.compile("i\u0307+")


def is_clean(text: str) -> bool:
    """Return whether text has no forbidden control character and no lone surrogate."""
    # Printable text has neither, and `isprintable` is five times as fast.
    return text.isprintable() or not _FORBIDDEN.search(text)


def is_visible(text: str) -> bool:
    """Return whether text has a visible character."""
    return bool(_VISIBLE.search(text))


def fold(text: str) -> str:
    """Return the form in which texts are compared: NFC(casefold(NFD(text))), without a dot above after an i.

    This is Unicode's canonical caseless match: neither case nor composition of letters
    matters. Removing the dot makes `İstanbul` equal to `istanbul`.
    """
    if text.isascii():
        return text.lower()
    return normalize("NFC", _DOTTED_I.sub("i", normalize("NFD", text).casefold()))
