"""Rolling restarts behind haproxy and nginx: no request fails. `python -m tests.faults.rolling` does six each."""

from pathlib import Path

import pytest

from tests.faults.rolling import restart_in_turn
from tests.integration.proxies import may_skip
from tests.postgres import Postgres
from todo_adapters.sql.migrations import upgrade


@pytest.mark.parametrize("kind", ["haproxy", "nginx"])
def test_no_request_fails_while_servers_are_restarted_in_turn(tmp_path: Path, postgres: Postgres, kind: str) -> None:
    if may_skip(kind):
        pytest.skip(f"{kind} is not installed")
    with postgres.database() as url:
        upgrade(url)

        load = restart_in_turn(kind, tmp_path, url, restarts=1, pause_seconds=0.02)

    assert load.failures == []
    assert load.responses > 0
