"""Rolling restarts behind haproxy and nginx: no request fails. `python -m tests.integration.rolling` does six each."""

import os
import shutil
from pathlib import Path

import pytest

from tests.integration.rolling import restart_in_turn
from tests.postgres import Postgres
from todo_adapters.sql.migrations import upgrade


@pytest.mark.parametrize("kind", ["haproxy", "nginx"])
def test_no_request_fails_while_servers_are_restarted_in_turn(tmp_path: Path, postgres: Postgres, kind: str) -> None:
    # `.ci/run` installs both, so that there a missing one is a failure.
    if "CI" not in os.environ and not shutil.which(kind, path=f"{os.environ['PATH']}:/usr/sbin"):
        pytest.skip(f"{kind} is not installed")
    with postgres.database() as url:
        upgrade(url)

        load = restart_in_turn(kind, tmp_path, url, restarts=1)

    assert load.failures == []
    assert load.responses > 0
