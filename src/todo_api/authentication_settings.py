"""The settings that decide whose tokens are accepted, by the API and for assistants."""

from typing import Annotated, Final, Literal, Self

from pydantic import AliasChoices, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode

from todo_api.addresses import accept_base_url, accept_endpoint, better_auth_endpoints, origin_of

PREFIX: Final = "TODO_"


def also(name: str) -> AliasChoices:
    """Accept a setting also without the prefix; the name with the prefix takes precedence."""
    return AliasChoices(PREFIX + name, name)


class AuthenticationSettings(BaseSettings):
    """The part of `Settings` about tokens."""

    auth: Literal["secret", "jwks"] | None = Field(
        None,
        description="How tokens are verified: `jwks` where BETTER_AUTH_URL or TODO_JWKS_URL is set, else `secret`.",
    )
    better_auth_secret: SecretStr | None = Field(
        None,
        validation_alias=also("BETTER_AUTH_SECRET"),
        description="The secret of HS256 tokens, at least 32 bytes.",
    )
    previous_secrets: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        (), description="Former secrets whose tokens are still accepted, separated by commas."
    )
    better_auth_url: str | None = Field(
        None,
        validation_alias=also("BETTER_AUTH_URL"),
        description="The base URL of the Better Auth server whose keys verify tokens. Its path is the base path of "
        "Better Auth; without a path, that is `/api/auth`.",
    )
    jwks_url: str | None = Field(
        None,
        description="The URL of the keys that verify tokens. The default is `jwks` below the base path of "
        "BETTER_AUTH_URL.",
    )
    jwt_issuer: str | None = Field(
        None,
        validation_alias=also("JWT_ISSUER"),
        description="The required `iss`. The default is the origin of BETTER_AUTH_URL.",
    )
    jwt_audience: str | None = Field(
        None,
        validation_alias=also("JWT_AUDIENCE"),
        description="The required value of `aud`, alone or in a list. The default is the origin of BETTER_AUTH_URL.",
    )
    user_from_sub: bool = Field(
        default=False, description="Whether `sub` names the user of a token that has no `user_id`."
    )
    mcp_url: str | None = Field(
        None,
        description="The URL at which assistants reach the endpoint of the Model Context Protocol, such as "
        "https://tasks.example.org/mcp. Its path is the path of the endpoint, and requests must have its host. Without "
        "it there is no such endpoint. Needs the extra `mcp`.",
    )
    oauth_issuer: str | None = Field(
        None,
        description="The required `iss` of OAuth access tokens for assistants. The default is the base URL and base "
        "path of BETTER_AUTH_URL.",
    )

    @field_validator("previous_secrets", mode="before")
    @classmethod
    def _split_secrets(cls, value: object) -> object:
        return tuple(filter(None, map(str.strip, value.split(",")))) if isinstance(value, str) else value

    @field_validator("better_auth_url", "jwks_url", "oauth_issuer")
    @classmethod
    def _check_issuer(cls, address: str | None) -> str | None:
        return accept_base_url(address) if address else address

    @field_validator("mcp_url")
    @classmethod
    def _check_mcp(cls, address: str | None) -> str | None:
        return accept_endpoint(address) if address else address

    @model_validator(mode="after")
    def _check_tokens(self) -> Self:
        if self.auth == "jwks" and not (self.better_auth_url or self.jwks_url):
            raise ValueError("TODO_AUTH=jwks needs BETTER_AUTH_URL or TODO_JWKS_URL")
        if self.authentication == "jwks" and not self.better_auth_url and not (self.jwt_issuer and self.jwt_audience):
            raise ValueError("TODO_JWKS_URL needs JWT_ISSUER and JWT_AUDIENCE, or BETTER_AUTH_URL")
        if (self.auth == "secret" or self.previous_secrets) and not self.better_auth_secret:
            raise ValueError("TODO_AUTH=secret and TODO_PREVIOUS_SECRETS need BETTER_AUTH_SECRET")
        return self

    @model_validator(mode="after")
    def _check_assistants(self) -> Self:
        if self.oauth_issuer and not (self.mcp_url and (self.better_auth_url or self.jwks_url)):
            raise ValueError("TODO_OAUTH_ISSUER needs TODO_MCP_URL, and BETTER_AUTH_URL or TODO_JWKS_URL")
        if self.mcp_url and self.jwt_audience == self.mcp_url:
            raise ValueError("JWT_AUDIENCE must not be TODO_MCP_URL, whose tokens are for assistants only")
        return self

    @property
    def authentication(self) -> Literal["secret", "jwks", "development"]:
        """How tokens are verified: TODO_AUTH decides; without it, published keys take precedence over a secret."""
        if self.auth:
            return self.auth
        if self.better_auth_url or self.jwks_url:
            return "jwks"
        return "secret" if self.better_auth_secret else "development"

    @property
    def better_auth_endpoints(self) -> str:
        """The base URL of the endpoints of Better Auth."""
        return better_auth_endpoints(self.better_auth_url or "")

    @property
    def better_auth_origin(self) -> str:
        """The origin of Better Auth, the default of `iss` and `aud`."""
        return origin_of(self.better_auth_url or "")

    @property
    def keys_url(self) -> str:
        """The URL of the keys of Better Auth."""
        return self.jwks_url or f"{self.better_auth_endpoints}/jwks"

    @property
    def assistants_issuer(self) -> str | None:
        """The issuer of OAuth access tokens for assistants, or None if none are accepted."""
        default = self.better_auth_endpoints if self.better_auth_url else None
        return (self.oauth_issuer or default) if self.mcp_url else None

    def secrets(self) -> list[str]:
        """Return the secrets that tokens may be signed with, the current one first."""
        current = [self.better_auth_secret] if self.better_auth_secret else []
        return [secret.get_secret_value() for secret in (*current, *self.previous_secrets)]
