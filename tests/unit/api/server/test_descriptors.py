"""The maximum number of connections, from the descriptors that the system grants."""

import math

import pytest

from tests.integration.server import settings_for
from todo_api.server import descriptors
from todo_api.server.descriptors import MOST_CONNECTIONS, connection_limit
from todo_api.settings import WrongSetting

INFINITE = -1


class System:
    """A system with a limit of descriptors."""

    RLIMIT_NOFILE = 7
    RLIM_INFINITY = INFINITE

    def __init__(self, soft: int, hard: int, most: float = math.inf) -> None:
        self.limits = soft, hard
        self._most = most

    def getrlimit(self, _: int) -> tuple[int, int]:
        return self.limits

    def setrlimit(self, _: int, limits: tuple[int, int]) -> None:
        if limits[0] > self._most:
            raise ValueError("not that many")
        self.limits = limits


def limit_on(monkeypatch: pytest.MonkeyPatch, system: System, max_connections: int | None = None) -> int:
    monkeypatch.setattr(descriptors, "resource", system)
    return connection_limit(settings_for("tasks.sqlite3", max_connections=max_connections))


@pytest.mark.parametrize(("soft", "hard"), [(1024, 1_000_000), (1024, INFINITE), (INFINITE, INFINITE), (65536, 65536)])
def test_the_default_maximum_raises_the_limit_of_descriptors_where_it_must(
    monkeypatch: pytest.MonkeyPatch, soft: int, hard: int
) -> None:
    system = System(soft, hard)

    assert limit_on(monkeypatch, system) == MOST_CONNECTIONS
    assert system.limits[0] == INFINITE or system.limits[0] > MOST_CONNECTIONS
    assert system.limits[1] == hard


@pytest.mark.parametrize("system", [System(256, 1024), System(1024, INFINITE, most=1024)])
def test_the_default_maximum_is_below_the_descriptors_that_are_granted(
    monkeypatch: pytest.MonkeyPatch, system: System
) -> None:
    assert 800 < limit_on(monkeypatch, system) < 1024


def test_a_maximum_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    assert limit_on(monkeypatch, System(1024, 1024), 50) == 50


def test_a_maximum_above_the_descriptors_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(WrongSetting, match=r"^TODO_MAX_CONNECTIONS: .* enough for 914 connections$"):
        limit_on(monkeypatch, System(1024, 1024), 1000)


def test_descriptors_that_are_enough_for_no_connection_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(WrongSetting, match="enough for 0 connections"):
        limit_on(monkeypatch, System(64, 64))
