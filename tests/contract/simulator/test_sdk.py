"""Stripe's own SDK over a real socket: the happy paths, and every fault as the SDK reports it."""

import threading
import time
from typing import Any

import pytest
import stripe

from tests.contract.simulator.process import READ_TIMEOUT_SECONDS, RunningSimulator, eventually


def pay(sdk: stripe.StripeClient, key: str, **changes: Any) -> stripe.PaymentIntent:
    parameters: Any = {
        "amount": 1000, "currency": "usd", "confirm": True, "payment_method": "pm_card_visa",
        "capture_method": "automatic", "payment_method_types": ["card"], "metadata": {"payment_id": key}, **changes,
    }  # fmt: skip
    return sdk.v1.payment_intents.create(parameters, {"idempotency_key": key})


def expect_no_answer(sdk: stripe.StripeClient, key: str) -> None:
    with pytest.raises(stripe.APIConnectionError):
        pay(sdk, key)


def test_the_sdk_pays_captures_refunds_and_lists(simulator: RunningSimulator) -> None:
    sdk = simulator.sdk()
    intent = pay(sdk, "a", capture_method="manual", expand=["latest_charge"])
    assert isinstance(intent.latest_charge, stripe.Charge)
    assert intent.latest_charge.payment_method_details is not None
    assert sdk.v1.payment_intents.capture(intent.id, {"amount_to_capture": 600}).amount_received == 600
    assert sdk.v1.refunds.create({"payment_intent": intent.id, "amount": 100}).status == "succeeded"
    for index in range(12):
        pay(sdk, f"b{index}")
    assert len(list(sdk.v1.payment_intents.list({"limit": 5}).auto_paging_iter())) == 13
    found = sdk.v1.payment_intents.search({"query": "metadata['payment_id']:'b7'"}).data
    assert [each.metadata["payment_id"] for each in found if each.metadata] == ["b7"]
    assert simulator.total("a") | {"payments": []} == {
        "wire": "stripe", "reference": "a", "currency": "usd", "payments": [], "authorized_minor": 1000,
        "captured_minor": 600, "released_minor": 400, "refunded_minor": 100, "disputed_minor": 0, "charges": 1,
    }  # fmt: skip


def test_errors_arrive_as_the_sdks_own(simulator: RunningSimulator) -> None:
    sdk = simulator.sdk()
    with pytest.raises(stripe.CardError) as declined:
        pay(sdk, "a", payment_method="pm_card_chargeDeclinedInsufficientFunds")
    assert declined.value.error is not None
    assert declined.value.error.decline_code == "insufficient_funds"
    assert declined.value.error.payment_intent is not None
    assert declined.value.error.payment_intent.status == "requires_payment_method"
    with pytest.raises(stripe.InvalidRequestError, match="unknown parameter"):
        pay(sdk, "b", color="red")
    with pytest.raises(stripe.IdempotencyError):
        pay(sdk, "a", amount=2000)
    with pytest.raises(stripe.AuthenticationError):
        simulator.sdk("sk_live_real").v1.balance.retrieve()
    with pytest.raises(stripe.InvalidRequestError) as missing:
        sdk.v1.payment_intents.retrieve("pi_nothing")
    assert missing.value.http_status == 404


# kind of fault -> what the SDK raises, and how many charges exist before anyone tries again
FAULTS: dict[str, tuple[type[stripe.StripeError], int]] = {
    "before_commit_timeout": (stripe.APIConnectionError, 0),
    "after_commit_timeout": (stripe.APIConnectionError, 1),
    "reset_before": (stripe.APIConnectionError, 0),
    "drop_reply": (stripe.APIConnectionError, 1),
    "before_commit_500": (stripe.APIError, 0),
    "after_commit_500": (stripe.APIError, 1),
    "wrong_body": (stripe.APIError, 1),
    "rate_limit": (stripe.RateLimitError, 0),
    "in_flight_409": (stripe.APIError, 0),
    "unavailable_503": (stripe.APIError, 0),
}


@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_is_seen_by_the_client_and_the_referee(simulator: RunningSimulator, kind: str) -> None:
    sdk, (error, charges) = simulator.sdk(), FAULTS[kind]
    simulator.fault(kind, stored=False)
    with pytest.raises(error):
        pay(sdk, "k")
    assert simulator.total("k")["charges"] == charges
    assert pay(sdk, "k").status == "succeeded"
    assert simulator.total("k")["charges"] == 1
    [state] = simulator.ask("GET", "/faults")["faults"]
    assert (state["hits"], state["rule"]["kind"]) == (1, kind)


