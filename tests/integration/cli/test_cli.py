"""The command line, except `serve`."""

import asyncio
import gc
import json
import os
import re
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.documents import text_of
from tests.integration.cli.conftest import Ended, Run
from tests.integration.server import running_server, settings_for
from tests.postgres import Postgres
from tests.tokens import SECRET
from todo_adapters.sql.migrations import upgrade
from todo_adapters.sql.sqlite.file import claim
from todo_adapters.sql.sqlite.repository import SqliteTaskRepository
from todo_api.cli.settings_help import described_settings
from todo_api.container import Container, assemble
from todo_api.server.serving import app_of_process
from todo_api.settings import read_settings
from todo_domain import Principal, TaskDraft, TaskQuery, UserId
from todo_domain.idempotency import IdempotencyKey


def refused(ended: Ended) -> str:
    """Return the only line of a refused command."""
    assert ended.status == 2
    assert ended.out == ""
    (line,) = ended.err.splitlines()
    return line.removeprefix("todo-api: ")


def test_the_program_prints_its_version(todo_api: Run) -> None:
    printed = todo_api("--version")

    assert printed == Ended(0, f"{version('todo-backend')}\n", "")


@pytest.mark.parametrize(("mode", "warns"), [(0o600, False), (0o644, False), (0o664, True), (0o646, True)])
def test_an_env_file_that_others_can_write_causes_a_warning(
    todo_api: Run,
    tmp_path: Path,
    mode: int,
    warns: bool,  # noqa: FBT001 - a case
) -> None:
    (tmp_path / ".env").write_text("TODO_PORT=8001\n")
    (tmp_path / ".env").chmod(mode)

    made = todo_api("token", "--user", "alice")

    assert made.status == 0
    assert ("other users can write to .env" in made.err) is warns


def test_garbage_collection_starts_after_loading_and_skips_the_loaded_modules(todo_api: Run) -> None:
    todo_api("--help")

    assert gc.isenabled()
    assert gc.get_freeze_count() > len(sys.modules)


@pytest.mark.usefixtures("todo_api")
def test_a_server_process_excludes_loaded_modules_from_garbage_collection() -> None:
    app_of_process()

    assert gc.get_freeze_count() > len(sys.modules)


@pytest.mark.parametrize(
    ("arguments", "environment", "line"),
    [
        ((), {"TODO_ENV": "prod"}, "TODO_ENV: Input should be 'development' or 'production'"),
        (("--port", "65536"), {}, "TODO_PORT or PORT: Input should be less than or equal to 65535"),
        (
            ("--host", "0.0.0.0"),
            {},
            "set BETTER_AUTH_SECRET or BETTER_AUTH_URL where others can reach the server",
        ),
        (
            ("--workers", "2"),
            {},
            "TODO_WORKERS must be 1 with SQLite: set DATABASE_URL to a PostgreSQL database",
        ),
        (("--database", "/nowhere/tasks.db"), {}, "TODO_DATABASE_URL: there is no directory /nowhere"),
        (
            ("--database", "postgres://host/db?nonsense=1"),
            {},
            "TODO_DATABASE_URL: PostgreSQL has no parameter nonsense: remove it",
        ),
        ((), {"BETTER_AUTH_SECRET": "short"}, "BETTER_AUTH_SECRET: a shared secret must have at least 32 bytes"),
        (
            (),
            {"BETTER_AUTH_SECRET": "better-auth-secret-12345678901234567890"},
            "BETTER_AUTH_SECRET: a shared secret must not be a published one, such as Better Auth's default",
        ),
        (
            (),
            {"BETTER_AUTH_URL": "http://auth.example"},
            "BETTER_AUTH_URL: the address of a key set must be https, or http on loopback",
        ),
    ],
)
def test_a_wrong_setting_stops_the_start_with_one_line(
    todo_api: Run, arguments: tuple[str, ...], environment: dict[str, str], line: str
) -> None:
    assert refused(todo_api("serve", *arguments, **environment)) == line


def test_the_help_of_serve_has_every_setting(todo_api: Run) -> None:
    printed = todo_api("serve", "--help").out

    section = printed.partition("Settings, from the environment or `.env` [default]:\n")[2]
    assert re.findall(r"^  (\w+)", section, re.MULTILINE) == [setting.name for setting in described_settings()]
    assert "at a time; up to 100 more wait. 0 means no bound. [10]" in " ".join(section.split())


