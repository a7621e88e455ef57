import pytest

from todo_api.http.accept import preferred

OFFERS = ["application/x-ndjson", "text/csv", "text/calendar"]


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("text/csv", "text/csv"),
        ("Text/CSV; charset=utf-8", "text/csv"),
        ("*/*", "application/x-ndjson"),
        ("text/*", "text/csv"),
        ("text/calendar;q=0.5, text/csv;q=0.4", "text/calendar"),
        ("text/*;q=0.9, text/csv;q=0.1", "text/calendar"),
        ("text/csv;q=0, */*;q=0.1", "application/x-ndjson"),
        ("application/json, */*;q=0.001", "application/x-ndjson"),
        (",, text/csv ,", "text/csv"),
    ],
)
def test_the_most_specific_range_weighs_each_media_type(accept: str, expected: str) -> None:
    assert preferred(accept, OFFERS) == expected


@pytest.mark.parametrize("accept", ["", "application/json", "text/csv;q=0", "text", ";q=1", f"text/csv{' ' * 256}"])
def test_a_client_may_accept_nothing_that_is_offered(accept: str) -> None:
    assert preferred(accept, OFFERS) is None
