"""What is proven to be Stripe's is said in our words, and crashes on nothing."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import SignatureInvalid
from domain.gateway import GatewayEvent
from domain.outcomes import (
    ActionRequired,
    Authorized,
    Captured,
    Declined,
    DisputeReported,
    Lapsed,
    Pending,
    RefundReported,
    Voided,
)
from gateways.stripe.adapter import StripeGateway
from gateways.stripe.webhooks import ENABLED_EVENTS, READERS
from tests.unit.gateways.stripe import objects
from tests.unit.gateways.stripe.deliveries import NOW, SECRET, body, heard, refused, signed
from tests.unit.gateways.stripe.records import CREATED, OTHER_PAYMENT_ID, PAYMENT_ID
from tests.unit.gateways.stripe.specification import document


@settings(max_examples=200)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
        max_leaves=20,
    ),
    st.sampled_from(sorted(READERS)),
)
def test_a_signed_body_of_any_shape_is_an_event_or_a_refusal(thing: Any, type_: str) -> None:
    """Proven to be Stripe's, but we crash on none of it."""
    for made in (thing, objects.event(type_, objects.payment_intent()) | {"data": {"object": thing}}):
        raw = json.dumps(made).encode()
        try:
            events = heard(raw, signed(raw))
        except SignatureInvalid:
            continue
        assert all(isinstance(event, GatewayEvent) for event in events)


@settings(max_examples=100)
@given(st.sampled_from(sorted(READERS)), st.data())
def test_an_object_with_a_field_of_the_wrong_kind_becomes_a_hint(type_: str, data: st.DataObject) -> None:
    thing = objects.payment_intent()
    field = data.draw(st.sampled_from(sorted(set(thing) - {"metadata"})))
    thing[field] = data.draw(st.sampled_from([None, "x", 7, -1, [], {}, [{}], True, 10**30]))
    raw = json.dumps(objects.event("payment_intent.succeeded", objects.payment_intent()) | {
        "type": type_, "data": {"object": thing},
    }).encode()  # fmt: skip
    assert all(event.payment_id == PAYMENT_ID for event in heard(raw, signed(raw)))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"object": "v2.core.event"}, "thin"),
        ({"object": "charge"}, "thin"),
        ({"livemode": True}, "test mode"),
        ({"livemode": None}, "test mode"),
        ({"id": ""}, "lacks"),
        ({"id": "e" * 300}, "lacks"),
        ({"created": "today"}, "lacks"),
        ({"created": 10**15}, "lacks"),
        ({"data": {}}, "lacks"),
        ({"type": None}, "lacks"),
    ],
)
def test_events_of_another_kind_or_mode_are_refused(changes: dict[str, Any], why: str) -> None:
    raw = body(**changes)
    assert why in refused(raw, signed(raw))


@pytest.mark.parametrize("raw", [b"", b"null", b"[]", b"{", b'"evt"', b"[" * 100_000])
def test_signed_nonsense_is_refused(raw: bytes) -> None:
    assert refused(raw, signed(raw))


def test_a_live_account_refuses_test_events() -> None:
    live = StripeGateway(secret_key="sk_live_x", webhook_secrets=(SECRET,), mode="live")
    for livemode in (True, False):
        raw = body(livemode=livemode)
        headers = {"Stripe-Signature": signed(raw)}
        if livemode:
            assert live.parse_webhook(headers=headers, raw=raw, url="https://x", now=NOW)
        else:
            with pytest.raises(SignatureInvalid):
                live.parse_webhook(headers=headers, raw=raw, url="https://x", now=NOW)


# --- translation ------------------------------------------------------------------------------------------------------


def only(type_: str, thing: Any) -> GatewayEvent:
    raw = body(type_, thing)
    (event,) = heard(raw, signed(raw))
    assert (event.type, event.dedupe_key, event.occurred_at) == (type_, "evt_1", CREATED)
    return event


ERROR = {"type": "card_error", "code": "card_declined", "message": "no"}
ACTION = {"type": "redirect_to_url", "redirect_to_url": {"url": "https://bank.example", "return_url": None}}
INTENTS = [
    ("payment_intent.succeeded", objects.payment_intent(latest_charge="ch_1"), Captured),
    (
        "payment_intent.payment_failed",
        objects.payment_intent("requires_payment_method", last_payment_error=ERROR),
        Declined,
    ),
    (
        "payment_intent.canceled",
        objects.payment_intent("canceled", cancellation_reason="requested_by_customer"),
        Voided,
    ),
    ("payment_intent.canceled", objects.payment_intent("canceled", cancellation_reason="expired"), Lapsed),
    ("payment_intent.processing", objects.payment_intent("processing"), Pending),
    ("payment_intent.amount_capturable_updated", objects.payment_intent("requires_capture"), Authorized),
    ("payment_intent.requires_action", objects.payment_intent("requires_action", next_action=ACTION), ActionRequired),
    ("checkout.session.expired", objects.checkout_session("expired"), Lapsed),
]