def test_a_port_in_use_stops_the_start_with_one_line(todo_api: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        line = refused(todo_api("serve", "--port", str(port)))

    assert line.startswith(f"TODO_HOST, TODO_PORT: can't listen on 127.0.0.1 port {port}: Address already in use")


def test_an_invalid_certificate_stops_the_start_with_one_line(todo_api: Run, tmp_path: Path) -> None:
    (file := tmp_path / "not.pem").write_text("nothing")

    line = refused(todo_api("serve", "--ssl-certfile", file, "--ssl-keyfile", file))

    assert line.startswith("TODO_SSL_CERTFILE, TODO_SSL_KEYFILE: ")


def test_a_database_that_does_not_exist_stops_the_start_with_one_line(todo_api: Run, postgres: Postgres) -> None:
    with postgres.database() as url:
        line = refused(todo_api("serve", "--database", f"{url}x"))

    assert line == "TODO_DATABASE_URL: the database can't be reached: the database does not exist"


ADDRESSES = (
    "postgresql://me:{}@127.0.0.1:1/db",
    "postgresql+psycopg://me:{}@127.0.0.1:1/db",
    "postgres://:{}@127.0.0.1:1/db?schema=public",
    "psql 'postgresql://me:{}@127.0.0.1:1/db'",
    "host=127.0.0.1 port=1 password={}",
    "postgresql://127.0.0.1:1/db?user=me&password={}",
    "postgresql://127.0.0.1:1/db?sslpassword={}&sslmode=bogus",
    "postgresql://me:{}@127.0.0.1:1,127.0.0.1:2/db",
    "mysql://me:{}@127.0.0.1:1/db",
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    address=st.sampled_from(ADDRESSES),
    marks=st.text("/?#[]@:%&=+'\\" + '" ', max_size=3),
    command=st.sampled_from([("migrate",), ("check",), ("purge",), ("epoch", "--renew"), ("token", "--user", "a")]),
)
def test_no_output_of_any_command_contains_the_password_of_the_database(
    todo_api: Run, address: str, marks: str, command: tuple[str, ...]
) -> None:
    ended = todo_api(*command, "--database", address.format(f"hunter2{marks}swordfish"))

    assert "hunter2" not in ended.out + ended.err
    assert "swordfish" not in ended.out + ended.err


def test_a_secret_that_cannot_be_stored_stops_the_start_with_one_line(todo_api: Run, tmp_path: Path) -> None:
    (tmp_path / "tasks.db.secret").mkdir()

    assert refused(todo_api("serve", "--database", "tasks.db")).startswith("BETTER_AUTH_SECRET: ")


def test_a_missing_schema_stops_the_start_until_it_is_migrated(todo_api: Run, postgres: Postgres) -> None:
    with postgres.database() as url:
        line = refused(todo_api("serve", "--database", url))
        migrated = todo_api("migrate", "--database", url)
        checked = todo_api("check", "--database", url)

    assert line.startswith("TODO_DATABASE_URL: ")
    assert line.removeprefix("TODO_DATABASE_URL: ").replace("`", "") in text_of("docs/operating/upgrades.md")
    assert migrated == Ended(0, "the database has the schema of this version\n", "")
    assert checked.status == 0


def test_a_later_schema_is_left_as_it_is_or_refused(todo_api: Run, tmp_path: Path) -> None:
    todo_api("migrate", "--database", "tasks.db")
    with closing(sqlite3.connect(tmp_path / "tasks.db", isolation_level=None)) as connection:
        connection.execute("UPDATE todo_schema_version SET version_num = '9999'")
        left = todo_api("migrate", "--database", "tasks.db")
        connection.execute("UPDATE todo_schema_version SET oldest_program = '9999'")

    line = refused(todo_api("migrate", "--database", "tasks.db"))

    assert left.status == 0
    assert left.out.endswith("nothing was changed\n")
    message = re.sub("[0-9]{4}", "…", line.removeprefix("TODO_DATABASE_URL: "))
    assert message in text_of("docs/operating/upgrades.md")


def test_migrating_again_changes_nothing(todo_api: Run, tmp_path: Path) -> None:
    todo_api("migrate", "--database", "tasks.db")
    first = (tmp_path / "tasks.db").read_bytes()

    again = todo_api("migrate", "--database", "tasks.db")

    assert again.status == 0
    assert (tmp_path / "tasks.db").read_bytes() == first


async def verify(token: str) -> Principal:
    async with assemble(read_settings()).token_verifier() as verifier:
        principal: Principal = await verifier.verify(token)
        return principal


def test_a_token_names_its_user_and_is_valid_for_its_lifetime(todo_api: Run) -> None:
    before = datetime.now(UTC).replace(microsecond=0)

    token = todo_api("token", "--user", "alice", "--lifetime", "2h").out.strip()

    principal = asyncio.run(verify(token))
    assert principal.user_id == "alice"
    assert before <= principal.expires_at - timedelta(hours=2) <= datetime.now(UTC)


def test_a_token_is_signed_with_the_configured_secret(todo_api: Run) -> None:
    token = todo_api("token", "--user", "alice", BETTER_AUTH_SECRET=SECRET).out.strip()

    assert asyncio.run(verify(token)).user_id == "alice"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("--user", "a/b"), "user_id: must have 1 to 128 ASCII letters"),
        (("--user", "alice", "--lifetime", "1w"), "--lifetime: must be a number and s, m, h or d, such as 7d"),
        (("--user", "alice", "--lifetime", "32d"), "a token's lifetime must be 1 second to 31 days"),
    ],
)
def test_a_token_that_would_be_refused_is_not_printed(todo_api: Run, arguments: tuple[str, ...], line: str) -> None:
    assert refused(todo_api("token", *arguments)).startswith(line)


