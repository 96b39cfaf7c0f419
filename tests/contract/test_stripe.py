"""What only Stripe has: its currencies' exceptions, slow debits, its signatures on real deliveries, its own ids."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
import stripe

from domain.errors import NotSent, SignatureInvalid
from domain.money import EXPONENTS
from domain.outcomes import ActionRequired, Captured, Declined, Pending, RefundReported
from domain.payment import PaymentState as State
from tests.contract.scenes import CAPTURED, RETURN, TAKEN, held, paid
from tests.contract.simulator.process import Received, RunningSimulator, Sink, eventually
from tests.contract.story import stands
from tests.contract.stripe_world import StripeWorld
from tests.contract.world import WEBHOOK_SECRET

GOOD_IBAN, BAD_IBAN = "AT611904300234573201", "DE62370400440532013001"


@pytest.fixture
def world(running_simulator: RunningSimulator, sink: Sink) -> Iterator[StripeWorld]:
    yield StripeWorld(running_simulator, sink)
    running_simulator.ask("DELETE", "/faults")


@pytest.mark.parametrize(
    ("currency", "amount_minor", "stripes"),
    [
        ("JPY", 500, 500),
        ("KRW", 1500, 1500),
        ("USD", 1099, 1099),
        ("INR", 10000, 10000),
        ("KWD", 1230, 1230),
        ("BHD", 5000, 5000),
        ("ISK", 500, 50000),
        ("UGX", 5000, 500000),
        ("MGA", 500000, 5000),
    ],
)
def test_amounts_of_every_exponent_there_and_back(
    world: StripeWorld, currency: str, amount_minor: int, stripes: int
) -> None:
    story = held(world, currency=currency, amount_minor=amount_minor)
    part = amount_minor // 5 if EXPONENTS[currency] < 3 else amount_minor // 10
    story.capture()
    outcome = story.refund(part)
    assert isinstance(outcome, RefundReported)
    assert outcome.amount_minor == part
    assert isinstance(story.look(0), Captured)
    stands(story, State.CAPTURED, authorized_minor=amount_minor, captured_minor=amount_minor, refunded_minor=part)
    assert world.book(story)["captured_minor"] == stripes
    assert world.book(story)["refunded_minor"] == part * stripes // amount_minor


def test_a_three_decimal_amount_stripe_cannot_take_is_its_to_refuse(world: StripeWorld) -> None:
    story = world.story(currency="KWD", amount_minor=1234)
    assert isinstance(story.authorize(), Declined)
    assert world.book(story) == {}


def debit(world: StripeWorld, iban: str) -> str:
    """A SEPA payment method, as Stripe's script would make it in the browser."""
    billing = {"billing_details[name]": "A", "billing_details[email]": "a@b.example"}
    made = httpx2.post(
        f"{world.simulator.stripe_url}/v1/payment_methods",
        headers={"authorization": f"Bearer {world.gateway._client._requestor.api_key}"},  # type: ignore[attr-defined]  # the account's own key
        data={"type": "sepa_debit", "sepa_debit[iban]": iban, **billing},
    )
    assert made.status_code == 200, made.text
    token: str = made.json()["id"]
    return token


def test_a_debit_is_pending_for_days_and_then_paid(world: StripeWorld) -> None:
    story = world.story(token=debit(world, GOOD_IBAN), type="sepa_debit")
    assert isinstance(story.authorize(), Pending)
    assert story.payment.state is State.PROCESSING
    world.advance(10)
    story.hear(world.heard(story, "payment_intent.succeeded"))
    stands(story, State.CAPTURED, **CAPTURED)


def test_a_debit_that_is_returned_fails_the_payment(world: StripeWorld) -> None:
    story = world.story(token=debit(world, BAD_IBAN), type="sepa_debit")
    story.authorize()
    world.advance(10)
    story.hear(world.heard(story, "payment_intent.payment_failed"))
    stands(story, State.FAILED)
    assert isinstance(story.look(), Declined)


def test_a_debit_returned_after_its_page_was_completed_is_final(world: StripeWorld) -> None:
    """`payment_failed` alone could be one more try on an open page; the session's own event makes us look."""
    story = world.story(hosted=True, type="sepa_debit", instructions=RETURN)
    assert isinstance(story.authorize(), ActionRequired)
    world.act(story, iban=BAD_IBAN, name="A", email="a@b.example")
    story.look()
    assert story.payment.state is State.PROCESSING
    world.advance(10)
    story.hear(world.heard(story, "payment_intent.payment_failed"))
    story.hear(world.heard(story, "checkout.session.async_payment_failed"))
    stands(story, State.FAILED)


