"""`payonce bench --quick` on real parts: its figures have their shape, and a payment keeps its price in Temporal."""

import json
from pathlib import Path

import pytest

from cli.main import MISUSED, run

MOST_TRANSITIONS = 8


@pytest.mark.timeout(300)  # under a minute alone; the bound is for a busy machine
def test_a_quick_run_has_every_figure_and_a_payment_stays_cheap(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "report.json"
    assert run(["bench", "--quick", "--json", "--output", str(file)]) == 0
    said = capsys.readouterr()
    report = json.loads(said.out)
    assert json.loads(file.read_text()) == report
    assert "warming up" in said.err
    assert set(report["comparisons"]) == {"R1", "R2", "R4"}
    for comparison in report["comparisons"].values():
        assert comparison["ratio"] > 0
        assert len(comparison["rounds"]) == 3
        assert [leg["arm"] for leg in comparison["legs"]] == [leg["arm"] for leg in comparison["legs"][:2]] * 3
        assert all(leg["p50_milliseconds"] > 0 and leg["count"] > 0 for leg in comparison["legs"])
    spent = report["comparisons"]["R1"]["legs"][0]["processor_milliseconds_each"]
    assert {"postgres", "temporal", "simulator", "worker", "api", "load"} <= set(spent)
    assert spent["worker"] > 0

    lives = {life["kind"]: life for life in report["lives"]}
    assert set(lives) == {"automatic capture", "manual capture", "3-D Secure"}
    automatic = lives["automatic capture"]
    assert automatic["activities"] == {"begin": 1}
    assert automatic["state_transitions"] <= MOST_TRANSITIONS
    assert lives["manual capture"]["activities"] == {"begin": 1, "perform": 1}
    assert lives["3-D Secure"]["activities"] == {"begin": 1, "absorb": 1}


def test_an_unknown_gateway_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["bench", "--gateway", "nobody"]) == MISUSED
    assert "stripe" in capsys.readouterr().err
