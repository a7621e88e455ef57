import psycopg
import pytest

from todo_adapters.sql.postgres.driver.causes import cause_of, is_lasting


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        ('FATAL:  password authentication failed for user "u"', "the user name or the password is wrong"),
        ("fe_sendauth: no password supplied", "the user name or the password is wrong"),
        ("channel binding required, but server authenticated client without channel binding", "channel binding is"),
        ("SSL error: certificate verify failed", "the server's certificate is not trusted"),
        ("server does not support SSL, but SSL was required", "the server does not support TLS"),
        ('no pg_hba.conf entry for host "h", user "u", database "d", no encryption', "the server refuses this user"),
        ('FATAL:  role "u" does not exist', "the user does not exist"),
        ('FATAL:  database "d" does not exist', "the database does not exist"),
        ('could not translate host name "h" to address', "the host name is unknown"),
        ("failed to resolve host 'h': [Errno -2] Name or service not known", "the host name is unknown"),
        ("connection to server failed: Connection refused", "nothing listens at this host and port"),
        ("session is read-only", "no host accepts writes"),
        ("FATAL:  the database system is starting up", "the server is starting or stopping"),
        ("FATAL:  sorry, too many clients already", "the server has no free connection"),
        ("connection timeout expired", "the server did not respond in time"),
    ],
)
def test_a_failed_connection_has_a_cause_that_tells_an_operator_what_to_fix(said: str, cause: str) -> None:
    found = cause_of(psycopg.OperationalError(f"connection failed: {said}"))

    assert found
    assert found.startswith(cause)


def test_a_timeout_means_that_the_server_did_not_respond() -> None:
    assert cause_of(TimeoutError()) == "the server did not respond in time"


def test_an_unknown_cause_is_not_guessed() -> None:
    assert cause_of(psycopg.OperationalError("the moon is full")) is None


@pytest.mark.parametrize(
    ("said", "lasting"),
    [
        ('password authentication failed for user "u"', True),
        ('database "d" does not exist', True),
        ("certificate verify failed", True),
        ("Connection refused", False),
        ("could not translate host name", False),
        ("the database system is starting up", False),
        ("the moon is full", False),
    ],
)
def test_a_refusal_lasts_and_a_server_that_is_down_may_return(said: str, lasting: object) -> None:
    assert is_lasting(psycopg.OperationalError(f"connection failed: {said}")) is lasting


def test_a_failure_without_a_cause_does_not_last() -> None:
    assert not is_lasting(None)
