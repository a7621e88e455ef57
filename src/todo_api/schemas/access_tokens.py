"""The bodies of requests and responses about access tokens, and their conversion to the domain."""

import datetime as dt
from functools import cached_property
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypeAliasType

import todo_domain as domain
from todo_api.schemas.formats import Instant, single_line
from todo_api.schemas.resource_body import ResourceBody
from todo_domain.access_token import MAX_TOKEN_LIFE, MAX_TOKEN_NAME_LENGTH

_READ_ONLY: Final = frozenset({"id", "user_id", "created_at", "last_used_at"})

EXAMPLE_TOKEN: Final[dict[str, Any]] = {
    "id": "5f2b8c1d9e0a7346",
    "user_id": "alice",
    "name": "Backup script",
    "scopes": ["tasks:read"],
    "created_at": "2026-11-21T09:30:00.123456Z",
    "expires_at": "2027-11-21T00:00:00Z",
    "last_used_at": "2026-11-21T10:00:00Z",
}
_EXAMPLE_SECRET: Final = "todo_pat_YWxpY2U.EXAMPLE-EXAMPLE-EXAMPLE-EXAMPLE-EXAMPLE-EXA"  # noqa: S105 - an example

Scope = TypeAliasType("Scope", Literal["tasks:read", "tasks:write", "calendar:read"])
_SCOPES: Final = "`tasks:write` includes reading. `calendar:read` is only for the calendar, and can't be combined."


class AccessTokenCreate(ResourceBody):
    """A new access token. Read-only fields are accepted and ignored."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Backup script", "scopes": ["tasks:read"]}]})
    ignored: ClassVar = _READ_ONLY
    examples: ClassVar = EXAMPLE_TOKEN

    name: Annotated[str, Field(json_schema_extra=single_line(MAX_TOKEN_NAME_LENGTH))]
    scopes: Annotated[list[Scope], Field(description=_SCOPES, json_schema_extra={"minItems": 1})]
    expires_at: Instant | None = Field(
        None, description=f"At most {MAX_TOKEN_LIFE.days} days ahead. Without it, the token never expires."
    )

    @cached_property
    def as_domain(self) -> domain.AccessTokenDraft:
        """The draft; raises RuleViolated with the names of fields."""
        return domain.AccessTokenDraft(name=self.name, scopes=self.scopes, expires_at=self.expires_at)


class AccessTokenResponse(BaseModel):
    """An access token, without its secret."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_TOKEN]})

    id: str
    user_id: str
    name: str
    scopes: list[Scope] = Field(description=_SCOPES)
    created_at: dt.datetime
    expires_at: dt.datetime | None = Field(description="Null if the token never expires.")
    last_used_at: dt.datetime | None = Field(description="The hour of the last use, or null.")


class AccessTokenCreated(AccessTokenResponse):
    """A new access token with its secret."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{**EXAMPLE_TOKEN, "last_used_at": None, "token": _EXAMPLE_SECRET}]}
    )

    token: str = Field(description="What to send as the bearer token. It can't be read again.")


class AccessTokenListResponse(BaseModel):
    """All access tokens, the oldest first; `count` is their number."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"access_tokens": [EXAMPLE_TOKEN], "count": 1}]})

    access_tokens: list[AccessTokenResponse]
    count: int


def access_token_response(token: domain.AccessToken) -> dict[str, Any]:
    """Serialize a token as an AccessTokenResponse."""
    return {name: getattr(token, name) for name in AccessTokenResponse.model_fields}
