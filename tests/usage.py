"""The usage of a user without bounds, and how much of a bound is left."""

from todo_api.http.problems import ProblemError
from todo_api.http.user_limits import Bounds, Usage, UserLimits


def without_bounds() -> Usage:
    """Return the usage of a user whom nothing limits."""
    return UserLimits(Bounds(in_progress=0, streams=0, work_per_second=0)).usage_of("alice")


def requests_until_refused(usage: Usage, most: int = 10_000) -> int:
    """Charge requests until one is refused, and return how many were accepted."""
    for count in range(most):
        try:
            usage.charge_request()
        except ProblemError:
            return count
    return most
