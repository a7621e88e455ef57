"""The settings, and how the server reads them."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest

from todo_api.addresses import is_loopback
from todo_api.settings import Settings, WrongSetting, names_of, read_settings

SECRET = "a secret that is shared with tests only"
BETTER_AUTH = {"BETTER_AUTH_URL": "https://auth.example"}
MCP = {"TODO_MCP_URL": "https://tasks.example/mcp"}
A_FILE = __file__
HTTPS = {"TODO_SSL_CERTFILE": A_FILE, "TODO_SSL_KEYFILE": A_FILE}


@pytest.fixture(autouse=True)
def _bare_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)  # where there is no `.env`
    with patch.dict(os.environ, {"HOME": str(tmp_path)}, clear=True):
        yield


def settings_of(**environment: str) -> Settings:
    os.environ |= environment
    return read_settings()


def fault_of(**environment: str) -> str:
    with pytest.raises(WrongSetting) as refused:
        settings_of(**environment)
    return str(refused.value)


def test_without_settings_the_server_runs_in_development_mode_on_loopback(tmp_path: Path) -> None:
    settings = settings_of()

    assert settings.authentication == "development"
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)
    assert settings.sqlite_path
    assert settings.sqlite_path.is_relative_to(tmp_path)
    assert settings.database == f"sqlite:///{settings.sqlite_path}"
    assert not settings.exposed
    assert not settings.secrets()


def test_a_user_has_bounds_except_for_work_in_the_development_mode() -> None:
    settings = settings_of()

    assert (settings.max_in_progress, settings.max_streams, settings.user_work_per_second) == (10, 10, 0)


@pytest.mark.parametrize(("value", "work"), [("", 100), ("0", 0), ("7", 7)])
def test_the_work_of_a_user_has_a_bound_where_users_authenticate(value: str, work: int) -> None:
    assert settings_of(BETTER_AUTH_SECRET=SECRET, TODO_WORK_PER_SECOND=value).user_work_per_second == work


@pytest.mark.parametrize(
    ("trash_days", "deletions_days", "kept"),
    [("", "", 30), ("", "365", 30), ("", "7", 7), ("0", "", 0), ("7", "", 7), ("90", "90", 90)],
)
def test_the_trash_keeps_content_at_most_as_long_as_deletions_are_remembered(
    trash_days: str, deletions_days: str, kept: int
) -> None:
    settings = settings_of(TODO_TRASH_DAYS=trash_days, TODO_DELETIONS_DAYS=deletions_days)

    assert settings.kept_trash_days == kept


@pytest.mark.parametrize(("deletions_days", "days"), [("", 31), ("1", 31), ("31", 31), ("60", 60)])
def test_an_erasure_is_remembered_as_long_as_deletions_and_session_tokens(deletions_days: str, days: int) -> None:
    assert settings_of(TODO_DELETIONS_DAYS=deletions_days).erasure_age.days == days


def test_a_trash_that_outlasts_the_deletions_is_refused() -> None:
    assert fault_of(TODO_TRASH_DAYS="31") == "TODO_TRASH_DAYS must be at most TODO_DELETIONS_DAYS"
    assert "TODO_TRASH_DAYS" in fault_of(TODO_TRASH_DAYS="-1")


@pytest.mark.parametrize("setting", Settings.model_fields)
def test_every_setting_is_described_in_one_line(setting: str) -> None:
    description = Settings.model_fields[setting].description

    assert description
    assert description.endswith(".")
    assert "\n" not in description


@pytest.mark.parametrize(
    "setting",
    [
        "database_url",
        "better_auth_secret",
        "better_auth_url",
        "cors_origins",
        "jwt_issuer",
        "jwt_audience",
        "host",
        "port",
    ],
)
def test_common_names_of_settings_are_accepted(setting: str) -> None:
    assert names_of(setting) == (f"TODO_{setting.upper()}", setting.upper())


def test_other_settings_have_only_our_prefix() -> None:
    assert names_of("env") == ("TODO_ENV",)


def test_the_prefixed_name_takes_precedence_over_the_common_one() -> None:
    assert settings_of(PORT="1", TODO_PORT="2").port == 2


def test_an_empty_value_counts_as_unset() -> None:
    assert settings_of(DATABASE_URL="", BETTER_AUTH_SECRET="").authentication == "development"


def test_settings_are_read_from_a_file_too(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("TODO_PORT=8001\n")

    assert settings_of().port == 8001


@pytest.mark.parametrize(
    "url",
    [
        "postgres://me:word@host/db",
        "postgresql://me@host/db?sslmode=require",
        "postgres:///",
        "psql 'postgres://me@host/db'",
        "host=/run/postgresql dbname=my.db",
        "db.example.com",
        "db.example.com/",
        "mysql://host/db",
    ],
)
def test_a_database_url_that_is_not_an_sqlite_file_is_for_postgresql(url: str) -> None:
    settings = settings_of(DATABASE_URL=url)

    assert settings.database == url
    assert settings.sqlite_path is None


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ("tasks.db", "{here}/tasks.db"),
        ("/data/tasks.db", "/data/tasks.db"),
        ("~/tasks.db", "{here}/tasks.db"),
        ("sqlite:///tasks.db", "{here}/tasks.db"),
        ("sqlite:////data/tasks.db", "/data/tasks.db"),
        ("sqlite+aiosqlite:///tasks.db", "{here}/tasks.db"),
        ("sqlite:///tasks", "{here}/tasks"),
        ("'tasks.sqlite3'", "{here}/tasks.sqlite3"),
        ("./tasks", "{here}/tasks"),
    ],
)
def test_an_sqlite_file_is_named_by_a_path_or_a_url(given: str, path: str, tmp_path: Path) -> None:
    assert settings_of(DATABASE_URL=given).sqlite_path == Path(path.format(here=tmp_path))


@pytest.mark.parametrize(
    "given", ["sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite://tasks.db", "sqlite:tasks.db", "file:tasks.db"]
)
def test_an_sqlite_database_is_a_file(given: str) -> None:
    fault = fault_of(DATABASE_URL=given)

    assert fault == ("TODO_DATABASE_URL or DATABASE_URL: an SQLite database must be a file: sqlite:/// and its path")


@pytest.mark.parametrize("given", ["sqlite:///tasks.db?mode=ro", "./tasks.db?mode=ro", "host/db?password=word"])
def test_an_sqlite_address_must_not_have_parameters(given: str) -> None:
    fault = fault_of(DATABASE_URL=given)

    assert fault.endswith("an SQLite address must not have parameters: remove the ? and everything after it")


@pytest.mark.parametrize(
    ("environment", "authentication"),
    [
        ({"BETTER_AUTH_SECRET": SECRET}, "secret"),
        ({"BETTER_AUTH_URL": "https://auth.example"}, "jwks"),
        ({"TODO_JWKS_URL": "https://auth.example/keys", "JWT_ISSUER": "a", "JWT_AUDIENCE": "b"}, "jwks"),
        ({"BETTER_AUTH_SECRET": SECRET, "BETTER_AUTH_URL": "https://auth.example"}, "jwks"),
        ({"BETTER_AUTH_SECRET": SECRET, "BETTER_AUTH_URL": "https://auth.example", "TODO_AUTH": "secret"}, "secret"),
    ],
)
def test_published_keys_take_precedence_over_a_secret_unless_todo_auth_is_set(
    environment: dict[str, str], authentication: str
) -> None:
    assert settings_of(**environment).authentication == authentication


@pytest.mark.parametrize(
    ("url", "endpoints", "origin"),
    [
        ("https://a.example", "https://a.example/api/auth", "https://a.example"),
        ("https://a.example/", "https://a.example/api/auth", "https://a.example"),
        ("https://a.example:8443/auth", "https://a.example:8443/auth", "https://a.example:8443"),
        ("https://a.example/x/auth/", "https://a.example/x/auth", "https://a.example"),
        ("https://A.Example:443/Auth", "https://A.Example:443/Auth", "https://a.example"),
        ("HTTP://[::1]:80", "HTTP://[::1]:80/api/auth", "http://[::1]"),
        ("http://a.example:443", "http://a.example:443/api/auth", "http://a.example:443"),
    ],
)
def test_a_path_in_the_url_of_better_auth_is_its_base_path(url: str, endpoints: str, origin: str) -> None:
    settings = settings_of(BETTER_AUTH_URL=url)

    assert (settings.better_auth_endpoints, settings.better_auth_origin) == (endpoints, origin)


def test_the_current_secret_comes_before_the_previous_ones() -> None:
    settings = settings_of(BETTER_AUTH_SECRET="new", TODO_PREVIOUS_SECRETS="the old one, an older one,")

    assert settings.secrets() == ["new", "the old one", "an older one"]


@pytest.mark.parametrize("separator", [",", " ", ", "])
def test_lists_are_separated_by_commas_or_spaces(separator: str) -> None:
    origins = ("https://a.example", "http://localhost:3000")

    assert settings_of(CORS_ORIGINS=separator.join(origins)).cors_origins == origins


def test_networks_of_proxies_are_trusted() -> None:
    assert settings_of(TODO_TRUSTED_PROXIES="10.0.0.0/8 ::1 *").trusted_proxies == ("10.0.0.0/8", "::1", "*")


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"TODO_ENV": "prod"}, "TODO_ENV: "),
        ({"PORT": "http"}, "TODO_PORT or PORT: "),
        ({"TODO_WORKERS": "0"}, "TODO_WORKERS: "),
        ({"TODO_IDEMPOTENCY_HOURS": "23"}, "TODO_IDEMPOTENCY_HOURS: "),
        ({"TODO_MAX_OPEN_TASKS": "-1"}, "TODO_MAX_OPEN_TASKS: "),
        ({"TODO_MAX_TASKS": "many"}, "TODO_MAX_TASKS: "),
        ({"TODO_MAX_DELETIONS": str(10**16)}, "TODO_MAX_DELETIONS: "),
        ({"TODO_MAX_IDEMPOTENCY_KEYS": "1.5"}, "TODO_MAX_IDEMPOTENCY_KEYS: "),
        (
            {"CORS_ORIGINS": "https://a.example/b"},
            "TODO_CORS_ORIGINS or CORS_ORIGINS: origin 1 must end after the host",
        ),
        ({"TODO_TRUSTED_PROXIES": "10.0.0.1/8"}, "TODO_TRUSTED_PROXIES: "),
        ({"TODO_SSL_CERTFILE": "/nowhere"}, "TODO_SSL_CERTFILE: "),
        ({"TODO_SSL_CERTFILE": A_FILE}, "set both TODO_SSL_CERTFILE and TODO_SSL_KEYFILE, or neither"),
        ({"TODO_AUTH": "jwks"}, "TODO_AUTH=jwks needs BETTER_AUTH_URL"),
        ({"TODO_AUTH": "secret"}, "TODO_AUTH=secret and TODO_PREVIOUS_SECRETS need BETTER_AUTH_SECRET"),
        ({"TODO_PREVIOUS_SECRETS": SECRET}, "TODO_AUTH=secret and TODO_PREVIOUS_SECRETS need BETTER_AUTH_SECRET"),
        ({"TODO_JWKS_URL": "https://auth.example/keys"}, "TODO_JWKS_URL needs JWT_ISSUER and JWT_AUDIENCE"),
        (
            {"BETTER_AUTH_URL": "https://a:b@auth.example"},
            "TODO_BETTER_AUTH_URL or BETTER_AUTH_URL: must not contain a user",
        ),
        (
            {"BETTER_AUTH_URL": "https://auth.example?a=b"},
            "TODO_BETTER_AUTH_URL or BETTER_AUTH_URL: must be a URL without",
        ),
        ({"TODO_JWKS_URL": "https://auth.example#b"}, "TODO_JWKS_URL: must be a URL without"),
        ({"TODO_JWKS_URL": "https://bücher.example"}, "TODO_JWKS_URL: must be a URL in ASCII"),
        ({"TODO_JWKS_URL": "https://auth .example"}, "TODO_JWKS_URL: must be a URL in ASCII"),
        ({"TODO_JWKS_URL": f"me:{SECRET}@auth.example"}, "TODO_JWKS_URL: must be a URL in ASCII"),
        ({"TODO_JWKS_URL": f"https://me:{SECRET}"}, "TODO_JWKS_URL: must be a URL in ASCII"),
        ({"TODO_JWKS_URL": "https://auth.example:0"}, "TODO_JWKS_URL: must be a URL in ASCII"),
        ({"TODO_JWKS_URL": "https://auth.example:65536"}, "TODO_JWKS_URL: Port out of range"),
        ({"TODO_MCP_URL": "mcp"}, "TODO_MCP_URL: must be a URL in ASCII"),
        *[
            (
                {"TODO_MCP_URL": f"https://tasks.example{path}"},
                "TODO_MCP_URL: must have a path that the API does not have",
            )
            for path in (
                *("", "/", "/mcp/", "/../mcp", "/.well-known/a", "/a%20b"),
                *("/api", "/api/mcp", "/calendar/a.ics", "/docs/mcp", "/health", "/openapi.json"),
            )
        ],
        *[
            (given | {"TODO_OAUTH_ISSUER": "https://auth.example"}, "TODO_OAUTH_ISSUER needs TODO_MCP_URL, and BETTER_")
            for given in (BETTER_AUTH, MCP, {})
        ],
        ({"TODO_OAUTH_ISSUER": "auth.example"}, "TODO_OAUTH_ISSUER: must be a URL in ASCII"),
        (MCP | BETTER_AUTH | {"JWT_AUDIENCE": MCP["TODO_MCP_URL"]}, "JWT_AUDIENCE must not be TODO_MCP_URL"),
        ({"TODO_PORT": "9464", "TODO_METRICS_PORT": "9464"}, "TODO_METRICS_PORT must not be the port of the API"),
        ({"TODO_WORKERS": "2"}, "TODO_WORKERS must be 1 with SQLite"),
        ({"TODO_ENV": "production"}, "set BETTER_AUTH_SECRET or BETTER_AUTH_URL"),
        ({"HOST": "0.0.0.0"}, "set BETTER_AUTH_SECRET or BETTER_AUTH_URL"),
        ({"TODO_ENV": "production", "BETTER_AUTH_SECRET": SECRET}, "TODO_ENV=production needs HTTPS"),
    ],
)
def test_the_error_for_a_wrong_setting_is_one_line_that_names_it(environment: dict[str, str], named: str) -> None:
    fault = fault_of(**environment)

    assert fault.startswith(named)
    assert "\n" not in fault
    assert SECRET not in fault


def test_all_wrong_settings_are_named_at_once() -> None:
    fault = fault_of(TODO_ENV="prod", PORT="http")

    assert "TODO_ENV: " in fault
    assert "TODO_PORT or PORT: " in fault


@pytest.mark.parametrize("https", [HTTPS, {"TODO_TRUSTED_PROXIES": "127.0.0.1"}])
def test_production_needs_https_or_a_proxy(https: dict[str, str]) -> None:
    settings = settings_of(TODO_ENV="production", BETTER_AUTH_SECRET=SECRET, **https)

    assert settings.exposed


@pytest.mark.parametrize("path", ["/mcp", "/apis", "/tasks/mcp", "/v1.0/mcp"])
def test_the_endpoint_for_assistants_has_a_path_of_its_own(path: str) -> None:
    assert settings_of(TODO_MCP_URL=f"https://tasks.example{path}").mcp_url == f"https://tasks.example{path}"


def test_the_url_of_the_endpoint_for_assistants_has_the_form_that_clients_send() -> None:
    assert settings_of(TODO_MCP_URL="HTTPS://Tasks.Example:443/Mcp").mcp_url == "https://tasks.example/Mcp"


@pytest.mark.parametrize(
    ("environment", "issuer"),
    [
        (MCP | BETTER_AUTH, "https://auth.example/api/auth"),
        (MCP | {"BETTER_AUTH_URL": "https://auth.example/auth/v1"}, "https://auth.example/auth/v1"),
        (MCP | BETTER_AUTH | {"TODO_OAUTH_ISSUER": "https://other.example/"}, "https://other.example/"),
        (MCP | {"BETTER_AUTH_SECRET": SECRET}, None),
        (BETTER_AUTH, None),
    ],
)
def test_the_issuer_of_tokens_for_assistants_is_better_auth_unless_configured(
    environment: dict[str, str], issuer: str | None
) -> None:
    assert settings_of(**environment).assistants_issuer == issuer


def test_several_workers_need_postgresql() -> None:
    assert settings_of(TODO_WORKERS="2", DATABASE_URL="postgres://host/db").workers == 2


@pytest.mark.parametrize(
    ("environment", "as_json"),
    [
        ({}, False),
        ({"TODO_LOG_FORMAT": "json"}, True),
        ({"TODO_ENV": "production", "BETTER_AUTH_SECRET": SECRET, **HTTPS}, True),
        ({"TODO_ENV": "production", "BETTER_AUTH_SECRET": SECRET, **HTTPS, "TODO_LOG_FORMAT": "text"}, False),
    ],
)
def test_on_a_terminal_the_log_is_json_only_in_production_unless_configured(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], *, as_json: bool
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)

    assert settings_of(**environment).logs_as_json is as_json


@pytest.mark.parametrize(("environment", "as_json"), [({}, True), ({"TODO_LOG_FORMAT": "text"}, False)])
def test_without_a_terminal_the_log_is_json_unless_configured(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], *, as_json: bool
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False)

    assert settings_of(**environment).logs_as_json is as_json


@pytest.mark.parametrize(("given", "level"), [("", "info"), ("WARNING", "warning"), ("error", "error")])
def test_the_level_of_the_log_may_be_in_any_case(given: str, level: str) -> None:
    assert settings_of(TODO_LOG_LEVEL=given).log_level == level


def test_no_secret_is_shown() -> None:
    settings = settings_of(BETTER_AUTH_SECRET=SECRET, DATABASE_URL="postgres://me:word@host/db")

    assert SECRET not in repr(settings)
    assert "word" not in repr(settings)


@pytest.mark.parametrize(
    ("host", "local"),
    [("localhost", True), ("127.0.0.2", True), ("::1", True), ("0.0.0.0", False), ("::", False), ("a.example", False)],
)
def test_loopback_addresses_are_recognized(host: str, *, local: bool) -> None:
    assert is_loopback(host) is local
