import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from tests.postgres import Postgres
from todo_adapters.sql import migrations, statements
from todo_adapters.sql.dialects import POSTGRESQL, SQLITE
from todo_adapters.sql.migrations import HEAD, OLDEST_PROGRAM, VERSION_TABLE, ensure, upgrade
from todo_adapters.sql.postgres.repository import PostgresTaskRepository
from todo_adapters.sql.rows import read_task, state_values
from todo_adapters.sql.sqlite.repository import SqliteTaskRepository
from todo_adapters.sql.tables import metadata
from todo_domain import StorageUnavailable, Task, TaskDraft, TaskStore, UserId

UPGRADE = "import sys; from todo_adapters.sql.migrations import upgrade; upgrade(sys.argv[1])"

ENSURE_WITHOUT_ALEMBIC = """
import sys
sys.modules["alembic"] = None
from todo_adapters.sql.migrations import ensure
ensure(sys.argv[1])
"""

DIALECTS = {"sqlite": SQLITE, "postgresql": POSTGRESQL}
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TASK = Task.from_draft(TaskDraft(title="Buy milk"), user_id=UserId("alice"), id=1, revision=1, at=NOON)

# The columns of our tables in the catalogue, in an order that does not depend on when a column was added.
CATALOGUE = {
    "sqlite": [
        """SELECT tables.name, columns.name, columns.type, "notnull", dflt_value, pk
           FROM pragma_table_list AS tables, pragma_table_info(tables.name) AS columns
           WHERE tables.name <> 'todo_schema_version' AND tables.name NOT LIKE 'sqlite_%' ORDER BY 1, 2""",
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name <> 'todo_schema_version' ORDER BY 1",
        "SELECT name, wr, strict FROM pragma_table_list WHERE name <> 'todo_schema_version' ORDER BY 1",
    ],
    "postgresql": [
        """SELECT table_name, column_name, data_type, is_nullable, column_default, collation_name
           FROM information_schema.columns
           WHERE table_schema = 'public' AND table_name <> 'todo_schema_version' ORDER BY 1, 2""",
        "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'todo_schema_version' ORDER BY 1",
        "SELECT relname, reloptions FROM pg_class WHERE reloptions IS NOT NULL ORDER BY 1",
    ],
}
REVISIONS = [
    script.revision
    for script in ScriptDirectory.from_config(
        Config(config_args={"script_location": "todo_adapters.sql:migrations"})
    ).walk_revisions("base", "heads")
][::-1]


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'todo.db'}"
    else:
        server: Postgres = request.getfixturevalue("postgres")
        with server.database() as url:
            yield url


@contextmanager
def connection_to(url: str) -> Iterator[sa.Connection]:
    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"), poolclass=sa.NullPool)
    with engine.begin() as connection:
        yield connection


def catalogue(url: str) -> list[list[sa.Row[Any]]]:
    with connection_to(url) as connection:
        return [list(connection.exec_driver_sql(query)) for query in CATALOGUE[connection.dialect.name]]


def is_current(url: str) -> bool:
    with connection_to(url) as connection:
        if VERSION_TABLE not in sa.inspect(connection).get_table_names():
            return False
        return connection.scalars(sa.text(f"SELECT version_num FROM {VERSION_TABLE}")).all() == [HEAD]


def store_of(url: str) -> TaskStore:
    """Return the adapter of the database at a URL."""
    if url.startswith("sqlite:"):
        return SqliteTaskRepository(Path(url.removeprefix("sqlite:///")))
    return PostgresTaskRepository(url)


def start(url: str) -> None:
    """Open the adapter as a server does."""

    async def open_and_close() -> None:
        async with store_of(url):
            pass

    asyncio.run(open_and_close())


def epochs(url: str) -> list[str]:
    with connection_to(url) as connection:
        return list(connection.scalars(sa.text("SELECT epoch FROM store")))


def test_an_empty_database_is_not_current_until_it_is_upgraded(empty_database: str) -> None:
    before = is_current(empty_database)

    upgrade(empty_database)

    assert (before, is_current(empty_database)) == (False, True)


def test_upgrading_again_changes_nothing(empty_database: str) -> None:
    upgrade(empty_database)
    first = (catalogue(empty_database), epochs(empty_database))

    upgrade(empty_database)

    assert (catalogue(empty_database), epochs(empty_database)) == first


def test_several_processes_can_upgrade_postgresql_at_once(postgres: Postgres) -> None:
    with postgres.database() as url:
        processes = [subprocess.Popen([sys.executable, "-c", UPGRADE, url]) for _ in range(2)]

        statuses = [process.wait() for process in processes]

        assert statuses == [0, 0]
        assert len(epochs(url)) == 1


