"""Ratios are taken pair by pair and their median counts, so that one disturbed round changes little."""

import json

import pytest

from bench.figures import Leg, Life, Report, compare_latencies, compare_rates, quantile, told
from bench.orders import Arm


def leg(arm: Arm, *, count: int = 100, seconds: float = 1.0, latencies: tuple[float, ...] = (1.0,)) -> Leg:
    return Leg(
        arm=arm, count=count, concurrency=4, seconds=seconds, drain_seconds=1.0, latencies_milliseconds=latencies
    )


def test_a_rate_ratio_is_the_median_of_its_rounds() -> None:
    legs = [leg("payments", seconds=seconds) for seconds in (2.0, 1.0, 4.0)]
    legs = [turn for ours in legs for turn in (ours, leg("bare"))]
    compared = compare_rates(legs, ours="payments", name="R", meaning="m", target=0.75)
    assert compared.rounds == (0.5, 1.0, 0.25)
    assert compared.ratio == 0.5
    assert compared.reached is False


def test_a_latency_ratio_is_taken_between_all_latencies_and_lower_is_better() -> None:
    legs = [leg("payments", latencies=(3.0, 30.0)), leg("bare", latencies=(2.0,)), leg("payments", latencies=(3.0,))]
    legs.append(leg("bare", latencies=(2.0, 2.0)))
    compared = compare_latencies(legs, ours="payments", name="R", meaning="m", target=1.6, lower_is_better=True)
    assert compared.ratio == 1.5
    assert compared.reached is True


def test_a_comparison_without_a_target_is_neither_reached_nor_missed() -> None:
    assert compare_rates([leg("accepts"), leg("inserts")], ours="accepts", name="R", meaning="m").reached is None


def test_an_arm_without_its_partner_is_no_comparison() -> None:
    with pytest.raises(ValueError, match="zip"):
        compare_rates([leg("payments"), leg("bare"), leg("payments")], ours="payments", name="R", meaning="m")


def test_work_left_over_shows_in_the_drained_rate() -> None:
    assert (leg("payments").per_second, leg("payments").drained_per_second) == (100, 50)


@pytest.mark.parametrize(("share", "expected"), [(0.5, 50), (0.95, 95), (0.99, 99), (1.0, 100)])
def test_quantiles_are_values_that_occurred(share: float, expected: int) -> None:
    assert quantile([float(value) for value in range(100, 0, -1)], share) == expected
    assert quantile([], share) == 0.0


def test_a_report_is_plain_json_without_every_single_latency() -> None:
    life = Life(
        kind="k",
        payment_id="p",
        runs=1,
        state_transitions=6,
        history_events=15,
        history_bytes=5000,
        activities={"perform": 1},
    )
    compared = compare_rates([leg("payments"), leg("bare")], ours="payments", name="R1", meaning="m")
    told = json.loads(json.dumps(Report(conditions={}, comparisons=(compared,), lives=(life,)).as_dict()))
    assert told["comparisons"]["R1"]["legs"][0]["p50_milliseconds"] == 1.0
    assert "latencies_milliseconds" not in told["comparisons"]["R1"]["legs"][0]
    assert told["lives"][0]["activities"] == {"perform": 1}


def test_one_report_is_told_as_it_is_and_several_by_their_gateway() -> None:
    compared = compare_rates([leg("payments"), leg("bare")], ours="payments", name="R1", meaning="m")
    reports = [
        Report(conditions={"gateway": name}, comparisons=(compared,), lives=(), notes=(f"about {name}",))
        for name in ("a", "b")
    ]
    assert told(reports[:1]) == reports[0].as_dict()
    both = json.loads(json.dumps(told(reports)))
    assert {name: report["notes"] for name, report in both["gateways"].items()} == {"a": ["about a"], "b": ["about b"]}
