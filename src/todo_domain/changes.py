"""The change feed: all changes above the revision that a reader has reached."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final, Self

from todo_domain.errors import CursorExpired, RuleViolated, Violation
from todo_domain.project import Project
from todo_domain.task import MAX_REVISION, Task

MAX_CHANGES: Final = 500
DEFAULT_CHANGES: Final = 100
_1970: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TOKEN = re.compile(r"([a-z0-9]{1,32})\.(0|[1-9][0-9]{0,15})(?:\.([1-9][0-9]{0,15}))?(?:-(p|pt))?\Z")


class Kind(StrEnum):
    """What an entry of the feed is about."""

    TASK = "task"
    PROJECT = "project"


TASKS: Final = frozenset({Kind.TASK})
"""The kinds of a reader that names none: a reader that keeps a map by id would confuse other kinds with tasks."""


@dataclass(frozen=True, slots=True)
class FeedToken:
    """A place in one user's feed: everything up to `revision` was read, in this epoch of the store.

    The operator renews a store's epoch when revisions may have been lost (a backup was
    restored, a lagging standby was promoted). Revisions of different epochs can't be
    compared.

    A read from the start that is not complete has a `base`: the list's revision when
    the read began. Deletions up to `base` are skipped, even above `revision`: this
    reader never saw what they removed.

    `kinds` are those that this reader requested. A token continues only a read of the same kinds.
    """

    epoch: str
    revision: int
    base: int = 0
    kinds: frozenset[Kind] = TASKS

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse the text of a token, such as `k3v9.42`, `k3v9.42.99` or `k3v9.42-pt`. Raises RuleViolated."""
        match = _TOKEN.match(text) if isinstance(text, str) else None
        if match:
            revision, base = int(match[2]), int(match[3] or 0)
            if max(revision, base) <= MAX_REVISION and (not base or revision < base):
                kinds = frozenset(kind for kind in Kind if kind[0] in match[4]) if match[4] else TASKS
                return cls(match[1], revision, base, kinds)
        raise RuleViolated([Violation(("since",), "feed_token", "must be the next token of an earlier response")])

    def __str__(self) -> str:
        base = f".{self.base}" if self.base else ""
        kinds = "" if self.kinds == TASKS else f"-{''.join(sorted(kind[0] for kind in self.kinds))}"
        return f"{self.epoch}.{self.revision}{base}{kinds}"


def revision_floor(at: datetime) -> int:
    """Return the floor for all revisions of an epoch that begins `at`: that time in milliseconds since 1970.

    A list with fewer than a thousand changes per second never reaches it. So it is above
    every lost revision, even if the same backup is restored twice.
    """
    return (at - _1970) // timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Deletion:
    """A removed task or project: only its id and the revision of the removal are kept."""

    id: int
    revision: int
    kind: Kind = Kind.TASK


Change = Task | Project | Deletion


@dataclass(frozen=True, slots=True)
class ChangePage:
    """Changes in order of revision, each task and project once and in its latest state.

    `next` is the token to continue with, even if nothing has changed. `has_more` is
    true if there are more changes now. `base` is the base of the read that this page
    belongs to, see FeedToken.
    """

    changes: tuple[Change, ...]
    next: FeedToken
    has_more: bool
    base: int = field(default=0, compare=False)

    def token_after(self, change: Change) -> FeedToken:
        """Return the token after one of the changes, for a reader that stops there."""
        return _token(self.next.epoch, change.revision, self.base, self.next.kinds)


@dataclass(frozen=True, slots=True)
class FeedState:
    """The state of one user's feed.

    - epoch: the store's epoch
    - revision: the list's revision
    - purged_revision: the highest revision of a purged deletion, or 0
    """

    epoch: str
    revision: int
    purged_revision: int

    def page(
        self, since: FeedToken | None, limit: int, found: Sequence[Change], kinds: frozenset[Kind] = TASKS
    ) -> ChangePage:
        """Return a page; `found` are the first `limit + 1` changes of these kinds above the token's revision.

        Raises CursorExpired if a change after the token could be missing, or if the token is
        that of a read of other kinds.
        """
        if since and since.kinds != kinds:
            raise CursorExpired
        base = self._base_of(since)
        has_more = len(found) > limit
        reached = found[limit - 1].revision if has_more else self.revision
        return ChangePage(tuple(found[:limit]), _token(self.epoch, reached, base, kinds), has_more, base)

    def _base_of(self, since: FeedToken | None) -> int:
        if since is None:
            return self.revision
        seen = max(since.revision, since.base)
        if since.epoch != self.epoch or seen > self.revision:
            raise CursorExpired
        if since.revision == 0:
            return self.revision
        if seen < self.purged_revision:
            raise CursorExpired
        return since.base


def _token(epoch: str, revision: int, base: int, kinds: frozenset[Kind]) -> FeedToken:
    return FeedToken(epoch, revision, base if base > revision else 0, kinds)
