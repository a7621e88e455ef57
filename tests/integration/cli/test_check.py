"""`todo-api check`: it names each cause, on servers that really have it, and never prints a password."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from tests.integration.certificates import write_certificate
from tests.integration.cli.conftest import Ended, Run
from tests.integration.cli.test_serve import clean_environment
from tests.integration.cli.tls_front import tls_front
from tests.postgres import LocalPostgres, Postgres
from tests.tokens import SECRET
from todo_adapters.sql.migrations import upgrade
from todo_adapters.sql.postgres.driver.causes import Cause
from todo_api.server.diagnosis import PROBLEMS

PASSWORD = "hunter2swordfish"

Check = Callable[..., Ended]


@pytest.fixture
def check(todo_api: Run) -> Check:
    """Run the command; its output must not contain the password."""

    def run(database: str | Path, **environment: str) -> Ended:
        ended = todo_api("check", "--database", database, **environment)
        assert PASSWORD not in ended.out + ended.err
        return ended

    return run


@pytest.fixture
def server(postgres: Postgres) -> LocalPostgres:
    """A server that asks nobody for a password, and whose settings can be changed."""
    if not isinstance(postgres, LocalPostgres):
        pytest.skip("needs the server of the tests")
    return postgres


@pytest.fixture
def database(server: LocalPostgres) -> Iterator[str]:
    """A database with our schema."""
    with server.database() as url:
        upgrade(url)
        yield with_password(url)


def with_password(url: str) -> str:
    return url.replace("@", f":{PASSWORD}@")


@pytest.fixture
def guarded(database: str, server: LocalPostgres, tmp_path: Path) -> Iterator[str]:
    """The database over TLS, for a user whose password the server asks for. The certificate is `server.crt`."""
    files = tmp_path / "server.crt", tmp_path / "server.key"
    write_certificate(*files)
    with server.asking_for_passwords("guarded", PASSWORD), tls_front(database, *files) as url:
        yield re.sub("//.*@", f"//guarded:{PASSWORD}@", url)


def problem_of(ended: Ended) -> str:
    """Return the only problem that was found, whose status is that of the command."""
    (problem,) = re.findall(r"^(?:database|clock|keys|descriptors): (\w+): .", ended.out, re.MULTILINE)
    assert ended.status == PROBLEMS[problem].status
    return str(problem)


def execute(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def test_a_check_prints_the_settings_without_secrets(todo_api: Run) -> None:
    checked = todo_api("check", BETTER_AUTH_SECRET=SECRET, TODO_PREVIOUS_SECRETS=SECRET[::-1], CORS_ORIGINS="http://a")

    lines = checked.out.splitlines()
    assert checked.status == 0
    assert "TODO_PORT=8000" in lines
    assert "TODO_AUTH=" in lines
    assert "TODO_CORS_ORIGINS=http://a" in lines
    assert "TODO_BETTER_AUTH_SECRET=(set)" in lines
    assert "TODO_PREVIOUS_SECRETS=(set)" in lines
    assert "tokens are verified by: secret" in lines
    assert lines[-3:] == ["database: ready", "keys: ready", "descriptors: ready"]
    assert SECRET not in checked.out
    assert SECRET[::-1] not in checked.out


def test_a_check_of_postgresql_compares_the_clocks_too(check: Check, database: str) -> None:
    checked = check(database)

    assert checked.status == 0
    assert checked.out.splitlines()[-4:] == ["database: ready", "clock: ready", "keys: ready", "descriptors: ready"]


@pytest.mark.parametrize(
    ("pattern", "replacement", "problem"),
    [
        ("@.*?:", "@unknown-host.invalid:", "unknown_host"),
        (r":\d+/", ":1/", "nothing_listens"),
        ("//.*@", f"//nobody:{PASSWORD}@", "unknown_user"),
        ("$", "x", "unknown_database"),
        ("$", "?sslmode=require", "no_tls"),
        ("$", "?channel_binding=require", "channel_binding"),
    ],
)
def test_a_wrong_address_is_named(
    check: Check, server: LocalPostgres, pattern: str, replacement: str, problem: str
) -> None:
    checked = check(re.sub(pattern, replacement, with_password(server.url), count=1))

    assert problem_of(checked) == problem
    assert "\nkeys: ready\n" in checked.out


def test_a_wrong_password_and_an_unknown_certificate_are_named(check: Check, guarded: str, tmp_path: Path) -> None:
    write_certificate(tmp_path / "other.crt", tmp_path / "other.key")
    trusted = f"{guarded}?sslmode=verify-full&sslrootcert={tmp_path / 'server.crt'}"

    assert check(trusted).status == 0
    assert problem_of(check(trusted.replace(PASSWORD, f"{PASSWORD}x"))) == "password"
    assert problem_of(check(trusted.replace(f":{PASSWORD}", ""))) == "password"
    assert problem_of(check(trusted.replace("server.crt", "other.crt"))) == "certificate"
    assert problem_of(check(trusted.replace("server.crt", "none.crt"))) == "certificate"
    assert problem_of(check(f"{trusted}&channel_binding=require")) == "channel_binding"
    assert problem_of(check(f"{trusted}&dbname=postgres")) == "refused"


def test_a_server_that_does_not_respond_is_named(check: Check) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        checked = check(
            f"postgresql://me:{PASSWORD}@127.0.0.1:{silent.getsockname()[1]}/db", TODO_DATABASE_TIMEOUT_SECONDS="0.1"
        )

    assert problem_of(checked) == "no_response"


def test_a_schema_that_the_program_cannot_serve_is_named(check: Check, database: str) -> None:
    for change, problem in (
        ("UPDATE todo_schema_version SET version_num = '9999', oldest_program = '9999'", "newer_schema"),
        ("UPDATE todo_schema_version SET version_num = '?'", "database"),
        ("DROP SCHEMA public CASCADE", "older_schema"),
    ):
        execute(database, change)

        assert problem_of(check(database)) == problem


def test_a_clock_that_differs_from_the_database_is_named(check: Check, database: str) -> None:
    """The database gets a clock of its own, which hides PostgreSQL's."""
    execute(database, f"ALTER DATABASE {database.rpartition('/')[2]} SET search_path = public, pg_catalog")
    for difference, direction in (("- interval '60 s'", "ahead of"), ("+ interval '60 s'", "behind")):
        execute(
            database,
            "CREATE OR REPLACE FUNCTION clock_timestamp() RETURNS timestamptz LANGUAGE sql AS "
            f"$$ SELECT pg_catalog.clock_timestamp() {difference} $$",
        )

        checked = check(database)

        assert problem_of(checked) == "clock_skew"
        assert re.search(rf"^clock: .* is (59|60|61) s {direction} the database server$", checked.out, re.MULTILINE)


