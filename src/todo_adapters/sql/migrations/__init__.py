"""Migrate a database to this version's schema with Alembic: only upwards, in one transaction.

A new SQLite file gets the final schema directly, without Alembic, so that a first start is fast.

There are no downgrades, because they would delete data of users. To go back, start the
program of the earlier version: see `OLDEST_PROGRAM`.
"""

import pkgutil
import re
import secrets
import threading
from collections.abc import Collection, Sequence
from typing import Final

import sqlalchemy as sa

from todo_adapters.sql.migrations import versions
from todo_adapters.sql.migrations.transaction import transaction
from todo_adapters.sql.tables import metadata, store
from todo_domain import StoreUnusable

_VERSION: Final = re.compile("[0-9]{4}")

HEAD: Final = max(module.name[1:5] for module in pkgutil.iter_modules(versions.__path__))
"""The revision of this version's schema: the last of the modules `versions.v0001_…`."""

OLDEST_PROGRAM: Final = "0002"
"""The schema of the oldest program that can serve this version's schema.

Such a program serves it beside this one: its inserts omit new columns, so these are
nullable or have a server default. A migration that removes or narrows something makes it
necessary to set this to the schema of the first version that does not use it any more.
No program of a schema before 0002 was released.
"""

VERSION_TABLE: Final = "todo_schema_version"
"""Our own name: the usual `alembic_version` may belong to another program in the same database."""

_applied: Final = sa.Table(
    VERSION_TABLE,
    sa.MetaData(),
    sa.Column("version_num", sa.String(32), nullable=False),
    # Alembic writes only the version.
    sa.Column("oldest_program", sa.String(32), nullable=False, server_default=OLDEST_PROGRAM),
    sa.PrimaryKeyConstraint("version_num", name=f"{VERSION_TABLE}_pkc"),
)

# An arbitrary number that other programs in the same PostgreSQL database are unlikely to use.
_UPGRADE_LOCK: Final = 0x746F646F
UPGRADE_LOCK_SECONDS: Final = 300
"""How long a migration waits for another one."""
TABLE_LOCK_SECONDS: Final = 10
"""How long a migration waits for a table that others use; while it waits, all others wait behind it."""
# Alembic supports one migration context per process.
_one_upgrade: Final = threading.Lock()


def upgrade(address: str | sa.URL) -> bool:
    """Migrate a database to this version's schema; return False if it has a newer one that this program can serve.

    The address is `sqlite:///…`, or one that `postgres.driver.conninfo` reads. It is safe
    to repeat this, and on PostgreSQL several processes may do it at once. Raises
    StorageUnavailable if the database can't be reached. Raises StoreUnusable and changes
    nothing if this program can't serve the database's newer schema, or the database belongs
    to another program.
    """
    # Loading Alembic takes a tenth of a server's start, and only an old schema needs it.
    from alembic import command  # noqa: PLC0415 - see above
    from alembic.config import Config  # noqa: PLC0415 - see above

    with _one_upgrade, transaction(address) as connection:
        if connection.dialect.name == "postgresql":
            _bound_locks(connection, UPGRADE_LOCK_SECONDS)
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_UPGRADE_LOCK)))
            _bound_locks(connection, TABLE_LOCK_SECONDS)
        version = _version_of(connection)
        if version and version > HEAD:
            return False
        _applied.create(connection, checkfirst=True)
        # env.py reads the attributes; the scripts are installed with this package.
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", "todo_adapters.sql:migrations")
        command.upgrade(config, HEAD)
        connection.execute(sa.update(_applied).values(oldest_program=OLDEST_PROGRAM))
    return True


def _bound_locks(connection: sa.Connection, seconds: float) -> None:
    """Bound the wait for each lock, but not the work that follows."""
    connection.execute(sa.select(sa.func.set_config("lock_timeout", f"{round(seconds * 1000)}ms", True)))


def ensure(url: str | sa.URL) -> None:
    """Migrate an SQLite file to this version's schema; a new file gets it without Alembic.

    Raises StorageUnavailable as `upgrade` does. Not for PostgreSQL, where several processes may do this at once.
    """
    with transaction(url) as connection:
        version = _version_of(connection)
        if version is None:
            _create(connection)
    if version and version < HEAD:
        upgrade(url)


def schema_version(url: str | sa.URL) -> str | None:
    """Return the version of an SQLite file's schema, as `version_of` does. Raises StorageUnavailable."""
    with transaction(url) as connection:
        return _version_of(connection)


def _create(connection: sa.Connection) -> None:
    """Create the final schema, the same that the migrations create step by step."""
    for tables in (metadata, _applied.metadata):
        tables.create_all(connection, checkfirst=False)
    connection.execute(sa.insert(store).values(epoch=secrets.token_hex(4), revision_floor=0, timeline=""))
    connection.execute(sa.insert(_applied).values(version_num=HEAD, oldest_program=OLDEST_PROGRAM))


def _version_of(connection: sa.Connection) -> str | None:
    present = sa.inspect(connection).get_table_names()
    applied = connection.execute(sa.select(_applied)).all() if VERSION_TABLE in present else ()
    return version_of(present, applied, is_shared=connection.dialect.name != "sqlite")


def version_of(present: Collection[str], applied: Collection[Sequence[str]], *, is_shared: bool) -> str | None:
    """Return the version of the schema, or None if this program has created no tables yet.

    A version above HEAD is returned only if this program can serve it.

    - present: the names of all tables
    - applied: the version and the oldest program, for each row of the table VERSION_TABLE, if there is one
    - is_shared: the database may also have tables of other programs

    Raises StoreUnusable if this program must not use the database.
    """
    ours = set(metadata.tables)
    if VERSION_TABLE not in present:
        if taken := set(present) & ours if is_shared else present:
            raise StoreUnusable(f"the database belongs to another program: it has a table {min(taken)}")
        return None
    version, oldest_program = next(iter(applied), ("", ""))
    if len(applied) != 1 or not _VERSION.fullmatch(version):
        raise StoreUnusable(f"the table {VERSION_TABLE} is damaged: restore the database from a backup")
    if oldest_program > HEAD:
        raise StoreUnusable(
            f"the database has schema {version}, which needs a program of schema {oldest_program} or later, "
            f"and this one is of {HEAD}: update it",
            "newer_schema",
        )
    if version >= HEAD and (missing := ours.difference(present)):
        raise StoreUnusable(f"the table {min(missing)} is missing: restore the database from a backup")
    return version