def test_refunds_from_the_dashboard_become_known_by_webhook(world: StripeWorld) -> None:
    story = paid(world)
    client = world.gateway._client  # type: ignore[attr-defined]  # as the dashboard would, on the same account
    client.v1.refunds.create({"payment_intent": story.payment.references["payment_intent"], "amount": 250})
    story.hear(world.heard(story, "refund.created"))
    stands(story, State.CAPTURED, **CAPTURED, refunded_minor=250)
    assert story.operation().reason == "made at the gateway"


def test_every_webhook_of_a_long_life_in_any_order_says_the_same(world: StripeWorld) -> None:
    story = held(world)
    story.capture(600, final=False)
    story.capture()
    story.refund(100)
    after = story.payment
    mine = eventually(lambda: [r for r in world.deliveries() if after.id.encode() in r.body][3:] and world.deliveries())
    events = [event for received in mine for event in world.parsed(received) if event.payment_id == after.id]
    assert {event.type for event in events} >= {"payment_intent.succeeded", "refund.created"}
    for event in [*events, *reversed(events)]:
        story.hear(event)
    assert story.payment == after


def one_delivery(world: StripeWorld) -> Received:
    story = paid(world)
    found = eventually(lambda: [r for r in world.deliveries() if story.payment.id.encode() in r.body])
    received: Received = found[0]
    return received


def test_a_real_delivery_verifies_by_us_and_by_stripes_sdk(world: StripeWorld) -> None:
    received = one_delivery(world)
    (event,) = world.parsed(received)
    assert isinstance(event.outcome, Captured)
    assert event.outcome.captured_minor == 1000
    checked = stripe.Webhook.construct_event(received.body, received.signature, WEBHOOK_SECRET)
    assert checked.id == event.dedupe_key


@pytest.mark.parametrize("wrong", ["body", "signature", "secret", "early", "late", "missing"])
def test_a_real_delivery_tampered_with_is_refused(world: StripeWorld, wrong: str) -> None:
    received, now = one_delivery(world), datetime.now(UTC)
    body, headers, gateway = received.body, world.headers_of(received), world.gateway
    if wrong == "body":
        body = body.replace(b"1000", b"9000")
    if wrong == "signature":
        headers = {"stripe-signature": received.signature[:-1] + ("0" if received.signature[-1] != "0" else "1")}
    if wrong == "secret":
        gateway = type(gateway)(secret_key="sk_test_x", webhook_secrets=("whsec_other",), mode="test")  # type: ignore[call-arg]  # the adapter's own constructor
    if wrong == "missing":
        headers = {}
    now += {"early": timedelta(seconds=-302), "late": timedelta(seconds=302)}.get(wrong, timedelta())
    with pytest.raises(SignatureInvalid):
        gateway.parse_webhook(headers=headers, raw=body, url="https://x", now=now)


def test_the_simulators_forged_and_stale_deliveries_are_refused_and_its_retry_is_right(world: StripeWorld) -> None:
    for kind in ("wrong_signature", "old_timestamp"):
        rule = {"match": {"type": "payment_intent.succeeded"}, "kind": kind, "count": 1}
        world.simulator.ask("POST", "/webhook-faults", rule)
        received = one_delivery(world)
        with pytest.raises(SignatureInvalid):
            world.parsed(received)


def test_a_killed_gateway_is_not_sent_to(world: StripeWorld) -> None:
    gone = type(world.gateway)(  # type: ignore[call-arg]  # the adapter's own constructor
        secret_key="sk_test_x", webhook_secrets=(), mode="test", base_address="http://127.0.0.1:1"
    )
    story = world.story()
    story.gateway = gone
    with pytest.raises(NotSent):
        story.authorize()
    assert world.book(story) == {}
    story.gateway = world.gateway
    story.send()
    assert world.book(story) == TAKEN


def test_a_list_longer_than_a_page_still_finds_us(world: StripeWorld) -> None:
    story = paid(world)
    client = world.gateway._client  # type: ignore[attr-defined]  # other payments of the same account
    for _ in range(105):
        client.v1.payment_intents.create({"amount": 500, "currency": "eur"})
    found = world.gateway.find_by_reference(replace(story.call(), payment=replace(story.payment, references={})))
    assert isinstance(found, Captured)
    assert found.references["payment_intent"] == story.payment.references["payment_intent"]