def test_keys_that_are_out_of_reach_are_named(check: Check, tmp_path: Path) -> None:
    checked = check(tmp_path / "tasks.db", BETTER_AUTH_URL="http://127.0.0.1:1")

    assert problem_of(checked) == "keys_unreachable"
    assert re.search(
        r"\ndatabase: ready\nkeys: keys_unreachable: the signing keys can't be fetched: .*Connect", checked.out
    )


def test_too_few_descriptors_are_named(tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("todo-api")

    done = subprocess.run(
        ["bash", "-c", f"ulimit -n 64; exec {program} check --database tasks.db"],
        cwd=tmp_path,
        env=clean_environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )

    assert problem_of(Ended(done.returncode, done.stdout, done.stderr)) == "few_descriptors"


def test_the_status_is_that_of_the_first_problem(check: Check) -> None:
    checked = check(f"postgresql://me:{PASSWORD}@127.0.0.1:1/db", BETTER_AUTH_URL="http://127.0.0.1:1")

    assert ": nothing_listens: " in checked.out
    assert ": keys_unreachable: " in checked.out
    assert checked.status == PROBLEMS["nothing_listens"].status


def test_every_status_is_distinct_and_means_nothing_else() -> None:
    statuses = [problem.status for problem in PROBLEMS.values()]

    assert len(set(statuses)) == len(statuses)
    assert not {0, 1, 2, 3} & set(statuses)
    assert max(statuses) < os.EX_USAGE


def test_every_lasting_cause_of_a_failed_connection_has_a_status() -> None:
    without = {cause.kind for cause in Cause} - set(PROBLEMS)

    assert without == {"not_writable", "standby", "not_running", "no_free_connection"}