def test_an_access_token_is_printed_alone_and_represents_its_user(todo_api: Run) -> None:
    scopes = ("--scope", "tasks:read", "--scope", "tasks:write")
    created = todo_api("access-token", "--user", "alice", "--name", "Backup", *scopes)

    secret = created.out.removesuffix("\n")
    principal = asyncio.run(verify_with_store(secret))
    assert (created.status, created.err) == (0, "")
    assert (principal.user_id, set(principal.scopes)) == ("alice", {"tasks:read", "tasks:write"})


async def verify_with_store(token: str) -> Principal:
    container = assemble(read_settings())
    async with container.task_repository(), container.token_verifier() as verifier:
        principal: Principal = await verifier.verify(token)
        return principal


@pytest.mark.parametrize(
    ("user", "scope", "line"),
    [
        ("a b", "tasks:read", "user_id: must have 1 to 128"),
        ("alice", "tasks", "scopes: must have at least one scope, each tasks:read or tasks:write or calendar:read"),
    ],
)
def test_a_wrong_access_token_is_not_created(todo_api: Run, user: str, scope: str, line: str) -> None:
    assert refused(todo_api("access-token", "--user", user, "--name", "a", "--scope", scope)).startswith(line)


def test_with_published_keys_only_the_issuer_creates_tokens(todo_api: Run) -> None:
    line = refused(todo_api("token", "--user", "alice", BETTER_AUTH_URL="https://auth.example"))

    assert (
        line
        == "with published keys, only the issuer can create tokens; Better Auth does so at /token below its base path"
    )


def test_the_secret_of_development_mode_is_created_once_and_private(todo_api: Run, tmp_path: Path) -> None:
    todo_api("token", "--user", "alice", "--database", "tasks.db")
    secret = (tmp_path / "tasks.db.secret").read_text()

    todo_api("token", "--user", "alice", "--database", "tasks.db")

    assert len(secret) == 64
    assert (tmp_path / "tasks.db.secret").read_text() == secret
    assert (tmp_path / "tasks.db.secret").stat().st_mode & 0o777 == 0o600


def test_the_development_mode_has_a_secret_with_postgresql_too(todo_api: Run) -> None:
    minted = todo_api("token", "--user", "alice", "--database", "postgres://127.0.0.1/tasks")

    assert minted.status == 0


def test_the_openapi_document_needs_no_setting(todo_api: Run) -> None:
    printed = todo_api("openapi", TODO_ENV="nonsense")

    assert printed.status == 0
    assert json.loads(printed.out)["info"]["title"] == "todo-backend"


