"""An export as NDJSON: one JSON object per line, in the form of the change feed."""

from collections.abc import Sequence
from typing import Any, Final

import orjson

from todo_api.schemas.changes import change_response
from todo_api.schemas.exports.content import without_deletion
from todo_domain import Content

_OPTIONS: Final = orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE


class NdjsonExport:
    """Each line is a TaskChange or a ProjectChange; if it is in the trash, with `deleted_at`."""

    def begin(self) -> bytes:
        """Return nothing."""
        return b""

    def write(self, content: Sequence[Content]) -> bytes:
        """Return a line for each project or task."""
        return b"".join(orjson.dumps(_line(each), option=_OPTIONS) for each in content)

    def end(self) -> bytes:
        """Return nothing."""
        return b""


def _line(each: Content) -> dict[str, Any]:
    content, deleted_at = without_deletion(each)
    line = change_response(content)
    return {**line, "deleted_at": deleted_at} if deleted_at else line
