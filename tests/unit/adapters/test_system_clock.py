from datetime import UTC, datetime, timedelta

from todo_adapters.system_clock import SystemClock


def test_the_time_is_aware_and_in_utc() -> None:
    assert SystemClock().now().tzinfo is UTC


def test_the_time_is_that_of_the_system() -> None:
    assert abs(SystemClock().now() - datetime.now(UTC)) < timedelta(hours=1)
