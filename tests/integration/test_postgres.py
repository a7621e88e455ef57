"""The PostgreSQL servers that other tests use."""

import psycopg
import pytest

from tests.postgres import LocalPostgres, Postgres


def _execute(url: str, statement: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(statement.encode())


def _read(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(query.encode()).fetchall()


def test_a_database_can_be_a_copy_of_another(postgres: Postgres) -> None:
    with postgres.database() as original:
        _execute(original, "CREATE TABLE copied AS SELECT 42 AS number")

        with postgres.database(copy_of=original) as copy:
            copied = _read(copy, "TABLE copied")

    assert copied == [(42,)]


def test_a_database_is_dropped_at_the_end(postgres: Postgres) -> None:
    with postgres.database() as url:
        pass

    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(url)


def test_a_killed_server_restarts_with_the_committed_data(own_postgres: LocalPostgres) -> None:
    _execute(own_postgres.url, "CREATE TABLE kept AS SELECT 42 AS number")

    own_postgres.kill()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(own_postgres.url)
    own_postgres.start()

    assert _read(own_postgres.url, "TABLE kept") == [(42,)]


def test_a_restarted_server_ends_open_sessions(own_postgres: LocalPostgres) -> None:
    session = psycopg.connect(own_postgres.url)

    own_postgres.restart()

    with session, pytest.raises(psycopg.OperationalError):
        session.execute("SELECT")