def test_a_stored_500_is_replayed_for_ever(simulator: RunningSimulator) -> None:
    sdk = simulator.sdk()
    simulator.fault("after_commit_500")
    for replayed in (None, "true", "true"):
        with pytest.raises(stripe.APIError) as failed:
            pay(sdk, "k")
        assert (failed.value.headers or {}).get("Idempotent-Replayed") == replayed
    assert simulator.total("k")["charges"] == 1


@pytest.mark.parametrize("body", ["html", "empty", "broken_json"])
def test_an_unreadable_answer_hides_a_real_charge(simulator: RunningSimulator, body: str) -> None:
    simulator.fault("wrong_body", body=body)
    with pytest.raises(stripe.APIError):
        pay(simulator.sdk(), "k")
    assert simulator.total("k")["charges"] == 1


def test_an_answer_may_contradict_the_request(simulator: RunningSimulator) -> None:
    simulator.fault("wrong_body", body="other_amount")
    assert pay(simulator.sdk(), "k").amount == 1001
    simulator.fault("wrong_body", body="other_currency")
    assert pay(simulator.sdk(), "l").currency == "gbp"
    assert simulator.total("k")["captured_minor"] == 1000


def test_a_slow_request_holds_its_key_and_lands_after_the_client_left(simulator: RunningSimulator) -> None:
    sdk = simulator.sdk()
    simulator.fault("slow", seconds=READ_TIMEOUT_SECONDS + 1)
    first = threading.Thread(target=expect_no_answer, args=(sdk, "k"))
    first.start()
    eventually(lambda: simulator.ask("GET", "/faults")["faults"][0]["hits"])
    with pytest.raises(stripe.APIError) as conflict:
        pay(simulator.sdk(), "k")
    assert conflict.value.http_status == 409
    first.join()
    assert simulator.total("k")["charges"] == 0
    eventually(lambda: simulator.total("k")["charges"])
    assert pay(sdk, "k").status == "succeeded"
    assert simulator.total("k")["charges"] == 1


def test_a_slow_answer_comes_at_once_when_the_faults_are_cleared(simulator: RunningSimulator) -> None:
    simulator.fault("slow", seconds=60)
    paying = threading.Thread(target=pay, args=(simulator.sdk(), "k"))
    paying.start()
    eventually(lambda: simulator.ask("GET", "/faults")["faults"][0]["hits"])
    assert simulator.total("k")["charges"] == 0
    simulator.ask("DELETE", "/faults")
    paying.join(timeout=READ_TIMEOUT_SECONDS)
    assert simulator.total("k")["charges"] == 1


def test_a_held_connection_does_not_hold_up_others(simulator: RunningSimulator) -> None:
    simulator.fault("before_commit_timeout", match={"count": 8})
    clients = [threading.Thread(target=expect_no_answer, args=(simulator.sdk(), "held")) for _ in range(8)]
    for client in clients:
        client.start()
    eventually(lambda: simulator.ask("GET", "/faults")["faults"][0]["hits"] == 8)
    begun = time.monotonic()
    pay(simulator.sdk(), "calm")
    assert time.monotonic() - begun < READ_TIMEOUT_SECONDS / 2
    for client in clients:
        client.join()


def test_a_lookup_lags_behind(simulator: RunningSimulator) -> None:
    sdk = simulator.sdk()
    simulator.fault("lookup_lag", match={"method": None, "path": "/v1/payment_intents**", "count": None}, seconds=1)
    intent = pay(sdk, "k")
    with pytest.raises(stripe.InvalidRequestError, match="No such payment_intent"):
        sdk.v1.payment_intents.retrieve(intent.id)
    assert sdk.v1.payment_intents.search({"query": "metadata['payment_id']:'k'"}).data == []
    simulator.ask("POST", "/clock/advance", {"seconds": 1})
    assert sdk.v1.payment_intents.retrieve(intent.id).id == intent.id


def test_faults_pick_their_victims(simulator: RunningSimulator) -> None:
    sdk = simulator.sdk()
    simulator.fault("unavailable_503", match={"reference": "victim"})
    simulator.fault("rate_limit", match={"nth": 3})
    pay(sdk, "first")
    with pytest.raises(stripe.APIError):
        pay(sdk, "victim")
    pay(sdk, "second")
    with pytest.raises(stripe.RateLimitError) as limited:
        pay(sdk, "third")
    assert (limited.value.headers or {})["retry-after"] == "2"
    simulator.ask("DELETE", "/faults")
    held = pay(sdk, "held", capture_method="manual")
    capture = {"method": "POST", "path": "/v1/payment_intents/*/capture", "reference": "held"}
    simulator.ask("POST", "/faults", {"kind": "drop_reply", "match": capture})
    with pytest.raises(stripe.APIConnectionError):
        sdk.v1.payment_intents.capture(held.id)
    assert simulator.total("held")["captured_minor"] == 1000
