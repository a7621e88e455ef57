"""The change feed: what has a revision above the one a reader has already seen."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, Self

from todo_domain.errors import CursorExpired, RuleViolated, Violation
from todo_domain.task import MAX_REVISION, Task

MAX_CHANGES: Final = 500
DEFAULT_CHANGES: Final = 100
_1970: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TOKEN = re.compile(r"([a-z0-9]{1,32})\.(0|[1-9][0-9]{0,15})(?:\.([1-9][0-9]{0,15}))?\Z")


@dataclass(frozen=True, slots=True)
class FeedToken:
    """A place in one user's feed: everything up to `revision` was read, in this epoch of the store.

    A store has one epoch until revisions may have been lost (a backup was restored,
    a standby that lagged was promoted) and it is renewed: revisions of different
    epochs can't be compared.

    A reading from the start that has not come to its end has a `base`: the list's
    revision when it began. What was deleted until then it never saw, so it need not be
    told, even where that deletion is above `revision`.
    """

    epoch: str
    revision: int
    base: int = 0

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `str` of a token wrote, `k3v9.42` or `k3v9.42.99`; raise RuleViolated on anything else."""
        match = _TOKEN.match(text) if isinstance(text, str) else None
        if match:
            revision, base = int(match[2]), int(match[3] or 0)
            if max(revision, base) <= MAX_REVISION and (not base or revision < base):
                return cls(match[1], revision, base)
        raise RuleViolated([Violation(("since",), "feed_token", "must be the next token of an earlier answer")])

    def __str__(self) -> str:
        return f"{self.epoch}.{self.revision}" + (f".{self.base}" if self.base else "")


def revision_floor(at: datetime) -> int:
    """Return what all later revisions are above when an epoch begins: that moment in milliseconds since 1970.

    A list that is changed less than a thousand times a second never comes near it, so
    it is above every revision that was given out and then lost; and since it is the
    time that tells, also when one backup is restored twice.
    """
    return (at - _1970) // timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Deletion:
    """All that is remembered of a removed task."""

    id: int
    revision: int


Change = Task | Deletion


@dataclass(frozen=True, slots=True)
class ChangePage:
    """Changes in order of revision, each task once and in its latest state.

    `next` is where to go on, also when nothing has changed; `has_more` says that
    there is more at this moment; `base` is that of the reading which this is a part of.
    """

    changes: tuple[Change, ...]
    next: FeedToken
    has_more: bool
    base: int = field(default=0, compare=False)

    def token_after(self, change: Change) -> FeedToken:
        """Return the place behind one of the changes, for a reader that gets no further."""
        return _token(self.next.epoch, change.revision, self.base)


@dataclass(frozen=True, slots=True)
class FeedState:
    """What a store knows of one user's feed: its own epoch, the list's revision, and up to where it has forgotten."""

    epoch: str
    revision: int
    forgotten_revision: int

    def page(self, since: FeedToken | None, limit: int, found: Sequence[Change]) -> ChangePage:
        """Make a page of the first `limit + 1` changes above the token's revision.

        Raises CursorExpired when something could be missing between the token and them.
        """
        base = self._base_of(since)
        has_more = len(found) > limit
        reached = found[limit - 1].revision if has_more else self.revision
        return ChangePage(tuple(found[:limit]), _token(self.epoch, reached, base), has_more, base)

    def _base_of(self, since: FeedToken | None) -> int:
        if since is None:
            return self.revision
        known = max(since.revision, since.base)
        if since.epoch != self.epoch or known > self.revision:
            raise CursorExpired
        if since.revision == 0:
            return self.revision
        if known < self.forgotten_revision:
            raise CursorExpired
        return since.base


def _token(epoch: str, revision: int, base: int) -> FeedToken:
    return FeedToken(epoch, revision, base if base > revision else 0)
