"""How often and after how long: the table the sweeps follow."""

from activities.sweeps.paces import JITTER, PACES, SETTLE, pause_seconds
from gateways.stripe.adapter import CAPABILITIES as STRIPE


def test_an_attempt_counts_as_open_only_after_every_gateways_settle_time() -> None:
    assert STRIPE.settle_time < SETTLE == PACES["attempts"].age


def test_pauses_vary_so_that_workers_do_not_sweep_in_step() -> None:
    pauses = [pause_seconds(PACES["owners"]) for _ in range(200)]
    assert len(set(pauses)) > 100
    assert min(pauses) >= 30 * (1 - JITTER)
    assert max(pauses) <= 30 * (1 + JITTER)
