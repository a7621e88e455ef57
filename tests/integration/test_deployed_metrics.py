"""The dashboard and the alert rules: every metric in them exists, and promtool accepts them."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.process_collector import ProcessCollector

from tests.documents import ROOT
from tests.integration.proxies import may_skip
from todo_api.server.metrics.definitions import HISTOGRAM, METRICS

DEPLOY = ROOT / "deploy"
DASHBOARD = DEPLOY / "grafana" / "dashboard.json"
RULES = DEPLOY / "prometheus"
PARTS = ("_bucket", "_sum", "_count")
needs_promtool = pytest.mark.skipif(may_skip("promtool"), reason="promtool is not installed")


def expressions() -> list[str]:
    """Return the queries of the dashboard, with its variables replaced."""
    panels = json.loads(DASHBOARD.read_text())["panels"]
    return [
        target["expr"].replace("$__rate_interval", "5m").replace("$", "")
        for panel in panels
        for target in panel.get("targets", ())
    ]


def exposed() -> set[str]:
    """Return the names of all series; test_metrics.py compares METRICS with a server."""
    parts = {f"{name}{part}" for name, metric in METRICS.items() if metric.kind == HISTOGRAM for part in PARTS}
    process = {sample.name for family in ProcessCollector(registry=None).collect() for sample in family.samples}
    return METRICS.keys() | parts | process


def promtool(*arguments: str | Path) -> None:
    done = subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("text", [DASHBOARD.read_text(), *(path.read_text() for path in sorted(RULES.iterdir()))])
def test_every_metric_that_is_named_is_exposed(text: str) -> None:
    named = set(re.findall(r"\b(?:todo|process)_[a-z_]+", text))

    assert named <= exposed()


def test_the_dashboard_shows_every_metric() -> None:
    shown = set(re.findall(r"\btodo_[a-z_]+", " ".join(expressions())))

    assert {re.sub(f"({'|'.join(PARTS)})$", "", name) for name in shown} == set(METRICS)


@needs_promtool
def test_promtool_accepts_the_queries_of_the_dashboard(tmp_path: Path) -> None:
    rules: list[dict[str, Any]] = [{"record": f"panel:{i}", "expr": expr} for i, expr in enumerate(expressions())]
    file = tmp_path / "rules.yml"  # JSON is YAML
    file.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))

    promtool("check", "rules", file)


@needs_promtool
def test_promtool_accepts_the_configuration_and_its_alert_rules() -> None:
    promtool("check", "config", RULES / "prometheus.yml")


@needs_promtool
def test_each_alert_is_raised_by_its_fault_and_not_without_it() -> None:
    tests = RULES / "alerts.test.yml"
    alerts = re.findall(r"alert: (\w+)", (RULES / "alerts.yml").read_text())
    for pattern in (r"alertname: (\w+)\n +exp_alerts:\n", r"alertname: (\w+), exp_alerts: \[\]"):
        assert sorted(re.findall(pattern, tests.read_text())) == sorted(alerts)

    promtool("test", "rules", tests)
