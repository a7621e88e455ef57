"""The parameters in the query of a request for the change feed."""

from functools import cached_property
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

import todo_domain as domain
from todo_api.schemas.formats import Count, text_of
from todo_domain.changes import DEFAULT_CHANGES, MAX_CHANGES

_KINDS: Final = "(task|project|task,project|project,task)"
Kinds = Annotated[str, text_of(_KINDS, str, "kinds", "must be task, project, or both with a comma")]
FEED_TOKEN: Final[dict[str, Any]] = {
    "maxLength": 69,
    "pattern": r"^[a-z0-9]{1,32}\.(0|[1-9][0-9]{0,15})(\.[1-9][0-9]{0,15})?(-pt?)?$",
    "format": "feed-token",
    "examples": ["k3v9.42"],
}


class SinceParameter(BaseModel):
    """Where to continue in the change feed."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    since: str | None = Field(
        None,
        description="The `next` of an earlier response. Without it, the feed begins at the start.",
        json_schema_extra=FEED_TOKEN,
    )
    kinds: Kinds | None = Field(
        None,
        description="What the feed has, separated by commas. Without it: what `since` is for, otherwise tasks.",
        json_schema_extra={"pattern": f"^{_KINDS}$", "examples": ["task,project"]},
    )

    @cached_property
    def as_domain(self) -> domain.FeedToken | None:
        """The token; raises RuleViolated if it is malformed."""
        return domain.FeedToken.parse(self.since) if self.since is not None else None

    @property
    def wanted_kinds(self) -> frozenset[domain.Kind] | None:
        """The kinds; None if the parameter is absent."""
        return None if self.kinds is None else frozenset(map(domain.Kind, self.kinds.split(",")))


class ChangeParameters(SinceParameter):
    """Where to continue in the change feed, and how many changes to read."""

    limit: Count = Field(
        DEFAULT_CHANGES,
        description="The maximum number of changes in the response.",
        json_schema_extra={"minimum": 1, "maximum": MAX_CHANGES},
    )


class StreamParameters(SinceParameter):
    """Where to continue in the stream of changes."""

    last_event_id: str | None = Field(
        None,
        alias="lastEventId",
        description="The header `Last-Event-ID`, for EventSource polyfills that can't send it.",
        json_schema_extra=FEED_TOKEN,
    )
