"""The usage of a user without bounds."""

from todo_api.http.user_limits import Bounds, Usage, UserLimits


def without_bounds() -> Usage:
    """Return the usage of a user whom nothing limits."""
    return UserLimits(Bounds(in_progress=0, streams=0, work_per_second=0)).usage_of("alice")
