"""The responses that the server writes itself."""

import logging

import pytest

from todo_api.middleware.request_log import MAX_ADDRESS
from todo_api.server.refusals import STOPPING, TOO_SLOW, refusal


def test_a_refusal_is_logged_like_a_request_and_a_5xx_as_an_error(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "todo_api.requests")

    refusal(TOO_SLOW, ("192.0.2.1", 50000))
    refusal(STOPPING, ("x" * 1000, 0))
    refusal(STOPPING, None)

    logged = [(record.levelname, vars(record)["fields"]) for record in caplog.records]
    assert [(level, fields["status"], fields["client_address"]) for level, fields in logged] == [
        ("INFO", 408, "192.0.2.1"),
        ("ERROR", 503, "x" * MAX_ADDRESS),
        ("ERROR", 503, None),
    ]
