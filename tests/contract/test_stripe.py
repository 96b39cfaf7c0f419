"""What only Stripe has: its currencies' exceptions, slow debits, its signatures on real deliveries, its own ids."""

from collections.abc import Iterator
from dataclasses import replace

import httpx2
import pytest
import stripe

from domain.errors import GatewayError
from domain.gateway import Gateway
from domain.outcomes import ActionRequired, Captured, Declined, Pending
from domain.payment import PaymentState as State
from tests.contract.scenes import CAPTURED, RETURN, held, paid
from tests.contract.simulator.process import Received, RunningSimulator, Sink, eventually
from tests.contract.story import stands
from tests.contract.stripe_world import StripeWorld
from tests.contract.world import WEBHOOK_SECRET

GOOD_IBAN, BAD_IBAN = "AT611904300234573201", "DE62370400440532013001"


@pytest.fixture
def world(running_simulator: RunningSimulator, sink: Sink) -> Iterator[StripeWorld]:
    yield StripeWorld(running_simulator, sink)
    running_simulator.ask("DELETE", "/faults")


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


def test_a_list_longer_than_a_page_still_finds_us(world: StripeWorld) -> None:
    story = paid(world)
    client = world.gateway._client  # type: ignore[attr-defined]  # other payments of the same account
    for _ in range(105):
        client.v1.payment_intents.create({"amount": 500, "currency": "eur"})
    found = world.gateway.find_by_reference(replace(story.call(), payment=replace(story.payment, references={})))
    assert isinstance(found, Captured)
    assert found.references["payment_intent"] == story.payment.references["payment_intent"]


@pytest.mark.parametrize("path", ["/v1/customers", "/v1/setup_intents"])
def test_an_error_kept_under_a_key_does_not_keep_a_customer_out_for_a_day(world: StripeWorld, path: str) -> None:
    """Stripe repeats its own 500 under the key that met it; nothing here moves money, so the next key asks afresh."""
    match = {"path": path, "method": "POST"}
    world.simulator.ask("POST", "/faults", {"wire": "stripe", "kind": "after_commit_500", "match": match})
    with pytest.raises(GatewayError, match="500"):
        _save(world.gateway)
    assert _save(world.gateway) == _save(world.gateway) == "succeeded"


def _save(gateway: Gateway) -> str:
    customer = gateway.create_customer(customer_id="cust_kept", email=None, name="A")
    saved = gateway.save_method(customer_reference=customer, token="pm_card_visa", key="po_kept", return_url=None)
    return saved.standing
