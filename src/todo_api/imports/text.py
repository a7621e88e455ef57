"""The text of a file, and text that fits into a task."""

import re
from typing import Final

from todo_api.imports.report import Report
from todo_domain.text import is_visible

UNTITLED: Final = "Untitled"
"""The name of what has none."""

_BOM: Final = b"\xef\xbb\xbf"
_OTHERS: Final = (
    (b"PK\x03\x04", "the file is a ZIP archive; unpack it, and import a file of it"),
    (b"\x1f\x8b", "the file is compressed; unpack it first"),
    (b"\xff\xfe", "the file is in UTF-16; save it in UTF-8"),
    (b"\xfe\xff", "the file is in UTF-16; save it in UTF-8"),
)
_CONTROLS: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")
_BREAKS: Final = re.compile("[\t\n\r]+")


def decode(content: bytes, report: Report) -> str:
    """Return the text of a file in UTF-8. Raises FileRefused."""
    for start, message in _OTHERS:
        if content.startswith(start):
            raise report.refuse(message, "encoding")
    if b"\x00" in content:
        raise report.refuse("the file has NUL characters; save it as text in UTF-8", "encoding")
    try:
        text = content.removeprefix(_BOM).decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise report.refuse(f"the file is not in UTF-8: see line {line}", "encoding") from None
    if not text.strip():
        raise report.refuse("the file is empty", "empty")
    return text


def cleaned(text: str, row: int, report: Report) -> str:
    """Return text without the control characters that a task can't have."""
    kept = _CONTROLS.sub("", text)
    if len(kept) < len(text):
        report.note(row, "control characters were removed")
    return kept


def on_one_line(text: str) -> str:
    """Return text with spaces instead of tabs and line breaks; empty if nothing of it is visible."""
    line = _BREAKS.sub(" ", text).strip()
    return line if is_visible(line) else ""


def shortened(text: str, length: int) -> str:
    """Return at most so many characters of a text, with an ellipsis at the end if it is longer."""
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}…"
