"""Bringing a database to the schema of this version: by Alembic, forward only, all at once or not at all.

A new SQLite file gets at once what the migrations would make, since most starts of a first try are on one.

There is no way back but a backup: to downgrade would be to delete what users wrote.
"""

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import sqlalchemy as sa

from todo_adapters.sql.tables import metadata, store
from todo_domain import StorageUnavailable

HEAD: Final = "0002"
"""The revision of this version's schema."""

_applied: Final = sa.Table(
    "alembic_version",
    sa.MetaData(),
    sa.Column("version_num", sa.String(32), nullable=False),
    sa.PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
"""Alembic's own table."""

# Any number that other users of the same PostgreSQL database are unlikely to take.
_UPGRADE_LOCK: Final = 0x746F646F
# Alembic knows one migration context per process.
_one_upgrade: Final = threading.Lock()


def upgrade(url: str | sa.URL) -> None:
    """Bring the database at a URL (`sqlite:///…`, `postgresql://…`) to this version's schema.

    Safe to call again, and on PostgreSQL by several processes at once. Raises
    StorageUnavailable when the database can't be used or has a schema that this
    version does not know.
    """
    # A tenth of a server's start, and needed only where the schema is old.
    from alembic import command  # noqa: PLC0415 - see above
    from alembic.config import Config  # noqa: PLC0415 - see above
    from alembic.util import CommandError  # noqa: PLC0415 - see above

    with _one_upgrade, _transaction(url) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_UPGRADE_LOCK)))
        # env.py reads the attributes; the scripts are installed with this package.
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", "todo_adapters.sql:migrations")
        try:
            command.upgrade(config, HEAD)
        except CommandError as cause:
            raise StorageUnavailable(f"the database's schema can't be upgraded: {cause}") from cause


def is_current(url: str | sa.URL) -> bool:
    """Say whether the database has exactly this version's schema. Raises StorageUnavailable."""
    with _transaction(url) as connection:
        return _is_current(connection)


def ensure(url: str | sa.URL) -> None:
    """Bring a database to this version's schema where it has another; an empty one gets it without Alembic.

    Raises StorageUnavailable as `upgrade` does. Not for PostgreSQL, where several may do this at once.
    """
    with _transaction(url) as connection:
        if not sa.inspect(connection).get_table_names():
            _create(connection)
            return
        if _is_current(connection):
            return
    upgrade(url)


def _create(connection: sa.Connection) -> None:
    """Make at once what the migrations make one by one."""
    for tables in (metadata, _applied.metadata):
        tables.create_all(connection, checkfirst=False)
    connection.execute(sa.insert(store).values(epoch=secrets.token_hex(4), revision_floor=0))
    connection.execute(sa.insert(_applied).values(version_num=HEAD))


def _is_current(connection: sa.Connection) -> bool:
    if not sa.inspect(connection).has_table(_applied.name):
        return False
    return connection.scalars(sa.select(_applied.c.version_num)).all() == [HEAD]


@contextmanager
def _transaction(url: str | sa.URL) -> Iterator[sa.Connection]:
    engine = _engine(sa.make_url(url))
    try:
        with engine.begin() as connection:
            yield connection
    except sa.exc.SQLAlchemyError as cause:
        raise StorageUnavailable(f"the database's schema can't be read or upgraded: {cause}") from cause
    finally:
        engine.dispose()


def _engine(url: sa.URL) -> sa.Engine:
    if url.get_backend_name() != "sqlite":
        # A pooler in between may not keep prepared statements.
        psycopg = url.set(drivername="postgresql+psycopg")
        return sa.create_engine(psycopg, poolclass=sa.NullPool, connect_args={"prepare_threshold": None})
    engine = sa.create_engine(url, poolclass=sa.NullPool)

    # The driver by itself begins no transaction before DDL.
    @sa.event.listens_for(engine, "connect")
    def _leave_transactions_to_us(connection: Any, _: object) -> None:
        connection.isolation_level = None

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine
