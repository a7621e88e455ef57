"""What text may hold, and how two texts are compared."""

import re
from typing import Final
from unicodedata import normalize

# C0 controls but for tab, LF and CR, and surrogates, which no encoding can carry.
_NEVER = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")

INVISIBLE: Final = (
    r"\x00-\x20\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f"
    r"\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8"
)
"""The invisible characters of the Basic Multilingual Plane, as a regular expression writes a set of them.

They are those of Unicode's properties White_Space and Default_Ignorable_Code_Point, the controls, and
the empty braille pattern."""

_VISIBLE = re.compile(rf"[^{INVISIBLE}\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]")
_DOTTED_I = re.compile("i\u0307+")


def is_clean(text: str) -> bool:
    """Say whether text has no control character that no field may hold, and no lone surrogate."""
    # Printable text has neither, and `isprintable` takes a fifth of the time.
    return text.isprintable() or not _NEVER.search(text)


def is_visible(text: str) -> bool:
    """Say whether text has a character that a reader can see."""
    return bool(_VISIBLE.search(text))


def fold(text: str) -> str:
    """Return the form in which texts are compared: NFC(casefold(NFD(text))), without a dot above after an i.

    This is Unicode's canonical caseless match. Texts that look the same have the same form, whether their
    letters are composed or not, in any case. The dot is that of `İ`, whose lower case is an `i` elsewhere.
    """
    if text.isascii():
        return text.lower()
    return normalize("NFC", _DOTTED_I.sub("i", normalize("NFD", text).casefold()))
