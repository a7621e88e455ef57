"""The clock of the machine."""

from datetime import UTC, datetime


class SystemClock:
    """A Clock that reads the machine's."""

    def now(self) -> datetime:
        """Return the present time in UTC, to the microsecond."""
        return datetime.now(UTC)
