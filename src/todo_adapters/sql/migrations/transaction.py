"""The transaction in which a schema is read or changed, on either database."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import sqlalchemy as sa

from todo_adapters.sql.sqlite.file import fault_of
from todo_domain import StorageUnavailable


@contextmanager
def transaction(address: str | sa.URL) -> Iterator[sa.Connection]:
    """Yield a connection in a transaction. Raises StorageUnavailable with the database's own message."""
    is_sqlite = isinstance(address, sa.URL) or address.startswith("sqlite:")
    engine = _sqlite_engine(address) if is_sqlite else _postgresql_engine(str(address))
    try:
        with engine.begin() as connection:
            yield connection
    except sa.exc.SQLAlchemyError as error:
        raise StorageUnavailable(f"the database's schema can't be read or changed: {_reason(error)}") from error
    finally:
        engine.dispose()


def _reason(error: sa.exc.SQLAlchemyError) -> str:
    """Return the database's message; never an address, which can contain a password."""
    cause = getattr(error, "orig", None)
    if isinstance(cause, sqlite3.Error):
        return fault_of(cause)
    message = getattr(getattr(cause, "diag", None), "message_primary", None)
    if message or cause is None:
        return str(message or type(error).__name__)
    from todo_adapters.sql.postgres.driver.causes import cause_of  # noqa: PLC0415 - SQLite needs no psycopg

    return cause_of(cause) or "the connection failed"


def _postgresql_engine(address: str) -> sa.Engine:
    import psycopg  # noqa: PLC0415 - SQLite needs no psycopg

    from todo_adapters.sql.postgres.driver.conninfo import conninfo_of  # noqa: PLC0415 - the same

    conninfo = conninfo_of(address)
    # A pooler may not keep prepared statements.
    connect = partial(psycopg.connect, conninfo, prepare_threshold=None)
    return sa.create_engine("postgresql+psycopg://", creator=connect, poolclass=sa.NullPool)


def _sqlite_engine(url: str | sa.URL) -> sa.Engine:
    engine = sa.create_engine(url, poolclass=sa.NullPool)

    # The driver does not begin a transaction before DDL.
    @sa.event.listens_for(engine, "connect")
    def _leave_transactions_to_us(connection: Any, _: object) -> None:
        connection.isolation_level = None

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine
