import pytest
from bench.driver import is_complete

_PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody"
_CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n"
_EMPTY = b"HTTP/1.1 204 No Content\r\n\r\n"


@pytest.mark.parametrize("response", [_PLAIN, _CHUNKED, _EMPTY])
def test_a_response_is_complete_with_its_last_byte(response: bytes) -> None:
    assert is_complete(response)


@pytest.mark.parametrize("response", [_PLAIN, _CHUNKED])
def test_a_part_of_a_response_is_not_complete(response: bytes) -> None:
    assert not [size for size in range(len(response)) if is_complete(response[:size])]
