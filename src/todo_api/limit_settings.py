"""The settings that bound what users, connections and the past take."""

from datetime import timedelta
from typing import Annotated, Final

from pydantic import Field
from pydantic_settings import BaseSettings

from todo_domain.task import MAX_TASK_ID

_TRASH_DAYS: Final = 30
_TOKEN_LIFE: Final = timedelta(days=31, minutes=1)
_Bound = Annotated[int, Field(ge=0, le=MAX_TASK_ID)]


class LimitSettings(BaseSettings):
    """The part of `Settings` with the limits."""

    max_open_tasks: _Bound = Field(10_000, description="How many tasks of a user may be open. 0 means no bound.")
    max_tasks: _Bound = Field(100_000, description="How many tasks a user may have. 0 means no bound.")
    max_deletions: _Bound = Field(
        100_000, description="How many deletions of a user are remembered, the last ones. 0 means no bound."
    )
    max_trash: _Bound = Field(
        10_000, description="How many deleted tasks of a user are kept in the trash, the last ones. 0 means no bound."
    )
    max_idempotency_keys: _Bound = Field(
        100_000,
        description="How many creates and operations of batches with an Idempotency-Key are remembered for a user. "
        "0 means no bound.",
    )
    max_in_progress: _Bound = Field(
        10, description="How many requests of a user are served at a time; up to 100 more wait. 0 means no bound."
    )
    max_streams: _Bound = Field(10, description="How many streams a user may have open. 0 means no bound.")
    max_export_bytes: _Bound = Field(
        512 << 20,
        description="How many bytes of temporary files, in the directory that TMPDIR names, a process may use for "
        "exports. 0 means no bound.",
    )
    work_per_second: _Bound | None = Field(
        None,
        description="Units of work that a user may use per second, and five times as many at once: 1 for a request, 1 "
        "for 10 operations of a batch, 1 for 20 tasks returned, 1 for 8 KiB of a larger body, 5 for a message of an "
        "assistant. 0 means no bound. The "
        "default is 100, and 0 while no authentication is configured.",
    )

    keep_alive_seconds: float = Field(
        75.0,
        gt=0,
        le=3600,
        description="How long a connection may wait for its next request; longer than a proxy waits.",
    )
    drain_seconds: float = Field(
        0.0,
        ge=0,
        le=3600,
        description="How long the server still serves after SIGTERM, while it reports that it is not ready.",
    )
    max_connections: int | None = Field(
        None,
        ge=1,
        le=1_000_000,
        description="The maximum number of client connections per process. The default is 10,000, or what the granted "
        "file descriptors are enough for.",
    )

    deletions_days: int = Field(30, ge=1, le=36500, description="How long the change feed remembers a deletion.")
    trash_days: int | None = Field(
        None,
        ge=0,
        le=36500,
        description="How long the trash keeps the content of a deleted task; 0 keeps nothing. It can't be longer than "
        "TODO_DELETIONS_DAYS. The default is 30, or TODO_DELETIONS_DAYS if that is less.",
    )
    idempotency_hours: int | None = Field(
        None,
        ge=24,
        le=87600,
        description="How long an Idempotency-Key is remembered. The default is as long as a deletion.",
    )

    @property
    def deletion_age(self) -> timedelta:
        """How long the change feed remembers a deletion."""
        return timedelta(days=self.deletions_days)

    @property
    def erasure_age(self) -> timedelta:
        """How long an erasure is remembered: as long as a token or a feed token from before it could be valid."""
        return max(_TOKEN_LIFE, self.deletion_age)

    @property
    def kept_trash_days(self) -> int:
        """How many days the trash keeps content; 0 keeps nothing."""
        return min(_TRASH_DAYS, self.deletions_days) if self.trash_days is None else self.trash_days

    @property
    def trash_age(self) -> timedelta:
        """How long the trash keeps content."""
        return timedelta(days=self.kept_trash_days)

    @property
    def key_age(self) -> timedelta:
        """How long an Idempotency-Key is remembered."""
        return self.deletion_age if self.idempotency_hours is None else timedelta(hours=self.idempotency_hours)
