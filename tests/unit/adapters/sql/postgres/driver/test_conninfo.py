import pytest
from psycopg.conninfo import conninfo_to_dict

from todo_adapters.sql.postgres.driver.conninfo import conninfo_of, is_neon_pooler, public_part_of

NEON = "postgresql://u:p@ep-cool-dew-123-pooler.eu-central-1.aws.neon.tech/db?sslmode=require&channel_binding=require"


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://me:word@host/db",
        "postgres://me:word@host/db",
        "POSTGRESQL://me:word@host/db",
        "postgresql+psycopg://me:word@host/db",
        "postgresql+asyncpg://me:word@host/db",
        "  postgresql://me:word@host/db\n",
        "'postgresql://me:word@host/db'",
        '"postgresql://me:word@host/db"',
        "psql 'postgresql://me:word@host/db'",
        "psql postgresql://me:word@host/db",
        "host=host user=me password=word dbname=db",
        "host = host user=me password='word' dbname=db",
    ],
)
def test_a_url_is_accepted_in_every_form_that_consoles_and_tutorials_print(address: str) -> None:
    parts = conninfo_to_dict(conninfo_of(address))

    assert {name: parts[name] for name in ("host", "user", "password", "dbname")} == {
        "host": "host",
        "user": "me",
        "password": "word",
        "dbname": "db",
    }


def test_a_connection_string_pasted_from_neon_is_accepted() -> None:
    conninfo = conninfo_of(NEON)

    assert "channel_binding=require" in conninfo
    assert "tcp_user_timeout=5000" in conninfo


def test_parameters_of_a_url_override_our_timeouts() -> None:
    assert "connect_timeout=30" in conninfo_of("postgresql://localhost/db?connect_timeout=30")


def test_one_of_several_hosts_gets_less_time_than_a_single_one() -> None:
    single, several = (conninfo_to_dict(conninfo_of(f"postgresql://{hosts}/db")) for hosts in ("a", "a,b,c"))

    assert (single["connect_timeout"], several["connect_timeout"]) == ("4", "2")


def test_several_hosts_are_accepted() -> None:
    parts = conninfo_to_dict(conninfo_of("postgresql://a:1,b:2/db?target_session_attrs=read-write"))

    assert (parts["host"], parts["port"], parts["target_session_attrs"]) == ("a,b", "1,2", "read-write")


@pytest.mark.parametrize(
    ("address", "rule"),
    [
        ("postgresql://u:secret@h/db?pgbouncer=true", "PostgreSQL has no parameter pgbouncer: remove it"),
        ("postgresql://u:secret@h/db?sslmode=require&schema=public", "PostgreSQL has no parameter schema: remove it"),
        ("postgresql://u:secret@h/db?%73ecret+=1", "PostgreSQL has no parameter of this name: remove it"),
        ("postgresql://h/db?password=x&secret", "PostgreSQL has no parameter of this name: remove it"),
        ("postgresql://h/db?ssl%70assword=x&sslmode=require&secret=1", "PostgreSQL has no parameter of this name"),
        ("postgresql://u:secret@h/db?connect_timeout=abc", "connect_timeout must be a whole number"),
        ("host=h keepalives_idle=9999999999 password=secret", "keepalives_idle must be a whole number"),
        ("postgresql://u:secret@h/db?sslmode=bogus", "sslmode must be disable, .* or verify-full"),
        ("postgresql://u:secret@h/db?channel_binding=", "channel_binding must be disable, prefer or require"),
        ("postgresql://u:secret@a,b/db?target_session_attrs=writable", "target_session_attrs must be any, read-write,"),
        ("postgresql://u:sec/ret@h/db", "must be percent-encoded"),
        ("postgresql://u:sec[ret@h/db", "must be percent-encoded"),
        ("postgresql://u:sec@ret@h/db", "must be percent-encoded"),
        ("postgresql://u:sec?ret@h/db", "must be percent-encoded"),
        ("postgresql://u:secret@h:port/db", "the port must be a number from 1 to 65535"),
        ("postgresql://u:secret@h:0/db", "the port must be a number from 1 to 65535"),
        ("postgresql://u:secret%zz@h/db", "is not an address that PostgreSQL can read"),
        ("host=h secret", "is not an address that PostgreSQL can read"),
        ("db.secret.example", "must begin with postgresql://"),
        ("mysql://u:secret@h/db", "must begin with postgresql://"),
        ("", "must begin with postgresql://"),
        ("'", "must begin with postgresql://"),
    ],
)
def test_a_malformed_url_is_refused_with_its_fault_but_without_its_text(address: str, rule: str) -> None:
    with pytest.raises(ValueError, match=rule) as refusal:
        conninfo_of(address)

    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (NEON, True),
        ("postgresql://u:p@ep-cool-dew-123.eu-central-1.aws.neon.tech/db", False),
        ("postgresql://u:p@localhost:6432/db", False),
        ("postgresql:///db", False),
    ],
)
def test_a_neon_pooler_is_recognized_by_its_host_name(address: str, *, expected: bool) -> None:
    assert is_neon_pooler(address) is expected


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("postgresql://u:p@h/db?sslmode=require", "postgresql://h/db"),
        ("postgresql://u:p@a:1,b:2/db", "postgresql://a:1,b:2/db"),
        ("host=a,b port=5433 dbname=db password=p", "postgresql://a:5433,b:5433/db"),
        ("postgresql://u:p@[::1]:5432/db", "postgresql://[::1]:5432/db"),
        ("postgresql://", "postgresql:///"),
    ],
)
def test_the_public_part_of_a_url_has_only_its_hosts_and_database(address: str, public: str) -> None:
    assert public_part_of(address) == public
