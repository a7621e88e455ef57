"""What a server process does with SIGHUP."""

import io
import signal
import sys

import pytest

from todo_api.server.serving import ignore_hangup


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "handler"), [(Terminal(), signal.SIG_DFL), (io.StringIO(), signal.SIG_IGN)], ids=["terminal", "other"]
)
def test_sighup_is_ignored_unless_the_log_goes_to_a_terminal(
    monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, handler: signal.Handlers
) -> None:
    monkeypatch.setattr(sys, "stderr", stream)
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    try:
        ignore_hangup()

        assert signal.getsignal(signal.SIGHUP) == handler
    finally:
        signal.signal(signal.SIGHUP, before)
