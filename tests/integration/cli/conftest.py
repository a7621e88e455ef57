import gc
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import pytest

from todo_api.cli.start import main


@dataclass(frozen=True)
class Ended:
    """The exit status and the output of a command."""

    status: int
    out: str
    err: str


Run = Callable[..., Ended]


@pytest.fixture
def todo_api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """Run a command with an empty home directory and these settings in the environment."""

    def run(*arguments: str | Path, **environment: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["todo-api", *map(str, arguments)])
        os.environ |= environment
        with pytest.raises(SystemExit) as ended:
            main()
        assert isinstance(ended.value.code, int)
        return Ended(ended.value.code, *capsys.readouterr())

    monkeypatch.chdir(tmp_path)
    before = gc.get_threshold()
    with patch.dict(os.environ, {"HOME": str(tmp_path)}, clear=True):
        yield run
    gc.unfreeze()
    gc.set_threshold(*before)
