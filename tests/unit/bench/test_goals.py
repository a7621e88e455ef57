from typing import Any

import pytest
from bench.goals import Goal, compare_with_goals

_OPERATIONS = ("get", "list", "post", "patch")


def _records(server: str, token: str = "HS256", **seen: float) -> list[dict[str, Any]]:
    figures = {"throughput": 1000.0, "cpu": 300.0, "p95": 20.0} | seen
    about = {"server": server, "token": token, "connections": 32, "run": 0}
    return [about | figures | {"operation": operation} for operation in _OPERATIONS]


def _goal(name: str, records: list[dict[str, Any]]) -> Goal:
    (goal,) = [goal for goal in compare_with_goals({"load": records}) if goal.name.startswith(name)]
    return goal


@pytest.mark.parametrize("throughput", [750.0, 749.0])
def test_throughput_is_at_least_three_quarters_of_the_floor(throughput: float) -> None:
    goal = _goal("throughput of ours / floor", _records("floor") + _records("ours", throughput=throughput))

    assert goal.met is (throughput >= 750.0)


@pytest.mark.parametrize("cpu", [435.0, 436.0])
def test_cpu_is_at_most_1_45_of_the_floor(cpu: float) -> None:
    goal = _goal("CPU per request of ours / floor", _records("floor") + _records("ours", cpu=cpu))

    assert goal.met is (cpu <= 435.0)


@pytest.mark.parametrize("server", ["ours", "ours-sqlite"])
@pytest.mark.parametrize("throughput", [3000.0, 2999.0])
def test_throughput_is_at_least_three_times_that_of_pocketbase(server: str, throughput: float) -> None:
    records = _records("pocketbase") + _records(server, throughput=throughput)

    goal = _goal(f"throughput of {server} / pocketbase", records)

    assert goal.met is (throughput >= 3000.0)


def test_the_worst_operation_decides_whether_a_goal_is_met() -> None:
    records = _records("floor") + _records("ours")
    records[-1] |= {"throughput": 700.0}

    goal = _goal("throughput of ours / floor", records)

    assert goal.met is False
    assert goal.reached == "0.70 (patch, HS256)"


def test_latency_is_reported_relative_to_the_floor_and_is_not_a_goal() -> None:
    goal = _goal("p95 of ours / floor", _records("floor") + _records("ours", p95=25.0))

    assert goal.met is None
    assert goal.reached == "1.25 (post, HS256); 1.25 (patch, HS256); 1.25 (list, HS256); 1.25 (get, HS256)"


def test_a_server_with_its_own_tokens_is_compared_with_hs256_only() -> None:
    records = _records("pocketbase") + _records("ours") + _records("ours", token="EdDSA", throughput=1.0)

    goal = _goal("throughput of ours / pocketbase", records)

    assert goal.reached == "1.00 (get, HS256)"
