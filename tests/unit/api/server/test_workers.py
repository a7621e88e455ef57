"""When a worker that died is started again."""

import pytest

from todo_api.server.workers import Worker


def test_the_delay_of_a_restart_doubles_up_to_10_s_until_a_worker_has_lived_that_long() -> None:
    worker, delays = Worker(), []

    for lifetime in (0, 0, 9, 0, 0, 0, 0, 0, 0, 10, 0):
        worker.started_at = worker.start_at
        died = worker.started_at + lifetime
        worker.plan_start(died)
        delays.append(worker.start_at - died)

    assert delays == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10, 10, 0.1, 0.2])
