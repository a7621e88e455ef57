"""Uploaded files: the body of a request in a temporary file, bounded for each request and for all together."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO, Final

from fastapi import Request

from todo_api.http.problems import OVERLOADED, ProblemError
from todo_api.http.request_body import body_parts, check_file_type

MAX_FILE_BYTES: Final = 10 << 20
MAX_SPACE_BYTES: Final = 256 << 20
"""How many bytes all uploads of this process may have together: as many as 25 of the largest files."""
_WRITTEN_AT_ONCE: Final = 1 << 18


class UploadSpace:
    """The space that all uploads of this process use."""

    def __init__(self) -> None:
        self._used = 0

    @contextmanager
    def room(self) -> Iterator[Callable[[int], None]]:
        """Yield a function that takes space until the block ends. It raises ProblemError if there is none."""
        taken = 0

        def take(count: int) -> None:
            nonlocal taken
            if self._used + count > MAX_SPACE_BYTES:
                message = "the server has too many uploads; nothing was imported"
                raise ProblemError(OVERLOADED, message, {"Retry-After": "30"})
            self._used += count
            taken += count

        try:
            yield take
        finally:
            self._used -= taken


async def spool_body(request: Request, file: BinaryIO, take: Callable[[int], None]) -> int:
    """Write the body to a file, and return its size. Refuses more than `MAX_FILE_BYTES`, and an HTML form."""
    check_file_type(request)
    size, waiting = 0, bytearray()
    async for part in body_parts(request, MAX_FILE_BYTES):
        take(len(part))
        size += len(part)
        waiting += part
        if len(waiting) >= _WRITTEN_AT_ONCE:
            await asyncio.to_thread(file.write, waiting)
            waiting = bytearray()
    await asyncio.to_thread(file.write, waiting)
    await asyncio.to_thread(file.flush)
    return size
