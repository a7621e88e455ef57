"""The reason of an error that only the log and the metrics have."""

import errno
import sqlite3
from contextlib import closing

import psycopg.errors
import pytest
from fastapi import Request

from todo_api.http.problems import error_response
from todo_domain import StorageOverloaded, StorageUnavailable


def error_of_sqlite() -> sqlite3.Error:
    with closing(sqlite3.connect(":memory:")) as connection, pytest.raises(sqlite3.Error) as raised:
        connection.execute("SELECT * FROM secrets")
    return raised.value


@pytest.mark.parametrize(
    ("cause", "reason"),
    [
        (error_of_sqlite(), "OperationalError SQLITE_ERROR"),
        (psycopg.errors.DiskFull("secret"), "DiskFull 53100"),
        (psycopg.OperationalError("secret"), "OperationalError"),
        (TimeoutError("secret"), "TimeoutError"),
        (OSError(errno.ENOSPC, "secret"), "OSError ENOSPC"),
        (None, None),
    ],
)
def test_the_reason_of_a_database_error_is_the_class_of_its_cause_and_the_code(
    cause: Exception | None, reason: str | None
) -> None:
    request = Request({"type": "http", "path": "/", "request_id": "1"})
    error = StorageUnavailable("secret")
    error.__cause__ = cause

    error_response(request, error)

    assert request.scope["reason"] == reason


def test_the_reason_of_an_overload_is_which_bound_was_reached() -> None:
    request = Request({"type": "http", "path": "/", "request_id": "1"})

    error_response(request, StorageOverloaded("snapshots use at most 9 bytes of temporary files"))

    assert request.scope["reason"] == "snapshots use at most 9 bytes of temporary files"