def test_the_openapi_document_is_the_same_every_time() -> None:
    program = Path(sys.executable).with_name("todo-api")

    printed = {
        subprocess.run(
            [program, "openapi"], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }

    assert len(printed) == 1


def store_expired(path: Path, count: int) -> None:
    """Store tasks that were created with a key and removed, long ago."""

    async def fill() -> None:
        at = datetime(2020, 1, 1, tzinfo=UTC)
        user = UserId("alice")
        async with SqliteTaskRepository(path) as store:
            for number in range(count):
                draft = TaskDraft(title="Buy milk")
                added = await store.add(user, draft, at=at, key=IdempotencyKey.of_request(str(number), draft))
                await store.remove(user, added.task.id, at=at)

    asyncio.run(fill())


def test_a_purge_deletes_expired_records_in_batches(todo_api: Run, tmp_path: Path) -> None:
    store_expired(tmp_path / "tasks.db", 300)

    counted = todo_api("purge", "--dry-run", "--database", "tasks.db")
    purged = todo_api("purge", "--database", "tasks.db")
    counted_again = todo_api("purge", "--dry-run", "--database", "tasks.db")

    assert counted == Ended(0, "600 records have expired: tasks in the trash, deletions, keys and access tokens\n", "")
    assert purged.status == 0
    assert counted_again.out == "0 records have expired: tasks in the trash, deletions, keys and access tokens\n"


def test_records_that_have_not_expired_are_not_purged(todo_api: Run, tmp_path: Path) -> None:
    store_expired(tmp_path / "tasks.db", 1)
    years = {"TODO_TRASH_DAYS": "36500", "TODO_DELETIONS_DAYS": "36500", "TODO_IDEMPOTENCY_HOURS": "87600"}

    counted = todo_api("purge", "--dry-run", "--database", "tasks.db", **years)

    assert counted.out == "0 records have expired: tasks in the trash, deletions, keys and access tokens\n"


def test_the_epoch_is_renewed_only_with_the_option_renew(todo_api: Run) -> None:
    without_option = todo_api("epoch", "--database", "tasks.db")
    renewed = [todo_api("epoch", "--renew", "--database", "tasks.db").out for _ in range(2)]

    assert without_option.status == 2
    assert re.fullmatch(r"the change feed has the new epoch [0-9a-f]+\n", renewed[0])
    assert renewed[0] != renewed[1]


def test_a_backup_is_restored_with_a_new_epoch(todo_api: Run, tmp_path: Path) -> None:
    store_expired(tmp_path / "tasks.db", 3)

    backed_up = todo_api("backup", "backup.db", "--database", "tasks.db")
    restored = todo_api("restore", "backup.db", "--database", "other.db")
    counted = todo_api("purge", "--dry-run", "--database", "other.db")

    database, other = (tmp_path / name for name in ("tasks.db", "other.db"))
    assert backed_up == Ended(0, f"backup.db is a complete backup of {database}\n", "")
    assert re.fullmatch(
        rf"{other} has the content of backup\.db; the change feed has the new epoch [0-9a-f]+\n", restored.out
    )
    assert counted.out.startswith("6 records")


def test_a_backup_replaces_a_file_only_with_the_option_overwrite(todo_api: Run) -> None:
    todo_api("migrate", "--database", "tasks.db")
    todo_api("backup", "backup.db", "--database", "tasks.db")

    line = refused(todo_api("backup", "backup.db", "--database", "tasks.db"))
    replaced = todo_api("backup", "backup.db", "--overwrite", "--database", "tasks.db")

    assert line == "backup.db exists: choose another file, or add --overwrite"
    assert replaced.status == 0


def test_a_restore_during_the_work_of_a_server_is_refused(todo_api: Run, tmp_path: Path) -> None:
    todo_api("migrate", "--database", "tasks.db")
    todo_api("backup", "backup.db", "--database", "tasks.db")

    with closing(claim(tmp_path / "tasks.db")):
        line = refused(todo_api("restore", "backup.db", "--database", "tasks.db"))

    assert line.startswith(f"TODO_DATABASE_URL: {tmp_path / 'tasks.db'} is in use: one server process")


@pytest.mark.parametrize(("command", "program"), [("backup", "pg_dump"), ("restore", "pg_restore")])
def test_for_postgresql_its_own_program_is_named(todo_api: Run, command: str, program: str) -> None:
    line = refused(todo_api(command, "tasks.dump", "--database", "postgres://127.0.0.1/tasks"))

    assert f"use {program} for PostgreSQL" in line
    assert "docs/operating/backup.md" in line


def test_an_erasure_leaves_nothing_of_the_user_and_can_be_repeated(todo_api: Run, tmp_path: Path) -> None:
    async def titles(*, add: bool) -> list[str]:
        async with SqliteTaskRepository(tmp_path / "tasks.db") as store:
            if add:
                for user in ("alice", "bob"):
                    for _ in range(300):
                        await store.add(UserId(user), TaskDraft(title=user), at=datetime.now(UTC))
            found = [await store.list(UserId(user), TaskQuery()) for user in ("alice", "bob")]
        return sorted({task.title for page in found for task in page.tasks})

    asyncio.run(titles(add=True))

    erased = [todo_api("erase", "--user", "alice", "--database", "tasks.db") for _ in range(2)]

    assert erased == [Ended(0, "everything of alice is erased\n", "")] * 2
    assert asyncio.run(titles(add=False)) == ["bob"]


def test_an_erasure_needs_a_user_and_a_file_that_no_server_uses(todo_api: Run, tmp_path: Path) -> None:
    assert refused(todo_api("erase", "--user", "a b", "--database", "tasks.db")).startswith("user_id: must have 1")
    with closing(claim(tmp_path / "tasks.db")):
        line = refused(todo_api("erase", "--user", "alice", "--database", "tasks.db"))

    assert "is in use" in line


def test_an_erasure_on_postgresql_works_beside_a_server(todo_api: Run, postgres: Postgres) -> None:
    with postgres.database() as url:
        upgrade(url)
        container = Container(settings=settings_for(url))
        with running_server(container) as server, server.client("alice") as alice, server.client("bob") as bob:
            statuses = [client.post("/tasks", json={"title": "a"}).status_code for client in (alice, bob)]

            erased = todo_api("erase", "--user", "alice", "--database", url)

            assert (statuses, erased.status) == ([201, 201], 0)
            assert alice.post("/tasks", json={"title": "b"}).status_code == 401
            assert bob.get("/tasks").json()["count"] == 1
