"""Webhooks of Razorpay: signed over the raw body without a time, retried for a day, then the endpoint is disabled."""

import hashlib
import hmac
import json

import pytest

from simulator.webhooks import Attempt, Delivery, Endpoint, WebhookFaultRule, WebhookMatch
from tests.contract.simulator.razorpay_shop import Json, RazorpayShop

HOUR = 3_600


@pytest.fixture
def shop() -> RazorpayShop:
    return RazorpayShop.open()


def waiting(shop: RazorpayShop) -> list[Delivery]:
    return shop.wire.parts.webhooks.take(now=shop.clock.now(), limit=99)


def send(shop: RazorpayShop, status: int) -> list[Delivery]:
    """Deliver what is due; everything is answered with this status."""
    taken = waiting(shop)
    shop.wire.parts.webhooks.note([Attempt(delivery, status, None, 0.0) for delivery in taken], now=shop.clock.now())
    return taken


def fail_for(shop: RazorpayShop, hours: int) -> int:
    tries = 0
    for _hour in range(hours):
        shop.clock.advance(HOUR)
        tries += len(send(shop, 500))
    return tries


def register(shop: RazorpayShop, secret: str, *events: str) -> None:
    endpoint = Endpoint("e1", "razorpay", None, "http://shop.test", secret, events or ("*",))
    shop.wire.parts.webhooks.put_endpoint(endpoint)


def headers(shop: RazorpayShop, delivery: Delivery, disguise: str | None = None) -> Json:
    return shop.wire.sign(
        delivery.body, secret=delivery.secret, timestamp=1, event=delivery.event, disguise=disguise  # type: ignore[arg-type]  # literals below
    )  # fmt: skip


def test_a_delivery_is_signed_over_its_raw_body(shop: RazorpayShop) -> None:
    payment = shop.pay(shop.order())
    [delivery] = waiting(shop)
    told = headers(shop, delivery)
    assert told["x-razorpay-signature"] == hmac.new(b"whsec", delivery.body, hashlib.sha256).hexdigest()
    assert told["x-razorpay-event-id"] == delivery.event
    assert len(delivery.event) == 14
    event = json.loads(delivery.body)
    assert delivery.event not in delivery.body.decode()
    assert event["account_id"].startswith("acc_")
    assert event == {
        "entity": "event", "account_id": event["account_id"], "event": "payment.authorized", "contains": ["payment"],
        "payload": {"payment": {"entity": payment}}, "created_at": 1_800_000_000,
    }  # fmt: skip


def test_no_time_is_signed_so_an_old_one_is_as_good(shop: RazorpayShop) -> None:
    shop.pay(shop.order())
    [delivery] = waiting(shop)
    assert headers(shop, delivery, "old_timestamp") == headers(shop, delivery)
    assert headers(shop, delivery, "wrong_signature") != headers(shop, delivery)


def test_an_event_is_a_snapshot(shop: RazorpayShop) -> None:
    shop.paid()
    statuses = [event["payload"]["payment"]["entity"]["status"] for event in shop.events()]
    assert statuses == ["authorized", "captured", "captured"]
    shop.made(f"/v1/payments/{shop.events()[0]['payload']['payment']['entity']['id']}/refund")
    assert shop.events()[0]["payload"]["payment"]["entity"]["amount_refunded"] == 0


def test_only_what_is_wanted_is_told(shop: RazorpayShop) -> None:
    register(shop, "whsec", "order.paid")
    shop.paid()
    assert [delivery.type for delivery in waiting(shop)] == ["order.paid"]


def test_retries_go_on_for_a_day_then_the_endpoint_is_disabled(shop: RazorpayShop) -> None:
    shop.pay(shop.order())
    webhooks = shop.wire.parts.webhooks
    send(shop, 500)
    assert fail_for(shop, 23) > 5
    assert webhooks.endpoints()[0].enabled
    fail_for(shop, 9)
    assert not webhooks.endpoints()[0].enabled
    [delivery] = webhooks.shown()
    assert delivery["state"] == "failed"
    shop.pay(shop.order())
    assert waiting(shop) == []
    assert len(webhooks.shown()) == 1, "a disabled endpoint hears nothing, later neither"
    register(shop, "whsec")
    shop.pay(shop.order())
    assert len(waiting(shop)) == 1


def test_what_waits_is_given_up_with_its_endpoint(shop: RazorpayShop) -> None:
    shop.pay(shop.order())
    send(shop, 500)
    fail_for(shop, 23)
    shop.pay(shop.order())
    fail_for(shop, 9)
    assert {delivery["state"] for delivery in shop.wire.parts.webhooks.shown()} == {"failed"}
    register(shop, "whsec")
    shop.clock.advance(48 * HOUR)
    assert waiting(shop) == []


def test_retries_of_old_events_keep_the_old_secret(shop: RazorpayShop) -> None:
    shop.pay(shop.order())
    send(shop, 500)
    register(shop, "new")
    shop.pay(shop.order(), outcome="failure")
    shop.clock.advance(1)
    assert sorted((delivery.type, delivery.secret) for delivery in send(shop, 500)) == [
        ("payment.authorized", "whsec"), ("payment.failed", "new"),
    ]  # fmt: skip
    register(shop, "newest")
    shop.clock.advance(60)
    assert sorted(delivery.secret for delivery in send(shop, 200)) == ["new", "whsec"]
    shop.pay(shop.order())
    assert [delivery.secret for delivery in waiting(shop)] == ["newest"]


def test_an_event_is_told_again_on_demand(shop: RazorpayShop) -> None:
    shop.pay(shop.order())
    [delivery] = send(shop, 200)
    assert shop.wire.resend(delivery.event) == 1
    [again] = waiting(shop)
    assert (again.event, again.body) == (delivery.event, delivery.body)
    with pytest.raises(Exception, match="does not exist"):
        shop.wire.resend("nothing")


@pytest.mark.parametrize(("kind", "deliveries"), [("duplicate", 3), ("lost", 0), ("late", 0), ("wrong_signature", 1)])
def test_webhook_faults_strike_this_wire(shop: RazorpayShop, kind: str, deliveries: int) -> None:
    rule = WebhookFaultRule(wire="razorpay", match=WebhookMatch(type="payment.*"), kind=kind, copies=2)
    shop.wire.parts.webhooks.add_fault(rule)
    shop.pay(shop.order())
    assert len(waiting(shop)) == deliveries


def test_the_accounts_of_an_endpoint(shop: RazorpayShop) -> None:
    """An endpoint of one account does not hear another."""
    shop.order()
    account = shop.wire.parts.book.rows("SELECT account FROM records")[0]["account"]
    for wanted, heard in ((account, 1), ("acc_other", 0)):
        shop.wire.parts.webhooks.put_endpoint(Endpoint("e1", "razorpay", wanted, "http://x", "whsec", ("*",)))
        shop.pay(shop.order())
        assert len(send(shop, 200)) == heard
