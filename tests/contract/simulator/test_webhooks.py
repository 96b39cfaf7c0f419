"""Webhooks: signed so that Stripe's SDK accepts them, only what was asked for, and every way to go wrong."""

import time
from collections.abc import Callable
from typing import Any

import pytest
import stripe

from tests.contract.simulator.process import Received, RunningSimulator, Sink, eventually
from tests.contract.simulator.test_sdk import pay

SECRET = "whsec_test_secret"
TOLD = ["payment_intent.created", "charge.succeeded", "payment_intent.succeeded"]


@pytest.fixture(autouse=True)
def registered(simulator: RunningSimulator, sink: Sink) -> None:
    register(simulator, sink)


def register(simulator: RunningSimulator, sink: Sink, *enabled: str) -> None:
    body = {"wire": "stripe", "url": sink.url, "secret": SECRET, "enabled_events": list(enabled) or ["*"]}
    simulator.ask("POST", "/endpoints", body)


def received(sink: Sink, count: int) -> list[Received]:
    eventually(lambda: len(sink.received) >= count)
    time.sleep(0.15)
    assert len(sink.received) == count, sink.types()
    return sink.received


def verified(delivery: Received, secret: str = SECRET) -> stripe.Event:
    construct: Callable[..., stripe.Event] = stripe.Webhook.construct_event
    return construct(delivery.body, delivery.signature, secret)


def test_events_arrive_signed_and_in_full(simulator: RunningSimulator, sink: Sink) -> None:
    pay(simulator.sdk(), "k")
    events = [verified(delivery) for delivery in received(sink, 3)]
    assert sorted(event.type for event in events) == sorted(TOLD)
    assert {event.request.idempotency_key for event in events if event.request} == {"k"}
    assert {event.api_version for event in events} == {"2026-05-27.dahlia"}
    assert simulator.sdk().v1.events.retrieve(events[0].id).type == events[0].type
    with pytest.raises(stripe.SignatureVerificationError):
        verified(sink.received[0], "whsec_other")


def test_only_subscribed_events_are_sent_and_registration_is_idempotent(
    simulator: RunningSimulator, sink: Sink
) -> None:
    register(simulator, sink, "charge.succeeded")
    register(simulator, sink, "charge.succeeded")
    assert len(simulator.ask("GET", "/endpoints")["endpoints"]) == 1
    pay(simulator.sdk(), "k")
    received(sink, 1)
    assert sink.types() == ["charge.succeeded"]


def test_stripes_own_registration_hears_its_account_alone(simulator: RunningSimulator, sink: Sink) -> None:
    simulator.ask("POST", "/reset")
    sdk = simulator.sdk("sk_test_one")
    endpoint = sdk.v1.webhook_endpoints.create({"url": sink.url, "enabled_events": ["payment_intent.succeeded"]})
    assert endpoint.secret is not None
    pay(simulator.sdk("sk_test_two"), "k")
    pay(sdk, "l")
    [delivery] = received(sink, 1)
    assert verified(delivery, endpoint.secret).type == "payment_intent.succeeded"
    assert delivery.event["data"]["object"]["metadata"] == {"payment_id": "l"}
    assert "secret" not in sdk.v1.webhook_endpoints.retrieve(endpoint.id)
    sdk.v1.webhook_endpoints.update(endpoint.id, {"disabled": True})
    pay(sdk, "m")
    sdk.v1.webhook_endpoints.delete(endpoint.id)
    pay(sdk, "n")
    received(sink, 1)


def test_a_failed_delivery_is_tried_again(simulator: RunningSimulator, sink: Sink) -> None:
    register(simulator, sink, "charge.succeeded")
    sink.statuses = [500, 302, 404]
    pay(simulator.sdk(), "k")
    eventually(lambda: len(sink.received) >= 2)
    simulator.ask("POST", "/clock/advance", {"seconds": 1})
    eventually(lambda: len(sink.received) >= 3)
    simulator.ask("POST", "/clock/advance", {"seconds": 5})
    deliveries = received(sink, 4)
    assert len({delivery.event["id"] for delivery in deliveries}) == 1
    [shown] = eventually(lambda: _with_state(simulator, "delivered"))
    assert [attempt["status"] for attempt in shown["attempts"]] == [500, 302, 404, 200]