def test_an_upgrade_waits_a_bounded_time_for_a_table_in_use(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "TABLE_LOCK_SECONDS", 0.05)
    with postgres.database() as url:
        upgrade(url)
        with psycopg.connect(url) as user:
            user.execute(f"LOCK TABLE {VERSION_TABLE} IN ACCESS EXCLUSIVE MODE")

            with pytest.raises(StorageUnavailable, match="lock timeout"):
                upgrade(url)


def test_every_store_has_an_epoch_of_its_own(tmp_path: Path) -> None:
    urls = [f"sqlite:///{tmp_path / name}" for name in ("first.db", "second.db")]

    for url in urls:
        upgrade(url)

    first, second = map(epochs, urls)
    assert first != second


def test_alembic_finds_nothing_to_add_to_the_migrations(empty_database: str) -> None:
    upgrade(empty_database)

    with connection_to(empty_database) as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True, "version_table": VERSION_TABLE}
        )
        differences = compare_metadata(context, metadata)

    assert differences == []


def test_the_migrations_create_the_schema_of_the_tables(empty_database: str) -> None:
    upgrade(empty_database)
    migrated = catalogue(empty_database)
    with connection_to(empty_database) as connection:
        metadata.drop_all(connection)
        metadata.create_all(connection)

    assert catalogue(empty_database) == migrated


def test_a_new_file_gets_the_schema_of_the_migrations_without_alembic(tmp_path: Path) -> None:
    made, migrated = tmp_path / "made.db", tmp_path / "migrated.db"
    upgrade(f"sqlite:///{migrated}")

    subprocess.run([sys.executable, "-c", ENSURE_WITHOUT_ALEMBIC, f"sqlite:///{made}"], check=True)

    assert catalogue(f"sqlite:///{made}") == catalogue(f"sqlite:///{migrated}")
    for path in (made, migrated):
        with connection_to(f"sqlite:///{path}") as connection:
            floors = connection.scalars(sa.text("SELECT revision_floor FROM store")).all()
        assert (is_current(f"sqlite:///{path}"), floors) == (True, [0])


