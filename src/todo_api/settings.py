"""The settings of the server. They are read from the environment or `.env`, and checked, at the start."""

import sys
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from platformdirs import user_data_path
from pydantic import AliasChoices, Field, FilePath, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from todo_api.addresses import (
    accept_base_url,
    is_loopback,
    sqlite_path_of,
)
from todo_api.authentication_settings import PREFIX, AuthenticationSettings, also
from todo_api.limit_settings import LimitSettings
from todo_api.origins import serialized_origins

_WORK_PER_SECOND: Final = 100
ENV_FILE: Final = Path(".env")


class WrongSetting(ValueError):
    """Raised when a setting prevents the start of the server. The message is one line, without secrets."""


def data_path(name: str) -> Path:
    """Return the path of a file in this program's data directory for the current user."""
    return user_data_path("todo-backend", appauthor=False) / name


_Words = Annotated[tuple[str, ...], NoDecode]


class Settings(AuthenticationSettings, LimitSettings):
    """The settings of the operator; `read_settings` reports invalid ones in one line."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=ENV_FILE,
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        populate_by_name=True,
    )

    env: Literal["development", "production"] = Field(
        "development", description="`production` requires authentication and HTTPS."
    )
    host: str = Field("127.0.0.1", validation_alias=also("HOST"), description="The address to listen on.")
    port: int = Field(
        8000, ge=0, le=65535, validation_alias=also("PORT"), description="The port to listen on; 0 chooses a free one."
    )
    workers: int = Field(1, ge=1, le=100, description="The number of server processes; must be 1 with SQLite.")

    database_url: SecretStr | None = Field(
        None,
        validation_alias=also("DATABASE_URL"),
        description="A PostgreSQL URL, or the path of an SQLite file. The default is an SQLite file in the user's data "
        "directory.",
    )
    database_connections: int = Field(10, ge=1, le=1000, description="The maximum number of connections per process.")
    database_timeout_seconds: float = Field(
        5.0, gt=0, le=60, description="The longest time from the head of a request to its response."
    )
    postgres_plain_statements: bool = Field(
        default=False,
        description="Whether writes use plain statements, for engines that refuse an INSERT within a common table "
        "expression. A write of one task then takes two round trips instead of one.",
    )

    cors_origins: _Words = Field(
        (), validation_alias=also("CORS_ORIGINS"), description="Origins of web pages that may call the API, or `*`."
    )
    trusted_proxies: _Words = Field(
        (),
        description="Addresses or networks of proxies whose X-Forwarded-For and X-Forwarded-Proto are trusted, or `*`.",
    )
    ssl_certfile: FilePath | None = Field(None, description="The certificate chain, to serve HTTPS without a proxy.")
    ssl_keyfile: FilePath | None = Field(None, description="The private key of the certificate.")

    metrics_port: int | None = Field(
        None,
        ge=0,
        le=65535,
        description="The port of `/metrics`, on a listener of its own; 0 chooses a free one. Without it there are no "
        "metrics.",
    )
    metrics_host: str = Field("127.0.0.1", description="The address that `/metrics` listens on.")

    log_format: Literal["json", "text"] | None = Field(
        None, description="The format of the log. The default is `text` on a terminal outside production, else `json`."
    )
    log_level: Literal["info", "warning", "error"] = Field(
        "info", description="The lowest level that is logged. Requests with a status below 500 are logged at `info`."
    )

    otel_exporter_otlp_endpoint: str | None = Field(
        None,
        validation_alias=also("OTEL_EXPORTER_OTLP_ENDPOINT"),
        description="The base URL of the collector that spans are sent to, by OTLP over HTTP. Needs the extra `otel`.",
    )

    @field_validator("cors_origins", "trusted_proxies", mode="before")
    @classmethod
    def _split_words(cls, value: object) -> object:
        return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value

    @field_validator("log_level", mode="before")
    @classmethod
    def _fold_level(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @field_validator("database_url")
    @classmethod
    def _check_database(cls, value: SecretStr | None) -> SecretStr | None:
        """Convert the path of an SQLite file to a URL; PostgreSQL's parser checks other addresses."""
        path = sqlite_path_of(value.get_secret_value()) if value else None
        return SecretStr(f"sqlite:///{path}") if path else value

    @field_validator("otel_exporter_otlp_endpoint")
    @classmethod
    def _check_address(cls, address: str | None) -> str | None:
        return accept_base_url(address) if address else address

    @field_validator("cors_origins")
    @classmethod
    def _check_origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        return serialized_origins(origins)

    @field_validator("trusted_proxies")
    @classmethod
    def _check_proxies(cls, proxies: tuple[str, ...]) -> tuple[str, ...]:
        for proxy in proxies:
            if proxy != "*":
                ip_network(proxy)
        return proxies

    @model_validator(mode="after")
    def _check_combinations(self) -> Self:
        if self.exposed and self.authentication == "development":
            raise ValueError("set BETTER_AUTH_SECRET or BETTER_AUTH_URL where others can reach the server")
        if bool(self.ssl_certfile) != bool(self.ssl_keyfile):
            raise ValueError("set both TODO_SSL_CERTFILE and TODO_SSL_KEYFILE, or neither")
        if self.env == "production" and not self.ssl_certfile and not self.trusted_proxies:
            raise ValueError(
                "TODO_ENV=production needs HTTPS: set TODO_TRUSTED_PROXIES, or TODO_SSL_CERTFILE and TODO_SSL_KEYFILE"
            )
        if self.metrics_port and self.metrics_port == self.port:
            raise ValueError("TODO_METRICS_PORT must not be the port of the API")
        if self.kept_trash_days > self.deletions_days:
            raise ValueError("TODO_TRASH_DAYS must be at most TODO_DELETIONS_DAYS")
        if self.workers > 1 and self.sqlite_path:
            raise ValueError("TODO_WORKERS must be 1 with SQLite: set DATABASE_URL to a PostgreSQL database")
        return self

    @property
    def exposed(self) -> bool:
        """Whether other machines can reach the server. Always true in production, where a proxy passes requests on."""
        return self.env == "production" or not is_loopback(self.host)

    @property
    def user_work_per_second(self) -> int:
        """The bound on the work of a user, or 0. The development mode serves a single person and has no bound."""
        if self.work_per_second is not None:
            return self.work_per_second
        return 0 if self.authentication == "development" else _WORK_PER_SECOND

    @property
    def database(self) -> str:
        """The URL of the database; by default an SQLite file in the user's data directory."""
        return self.database_url.get_secret_value() if self.database_url else f"sqlite:///{data_path('tasks.sqlite3')}"

    @property
    def sqlite_path(self) -> Path | None:
        """The path of the SQLite file, or None with PostgreSQL."""
        scheme, _, path = self.database.partition(":///")
        return Path(path) if scheme == "sqlite" else None

    @property
    def logs_as_json(self) -> bool:
        """Whether the log is written as JSON."""
        for_people = self.env != "production" and sys.stderr.isatty()
        return self.log_format == "json" or (self.log_format is None and not for_people)


def names_of(setting: str) -> tuple[str, ...]:
    """Return the environment variables of a setting, the one with the prefix first."""
    alias = Settings.model_fields[setting].validation_alias
    return tuple(map(str, alias.choices)) if isinstance(alias, AliasChoices) else (PREFIX + setting.upper(),)


def read_settings() -> Settings:
    """Read and return the settings; raise WrongSetting, which names all invalid ones."""
    try:
        return Settings()
    except ValidationError as invalid:
        faults = invalid.errors(include_url=False, include_context=False, include_input=False)
        raise WrongSetting("; ".join(_line(*fault["loc"][:1], message=fault["msg"]) for fault in faults)) from None


def _line(*location: int | str, message: str) -> str:
    names = (" or ".join(names_of(str(name).removeprefix(PREFIX).lower())) for name in location)
    return ": ".join((*names, message.removeprefix("Value error, ")))
