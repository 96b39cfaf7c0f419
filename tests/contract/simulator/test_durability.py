"""What was answered survives a kill -9, and money and answer are both there or both not."""

import threading
from pathlib import Path

import pytest
import stripe

from tests.contract.simulator.process import FREE_PORTS, RunningSimulator, Sink, eventually
from tests.contract.simulator.test_sdk import pay
from tests.contract.simulator.test_webhooks import register

KILLS, CLIENTS = 5, 4


def test_every_answered_payment_survives_kills_and_no_retry_charges_twice(tmp_path: Path) -> None:
    """Four clients pay for as long as the simulator lives; after each kill the open payments are retried."""
    answered: set[str] = set()
    begun: list[str] = []
    running = RunningSimulator(tmp_path)
    for round_number in range(KILLS):
        clients = [
            threading.Thread(target=_pay_until_dead, args=(running.sdk(), f"{round_number}-{client}", begun, answered))
            for client in range(CLIENTS)
        ]
        for client in clients:
            client.start()
        _wait_for(answered, 10 * (round_number + 1))
        running.kill()
        for client in clients:
            client.join()
        running = RunningSimulator(tmp_path)
        charged = _charges(running)
        assert all(charged.get(reference) == 1 for reference in answered)
        assert set(charged.values()) <= {1}
    for reference in begun:
        assert pay(running.sdk(), reference).status == "succeeded"
    assert _charges(running) == dict.fromkeys(begun, 1)
    print(f"kills={KILLS} begun={len(begun)} answered={len(answered)} retried={len(begun) - len(answered)}")  # noqa: T201 - the figure
    assert running.stop() == 0


def test_faults_clock_settings_and_queue_survive_a_kill(tmp_path: Path, sink: Sink) -> None:
    running = RunningSimulator(tmp_path)
    register(running, sink, "charge.succeeded")
    running.fault("unavailable_503", match={"nth": 3})
    running.ask("POST", "/settings", {"sepa_seconds": 77})
    running.ask("POST", "/clock/advance", {"seconds": 1000})
    running.ask("POST", "/clock", {"frozen": True})
    running.ask("POST", "/webhooks/hold")
    now = running.ask("GET", "/clock")["now"]
    pay(running.sdk(), "a")
    running.kill()
    running = RunningSimulator(tmp_path)
    assert running.ask("GET", "/clock")["now"] == now
    assert running.ask("GET", "/settings")["sepa_seconds"] == 77
    pay(running.sdk(), "b")
    with pytest.raises(stripe.APIError, match="temporarily unavailable"):
        pay(running.sdk(), "c")
    assert sink.received == []
    running.ask("POST", "/webhooks/release")
    eventually(lambda: len(sink.received) == 2)
    assert running.stop() == 0


def test_a_book_of_one_run_is_read_by_the_next(tmp_path: Path) -> None:
    running = RunningSimulator(tmp_path)
    intent = pay(running.sdk(), "a", capture_method="manual").id
    assert running.stop() == 0
    running = RunningSimulator(tmp_path, *FREE_PORTS, "--durability", "normal")
    assert running.sdk().v1.payment_intents.capture(intent).status == "succeeded"
    assert running.stop() == 0


def _pay_until_dead(sdk: stripe.StripeClient, name: str, begun: list[str], answered: set[str]) -> None:
    for number in range(10_000):
        reference = f"{name}-{number}"
        begun.append(reference)
        try:
            pay(sdk, reference)
        except stripe.APIConnectionError:
            return
        answered.add(reference)


def _wait_for(answered: set[str], count: int) -> None:
    eventually(lambda: len(answered) >= count, seconds=60)


def _charges(running: RunningSimulator) -> dict[str, int]:
    return {total["reference"]: total["charges"] for total in running.ask("GET", "/totals")["totals"]}
