"""Changes to how uvicorn responds to one request. Depends on internals of its `RequestResponseCycle`."""

from typing import Any

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle


class _UntilClose(int):
    """The remaining length of a response that ends with its connection: it never runs out."""

    def __lt__(self, _: int) -> bool:
        return False

    def __sub__(self, _: int) -> "_UntilClose":
        return self


def end_with_connection(cycle: RequestResponseCycle) -> None:
    """End a response without a length with the connection, not with a chunk, which HTTP/1.0 does not know."""
    cycle.chunked_encoding = False
    cycle.expected_content_length = _UntilClose(0)


def close_unless_body_is_read(cycle: RequestResponseCycle) -> None:
    """Close after a final response without 100 (Continue): the client may send the body, or not."""
    receive, keep_alive = cycle.receive, cycle.keep_alive

    async def receive_and_keep_alive() -> Any:
        cycle.keep_alive = keep_alive
        return await receive()

    cycle.keep_alive = False
    cycle.receive = receive_and_keep_alive  # type: ignore[method-assign]