@pytest.mark.parametrize(("type_", "thing", "kind"), INTENTS)
def test_what_payments_events_claim(type_: str, thing: Any, kind: type) -> None:
    event = only(type_, thing)
    assert type(event.outcome) is kind
    assert event.payment_id == PAYMENT_ID
    assert event.references


def test_partial_captures_carry_totals() -> None:
    open_ = objects.payment_intent("requires_capture", amount_capturable=700, amount_received=300)
    done = objects.payment_intent("succeeded", amount_received=300, capture_method="manual")
    for thing, final in ((open_, False), (done, True)):
        outcome = only(
            "payment_intent.succeeded" if final else "payment_intent.amount_capturable_updated", thing
        ).outcome
        assert isinstance(outcome, Captured)
        assert (outcome.captured_minor, outcome.final) == (300, final)


@pytest.mark.parametrize("type_", ["refund.created", "refund.updated", "refund.failed", "charge.refund.updated"])
def test_refunds_name_their_operation(type_: str) -> None:
    event = only(type_, objects.refund("failed" if "failed" in type_ else "succeeded"))
    assert isinstance(event.outcome, RefundReported)
    assert (event.payment_id, event.outcome.operation_number) == (PAYMENT_ID, 2)


def test_a_refund_made_in_the_dashboard_is_matched_by_its_intent() -> None:
    event = only("refund.created", objects.refund(operation=None))
    assert event.payment_id is None
    assert event.references == {"payment_intent": "pi_1", "charge": "ch_1"}


@pytest.mark.parametrize("type_", [name for name in READERS if name.startswith("charge.dispute")])
def test_disputes_are_matched_by_their_intent(type_: str) -> None:
    event = only(type_, objects.dispute())
    assert isinstance(event.outcome, DisputeReported)
    assert event.outcome.withdrawn_minor == 1000
    assert (event.payment_id, event.references["payment_intent"]) == (None, "pi_1")


@pytest.mark.parametrize(
    ("type_", "thing"),
    [
        ("checkout.session.completed", objects.checkout_session("complete")),
        ("checkout.session.async_payment_failed", objects.checkout_session("complete")),
        ("checkout.session.async_payment_succeeded", objects.checkout_session("complete")),
        ("charge.succeeded", objects.charge()),
        ("payment_intent.partially_funded", objects.payment_intent()),
        ("payment_intent.succeeded", objects.payment_intent() | {"status": "brand_new"}),
        ("payment_intent.succeeded", objects.payment_intent(amount_received=1)),
        ("payment_intent.succeeded", {"object": "payment_intent", "metadata": objects.OURS}),
    ],
)
def test_what_names_us_but_tells_nothing_is_a_hint_to_look(type_: str, thing: Any) -> None:
    event = only(type_, thing)
    assert event.outcome is None
    assert event.payment_id == PAYMENT_ID


@pytest.mark.parametrize(
    ("type_", "thing"),
    [
        ("customer.created", {"object": "customer", "id": "cus_1"}),
        ("charge.succeeded", objects.charge(metadata={})),
        ("payment_intent.succeeded", objects.payment_intent(metadata={})),
        ("payment_intent.succeeded", objects.payment_intent(metadata={"reference": "invoice-7"})),
        ("checkout.session.expired", objects.checkout_session("expired", metadata={}, client_reference_id="cart-1")),
    ],
)
def test_what_is_none_of_our_business_is_nothing(type_: str, thing: Any) -> None:
    raw = body(type_, thing)
    assert heard(raw, signed(raw)) == []


def test_another_payments_event_names_that_payment() -> None:
    metadata = {"reference": f"{OTHER_PAYMENT_ID}-1"}
    assert only("payment_intent.succeeded", objects.payment_intent(metadata=metadata)).payment_id == OTHER_PAYMENT_ID


def test_we_subscribe_to_what_stripe_sends_and_we_can_read() -> None:
    published = set()
    for content in document()["paths"]["/v1/webhook_endpoints"]["post"]["requestBody"]["content"].values():
        published |= set(content["schema"]["properties"]["enabled_events"]["items"]["enum"])
    assert set(ENABLED_EVENTS) <= published & READERS.keys()
    assert len(set(ENABLED_EVENTS)) == len(ENABLED_EVENTS)


def test_an_automatically_captured_payment_is_one_delivery() -> None:
    """What Stripe emits for one, by docs.stripe.com/payments/handling-payment-events."""
    emitted = {"payment_intent.created", "charge.succeeded", "payment_intent.succeeded", "charge.updated"}
    assert emitted & set(ENABLED_EVENTS) == {"payment_intent.succeeded"}
