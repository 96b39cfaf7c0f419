"""`payonce bench --quick` on real parts: its figures have their shape, and a payment keeps its price in Temporal."""

import json
from pathlib import Path
from typing import Any

import pytest

from bench.plan import QUICK
from cli.main import MISUSED, run

MOST_TRANSITIONS = {"stripe": 8, "razorpay": 20}


@pytest.mark.timeout(300)  # about a minute alone; the bound is for a busy machine
def test_a_quick_run_has_every_figure_of_every_gateway_and_a_payment_stays_cheap(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "report.json"
    assert run(["bench", "--quick", "--gateway", "all", "--json", "--output", str(file)]) == 0
    said = capsys.readouterr()
    told = json.loads(said.out)
    assert json.loads(file.read_text()) == told
    assert "warming up" in said.err
    assert set(told["gateways"]) == set(MOST_TRANSITIONS)
    for gateway, report in told["gateways"].items():
        assert report["conditions"]["gateway"] == gateway
        _has_every_comparison(report)

    lives = _lives(told["gateways"]["stripe"])
    assert set(lives) == {"automatic capture", "manual capture", "3-D Secure"}
    assert lives["automatic capture"]["activities"] == {"begin": 1}
    assert lives["automatic capture"]["state_transitions"] <= MOST_TRANSITIONS["stripe"]
    assert lives["manual capture"]["activities"] == {"begin": 1, "perform": 1}
    assert lives["3-D Secure"]["activities"] == {"begin": 1, "absorb": 1}

    lives = _lives(told["gateways"]["razorpay"])
    assert set(lives) == {"automatic capture", "manual capture", "card OTP"}
    automatic = lives["automatic capture"]
    assert set(automatic["activities"]) == {"begin", "absorb"}
    assert automatic["activities"]["begin"] == 1
    assert automatic["state_transitions"] <= MOST_TRANSITIONS["razorpay"]
    assert lives["manual capture"]["activities"] == {"begin": 1, "absorb": 1, "perform": 1}


def test_an_unknown_gateway_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["bench", "--gateway", "nobody"]) == MISUSED
    complaint = capsys.readouterr().err
    assert all(name in complaint for name in ("stripe", "razorpay", "all"))


def _has_every_comparison(report: dict[str, Any]) -> None:
    assert set(report["comparisons"]) == {"R1", "R2", "R4"}
    for comparison in report["comparisons"].values():
        assert comparison["ratio"] > 0
        assert len(comparison["rounds"]) == QUICK["rounds"]
        arms = [leg["arm"] for leg in comparison["legs"]]
        assert arms == arms[:2] * QUICK["rounds"]
        assert all(leg["p50_milliseconds"] > 0 and leg["count"] > 0 for leg in comparison["legs"])
    spent = report["comparisons"]["R1"]["legs"][0]["processor_milliseconds_each"]
    assert {"postgres", "temporal", "simulator", "worker", "api", "load"} <= set(spent)
    assert spent["worker"] > 0


def _lives(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {life["kind"]: life for life in report["lives"]}
