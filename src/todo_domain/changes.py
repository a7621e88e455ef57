"""The change feed: what has a revision above the one a reader has already seen."""

import re
from dataclasses import dataclass
from typing import Final, Self

from todo_domain.errors import RuleViolated, Violation
from todo_domain.task import MAX_REVISION, Task

MAX_CHANGES: Final = 500
DEFAULT_CHANGES: Final = 100
_TOKEN = re.compile(r"([a-z0-9]{1,32})\.(0|[1-9][0-9]{0,15})\Z")


@dataclass(frozen=True, slots=True)
class FeedToken:
    """A place in one user's feed: everything up to `revision` was read, in this epoch of the store.

    A store has one epoch until revisions may have been lost (a backup was restored,
    a standby that lagged was promoted) and it is renewed: revisions of different
    epochs can't be compared.
    """

    epoch: str
    revision: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `str` of a token wrote, such as `k3v9.42`; raise RuleViolated on anything else."""
        match = _TOKEN.match(text) if isinstance(text, str) else None
        if match is None or int(match[2]) > MAX_REVISION:
            raise RuleViolated([Violation(("since",), "feed_token", "must be the next token of an earlier answer")])
        return cls(match[1], int(match[2]))

    def __str__(self) -> str:
        return f"{self.epoch}.{self.revision}"


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
    there is more at this moment.
    """

    changes: tuple[Change, ...]
    next: FeedToken
    has_more: bool
