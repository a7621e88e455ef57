"""The base of bodies that describe a resource: a task, a project or an access token."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict, model_validator


class ResourceBody(BaseModel):
    """A body with strict types, and without unknown fields.

    A client may send back a resource that it received: read-only fields are accepted and ignored.

    - ignored: the names of the read-only fields
    """

    model_config = ConfigDict(strict=True, extra="forbid", hide_input_in_errors=True)
    ignored: ClassVar[frozenset[str]]

    @model_validator(mode="before")
    @classmethod
    def _ignore_read_only(cls, body: object) -> object:
        if isinstance(body, dict) and not cls.ignored.isdisjoint(body):
            return {name: value for name, value in body.items() if name not in cls.ignored}
        return body
