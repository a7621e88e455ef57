"""The system's clock."""

from datetime import UTC, datetime


class SystemClock:
    """A Clock that reads the system's time."""

    def now(self) -> datetime:
        """Return the present time in UTC, to the microsecond."""
        return datetime.now(UTC)
