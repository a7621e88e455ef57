"""The settings of the server: read once from the environment or `.env`, checked at the start."""

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, Self

from platformdirs import user_data_path
from pydantic import AliasChoices, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


def _names(name: str) -> AliasChoices:
    """Understand a setting by our name and by the ecosystem's; ours goes first."""
    return AliasChoices(f"TODO_{name}", name)


def data_path(name: str) -> Path:
    """Return where a file of this program is kept for the user who runs it."""
    return Path(user_data_path("todo-backend", appauthor=False)) / name


_Words = Annotated[tuple[str, ...], NoDecode]


class Settings(BaseSettings):
    """What the operator decides. Names are those of the environment, in lower case."""

    model_config = SettingsConfigDict(
        env_prefix="TODO_",
        env_file=".env",
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        populate_by_name=True,
    )

    env: Literal["development", "production"] = "development"
    host: str = Field("127.0.0.1", validation_alias=_names("HOST"))
    port: int = Field(8000, ge=0, le=65535, validation_alias=_names("PORT"))

    database_url: SecretStr | None = Field(None, validation_alias=_names("DATABASE_URL"))
    database_connections: int = Field(10, ge=1, le=1000)
    database_timeout_seconds: float = Field(5.0, gt=0, le=60)

    auth: Literal["secret", "jwks"] | None = None
    better_auth_secret: SecretStr | None = Field(None, validation_alias=_names("BETTER_AUTH_SECRET"))
    previous_secrets: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    better_auth_url: str | None = Field(None, validation_alias=_names("BETTER_AUTH_URL"))
    jwt_issuer: str | None = Field(None, validation_alias=_names("JWT_ISSUER"))
    jwt_audience: str | None = Field(None, validation_alias=_names("JWT_AUDIENCE"))
    user_from_sub: bool = False

    cors_origins: _Words = Field((), validation_alias=_names("CORS_ORIGINS"))
    trusted_proxies: _Words = ()
    ssl_certfile: Path | None = None
    ssl_keyfile: Path | None = None

    deletions_days: int = Field(30, ge=1)
    idempotency_hours: int = Field(24, ge=24)
    log_format: Literal["json", "text"] | None = None

    @field_validator("cors_origins", "trusted_proxies", "previous_secrets", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _hold_together(self) -> Self:
        if self.auth == "jwks" and not self.better_auth_url:
            raise ValueError("TODO_AUTH=jwks needs BETTER_AUTH_URL")
        if self.auth == "secret" and not self.better_auth_secret:
            raise ValueError("TODO_AUTH=secret needs BETTER_AUTH_SECRET")
        if self.exposed and self.authentication == "development":
            raise ValueError("BETTER_AUTH_SECRET or BETTER_AUTH_URL must be set where others can reach the server")
        if bool(self.ssl_certfile) != bool(self.ssl_keyfile):
            raise ValueError("TODO_SSL_CERTFILE and TODO_SSL_KEYFILE go together")
        if self.env == "production" and not self.ssl_certfile and not self.trusted_proxies:
            raise ValueError(
                "TODO_ENV=production needs HTTPS: set TODO_TRUSTED_PROXIES, or TODO_SSL_CERTFILE and _KEYFILE"
            )
        if self.user_from_sub and not (self.authentication == "jwks" and self.jwt_audience):
            raise ValueError("TODO_USER_FROM_SUB needs TODO_AUTH=jwks and JWT_AUDIENCE")
        return self

    @property
    def exposed(self) -> bool:
        """Whether anyone but this machine can reach the server, or is meant to."""
        return self.env == "production" or not is_loopback(self.host)

    @property
    def authentication(self) -> Literal["secret", "jwks", "development"]:
        """How tokens are verified: a Better Auth URL goes before a secret, unless TODO_AUTH says otherwise."""
        if self.auth:
            return self.auth
        if self.better_auth_url:
            return "jwks"
        return "secret" if self.better_auth_secret else "development"

    def secrets(self) -> list[str]:
        """Return the secrets that tokens may be signed with, the present one first."""
        present = [self.better_auth_secret] if self.better_auth_secret else []
        return [secret.get_secret_value() for secret in (*present, *self.previous_secrets)]

    @property
    def database(self) -> str:
        """The URL of the database: SQLite in the user's data directory unless set."""
        if self.database_url:
            return self.database_url.get_secret_value()
        return f"sqlite:///{data_path('tasks.sqlite3')}"

    @property
    def sqlite_path(self) -> Path | None:
        """The file of the embedded database, or None when it is PostgreSQL."""
        scheme, _, path = self.database.partition(":///")
        return Path(path).expanduser() if scheme == "sqlite" and path else None


def is_loopback(host: str) -> bool:
    """Say whether a host to listen on can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