@pytest.fixture(params=REVISIONS[:-1])
def old_database(request: pytest.FixtureRequest, empty_database: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database of each earlier version."""
    with monkeypatch.context() as old_version:
        old_version.setattr(migrations, "HEAD", request.param)
        upgrade(empty_database)
    return empty_database


def test_an_upgrade_keeps_the_data(old_database: str) -> None:
    """Insert a row with the columns that the table had in that version."""
    was_current = is_current(old_database)
    with connection_to(old_database) as connection:
        dialect = DIALECTS[connection.dialect.name]
        old_table = sa.Table("tasks", sa.MetaData(), autoload_with=connection)
        row = state_values(dialect, TASK.user_id, TASK)
        connection.execute(sa.insert(old_table).values({column.name: row[column.name] for column in old_table.c}))

    upgrade(old_database)

    with connection_to(old_database) as connection:
        kept = [read_task(dialect, TASK.user_id, row) for row in connection.execute(sa.select(*statements.TASK))]
    assert (was_current, is_current(old_database), kept) == (False, True, [TASK])


def test_programs_of_earlier_versions_can_insert_after_an_upgrade(old_database: str) -> None:
    """The new columns are nullable or have a server default, as `OLDEST_PROGRAM` requires."""
    with connection_to(old_database) as connection:
        dialect = DIALECTS[connection.dialect.name]
        (version,) = connection.scalars(sa.text(f"SELECT version_num FROM {VERSION_TABLE}"))
        old_table = sa.Table("tasks", sa.MetaData(), autoload_with=connection)
    if version < OLDEST_PROGRAM:
        pytest.skip("programs of this version can't serve the current schema")
    row = state_values(dialect, TASK.user_id, TASK)

    upgrade(old_database)

    with connection_to(old_database) as connection:
        connection.execute(sa.insert(old_table).values({column.name: row[column.name] for column in old_table.c}))


@pytest.mark.parametrize("empty_database", ["sqlite"], indirect=True)
def test_a_file_of_an_earlier_version_is_upgraded_when_it_is_opened(old_database: str) -> None:
    ensure(old_database)

    assert is_current(old_database)


def test_a_failed_upgrade_changes_nothing(empty_database: str) -> None:
    with connection_to(empty_database) as connection:
        connection.execute(sa.text("CREATE TABLE store (id INTEGER)"))

    with pytest.raises(StorageUnavailable, match="store"):
        upgrade(empty_database)

    with connection_to(empty_database) as connection:
        assert sa.inspect(connection).get_table_names() == ["store"]


@pytest.mark.parametrize("use", [start, ensure, upgrade])
@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        (
            "UPDATE todo_schema_version SET version_num = '9999', oldest_program = '9998'",
            f"the database has schema 9999, which needs a program of schema 9998 or later, and this one is of {HEAD}",
        ),
        ("UPDATE todo_schema_version SET version_num = 'abc'", "the table todo_schema_version is damaged"),
        ("DELETE FROM todo_schema_version", "the table todo_schema_version is damaged"),
        ("DROP TABLE idempotency_keys", "the table idempotency_keys is missing"),
        ("DROP TABLE todo_schema_version", "the database belongs to another program: it has a table"),
    ],
)
def test_an_unknown_schema_is_refused_and_not_changed(
    empty_database: str, use: Callable[[str], object], damage: str, fault: str
) -> None:
    upgrade(empty_database)
    with connection_to(empty_database) as connection:
        connection.execute(sa.text(damage))
    before = catalogue(empty_database)

    with pytest.raises(StorageUnavailable, match=fault):
        use(empty_database)

    assert catalogue(empty_database) == before


@pytest.mark.parametrize("use", [start, ensure, upgrade])
def test_a_newer_schema_that_this_program_can_serve_is_used_and_not_changed(
    empty_database: str, use: Callable[[str], object]
) -> None:
    upgrade(empty_database)
    with connection_to(empty_database) as connection:
        connection.execute(sa.text("UPDATE todo_schema_version SET version_num = '9999'"))
    before = catalogue(empty_database)

    use(empty_database)

    with connection_to(empty_database) as connection:
        versions = connection.execute(sa.text("SELECT version_num, oldest_program FROM todo_schema_version")).all()
    assert (catalogue(empty_database), versions) == (before, [("9999", OLDEST_PROGRAM)])


@pytest.mark.parametrize("empty_database", ["sqlite"], indirect=True)
def test_an_upgrade_says_which_program_is_the_oldest_that_can_serve(
    empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade(empty_database)
    monkeypatch.setattr(migrations, "OLDEST_PROGRAM", HEAD)

    upgrade(empty_database)

    with connection_to(empty_database) as connection:
        assert connection.scalars(sa.text("SELECT oldest_program FROM todo_schema_version")).all() == [HEAD]


@pytest.mark.parametrize("version", ["0001", "0002", "9999"])
def test_the_version_table_of_another_program_is_not_used(postgres: Postgres, version: str) -> None:
    with postgres.database() as url:
        with connection_to(url) as connection:
            connection.execute(sa.text("CREATE TABLE alembic_version (version_num varchar(32))"))
            connection.execute(sa.text(f"INSERT INTO alembic_version VALUES ('{version}')"))

        was_current = is_current(url)
        upgrade(url)

        with connection_to(url) as connection:
            kept = connection.scalars(sa.text("SELECT version_num FROM alembic_version")).all()
        assert (was_current, is_current(url), kept) == (False, True, [version])


def test_a_file_of_another_program_is_not_changed(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "other.db")) as other:
        other.execute("CREATE TABLE notes (id INTEGER)")
    before = (tmp_path / "other.db").read_bytes()

    with pytest.raises(StorageUnavailable, match="belongs to another program: it has a table notes"):
        ensure(f"sqlite:///{tmp_path / 'other.db'}")

    assert (tmp_path / "other.db").read_bytes() == before


def test_a_migration_that_the_database_refuses_raises_its_message(postgres: Postgres) -> None:
    with postgres.database() as url:
        with connection_to(url) as connection:
            connection.execute(sa.text("CREATE TYPE store AS (id INTEGER)"))

        with pytest.raises(StorageUnavailable, match='relation "store" already exists'):
            upgrade(url)


@pytest.mark.parametrize("url", ["postgresql://127.0.0.1:1/db", "postgresql://nobody@127.0.0.1:{port}/none"])
def test_an_unreachable_database_raises_the_cause(postgres: Postgres, url: str) -> None:
    with postgres.database() as existing:
        port = sa.make_url(existing).port

    with pytest.raises(StorageUnavailable, match=r"nothing listens at this host|does not exist|is wrong"):
        upgrade(url.format(port=port))


def test_an_unreachable_database_raises_storage_unavailable(tmp_path: Path) -> None:
    with pytest.raises(StorageUnavailable):
        upgrade(f"sqlite:///{tmp_path / 'missing' / 'todo.db'}")


def test_there_are_no_downgrades() -> None:
    scripts = ScriptDirectory.from_config(Config(config_args={"script_location": "todo_adapters.sql:migrations"}))

    assert not [script.revision for script in scripts.walk_revisions() if hasattr(script.module, "downgrade")]


def test_head_is_the_last_migration() -> None:
    config = Config()
    config.set_main_option("script_location", "todo_adapters.sql:migrations")

    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]
