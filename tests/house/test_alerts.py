"""The alert rules can be loaded, speak of metrics that exist, and answer every sweep; the documents name the same."""

import re
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric

from activities.circuits import CircuitReport
from activities.reconciliation import ReconciliationMetrics
from activities.sweeps.metrics import SweepMetrics
from activities.sweeps.paces import PACES
from activities.sweeps.seen import Seen
from api.metrics import ApiMetrics
from tests.fakes import START
from tests.house.sources import ROOT

RULES: list[dict[str, Any]] = [
    rule for group in yaml.safe_load((ROOT / "docs" / "alerts.yaml").read_text())["groups"] for rule in group["rules"]
]
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
ROW = re.compile(r"^\| `(\w+)` \|.*\| (?:`(\w+)`|none: .+) \|$", re.MULTILINE)
SELECTOR = re.compile(r"\b(payonce_\w+)(?:\{([^}]*)\})?")
QUIET = frozenset({"outbox"})
"""Sweeps nobody need be woken for; the document says why."""


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule["alert"]))
def test_a_rule_is_whole(rule: dict[str, Any]) -> None:
    assert rule.keys() <= {"alert", "expr", "for", "labels", "annotations"}
    assert rule["labels"]["severity"] in ("page", "ticket", "info")
    assert rule["annotations"].keys() == {"summary", "action"}
    assert re.fullmatch(r"\d+[smh]", rule.get("for", "1m"))
    assert rule["expr"].count("(") == rule["expr"].count(")")
    assert re.search(r" [<>] [\d.]+$|^absent\(", rule["expr"])


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule["alert"]))
def test_a_rule_speaks_of_series_that_exist(rule: dict[str, Any]) -> None:
    series = _series()
    used = SELECTOR.findall(rule["expr"])
    assert used
    for name, selected in used:
        assert name in series, f"{name} is not among {sorted(series)}"
        for label, sweep in re.findall(r'(\w+)="(\w+)"', selected):
            assert label in series[name], f"{name} has no label {label}"
            assert label != "sweep" or sweep in PACES


def test_every_sweep_has_an_alert_and_both_are_told_in_the_table() -> None:
    table = {sweep: alert for sweep, alert in ROW.findall(OPERATIONS) if sweep in PACES}
    assert table.keys() == PACES.keys()
    alerts = {rule["alert"]: rule["expr"] for rule in RULES}
    for sweep, alert in table.items():
        assert (alert == "") == (sweep in QUIET), sweep
        assert not alert or f'sweep="{sweep}"' in alerts[alert]
    assert {"SweepFails", "SweepStopped"} <= alerts.keys()


def _series() -> dict[str, set[str]]:
    """The names Prometheus would store, each with its labels, as the two registries really give them out."""
    registry = CollectorRegistry()
    sweeps = SweepMetrics(registry, lambda: START, PACES)
    for name in PACES:
        sweeps.succeeded(name, Seen(), seconds=0.1)
    passes = ReconciliationMetrics(registry, lambda: START)
    passes.succeeded("acct_1", START)
    passes.cases.labels("duplicate").inc()
    CircuitReport(registry).watched("acct_1")
    api = ApiMetrics(registry)
    api.answered(method="GET", route="/", status=200, seconds=0.1)
    api.webhooks.labels("acct_1", "forged").inc()
    found: dict[str, set[str]] = {}
    metrics: list[Metric] = list(registry.collect())
    for metric in metrics:
        for sample in metric.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found