def test_a_dead_endpoint_is_given_up_after_three_days(simulator: RunningSimulator, sink: Sink) -> None:
    simulator.ask("POST", "/reset")
    dead = {"url": "http://127.0.0.1:9/", "secret": SECRET, "enabled_events": ["charge.succeeded"]}
    simulator.ask("POST", "/endpoints", dead)
    pay(simulator.sdk(), "k")
    for _round in range(40):
        simulator.ask("POST", "/clock/advance", {"seconds": 43_200})
        time.sleep(0.1)
        if _with_state(simulator, "failed"):
            break
    [shown] = _with_state(simulator, "failed")
    assert len(shown["attempts"]) > 5
    assert all(attempt["error"] for attempt in shown["attempts"])
    assert sink.received == []


def test_held_webhooks_are_released_in_the_order_asked_for(simulator: RunningSimulator, sink: Sink) -> None:
    sdk = simulator.sdk()
    orders: list[tuple[dict[str, Any], list[str] | None]] = [
        ({"order": "given"}, TOLD), ({"order": "reversed"}, TOLD[::-1]), ({"order": "shuffled", "seed": 3}, None)
    ]  # fmt: skip
    for index, (release, expected) in enumerate(orders):
        simulator.ask("POST", "/webhooks/hold")
        sink.received.clear()
        pay(sdk, f"k{index}")
        time.sleep(0.2)
        assert sink.received == []
        assert simulator.ask("POST", "/webhooks/release", release)["released"] == 3
        received(sink, 3)
        assert expected is None or sink.types() == expected
    assert sorted(sink.types()) == sorted(TOLD)


def test_a_release_may_name_the_order(simulator: RunningSimulator, sink: Sink) -> None:
    simulator.ask("POST", "/webhooks/hold")
    pay(simulator.sdk(), "k")
    wanted = [delivery["event"] for delivery in simulator.ask("GET", "/deliveries")["deliveries"]]
    wanted = [wanted[1], wanted[2], wanted[0]]
    simulator.ask("POST", "/webhooks/release", {"events": wanted})
    assert [delivery.event["id"] for delivery in received(sink, 3)] == wanted


def _fault(simulator: RunningSimulator, kind: str, **rule: Any) -> None:
    simulator.ask("POST", "/webhook-faults", {"kind": kind, "match": {"type": "charge.succeeded"}, **rule})


def test_a_duplicated_event_is_the_same_event(simulator: RunningSimulator, sink: Sink) -> None:
    register(simulator, sink, "charge.succeeded")
    _fault(simulator, "duplicate", copies=4)
    pay(simulator.sdk(), "k")
    assert len({delivery.event["id"] for delivery in received(sink, 5)}) == 1
    assert simulator.ask("GET", "/webhook-faults")["webhook_faults"][0]["hits"] == 1


@pytest.mark.parametrize("kind", ["late", "reorder"])
def test_a_late_event_comes_after_the_others(simulator: RunningSimulator, sink: Sink, kind: str) -> None:
    _fault(simulator, kind, seconds=3600)
    pay(simulator.sdk(), "k")
    received(sink, 2)
    simulator.ask("POST", "/clock/advance", {"seconds": 3600})
    received(sink, 3)
    assert sink.types()[-1] == "charge.succeeded"


def test_a_lost_event_is_never_sent_unless_it_is_sent_again(simulator: RunningSimulator, sink: Sink) -> None:
    _fault(simulator, "lost")
    pay(simulator.sdk(), "k")
    received(sink, 2)
    [lost] = _with_state(simulator, "lost")
    assert simulator.ask("POST", f"/events/{lost['event']}/resend") == {"queued": 1}
    assert received(sink, 3)[-1].event["id"] == lost["event"]


@pytest.mark.parametrize("kind", ["wrong_signature", "old_timestamp"])
def test_a_forged_delivery_is_followed_by_a_true_one(simulator: RunningSimulator, sink: Sink, kind: str) -> None:
    register(simulator, sink, "charge.succeeded")
    sink.statuses = [400]
    _fault(simulator, kind)
    pay(simulator.sdk(), "k")
    forged, true = received(sink, 2)
    with pytest.raises(stripe.SignatureVerificationError):
        verified(forged)
    assert verified(true).type == "charge.succeeded"


def test_a_transition_of_the_clock_is_told_too(simulator: RunningSimulator, sink: Sink) -> None:
    register(simulator, sink, "payment_intent.canceled")
    pay(simulator.sdk(), "k", capture_method="manual")
    assert simulator.ask("POST", "/clock/advance", {"seconds": 7 * 86_400})["transitions"] == 1
    assert received(sink, 1)[0].event["data"]["object"]["cancellation_reason"] == "expired"


def _with_state(simulator: RunningSimulator, state: str) -> list[dict[str, Any]]:
    deliveries = simulator.ask("GET", "/deliveries")["deliveries"]
    return [delivery for delivery in deliveries if delivery["state"] == state]
