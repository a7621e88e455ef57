"""An export as NDJSON: one JSON object per line, in the form of the change feed."""

from collections.abc import Sequence
from typing import Any, Final

import orjson

from todo_api.schemas.changes import change_response
from todo_domain import Content, TrashedProject, TrashedTask

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
    if isinstance(each, TrashedTask):
        return {**change_response(each.task), "deleted_at": each.deleted_at}
    if isinstance(each, TrashedProject):
        return {**change_response(each.project), "deleted_at": each.deleted_at}
    return change_response(each)
