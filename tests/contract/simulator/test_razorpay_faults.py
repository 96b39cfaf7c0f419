"""Every fault of the control API on the Razorpay wire: what is executed, what is answered, what a lookup then finds."""

import json

import pytest

from simulator.exchange import Exchange, perform
from simulator.faults import FaultKind, FaultMatch, FaultPlan, FaultRule
from simulator.wire import WireRequest
from tests.contract.simulator.razorpay_shop import Json, RazorpayShop

CAPTURE = {"amount": 50_000, "currency": "INR"}


@pytest.fixture
def shop() -> RazorpayShop:
    return RazorpayShop.open()


def request(shop: RazorpayShop, path: str, given: Json, *, key: str | None = None) -> WireRequest:
    headers = {**shop.headers, **({"x-refund-idempotency": key} if key else {})}
    return WireRequest("POST", path, "", headers, json.dumps(given).encode())


def meet(shop: RazorpayShop, kind: FaultKind, path: str, given: Json, **rule: object) -> Exchange:
    return perform(shop.wire, request(shop, path, given), FaultRule.model_validate({"kind": kind, **rule}))


@pytest.mark.parametrize(
    ("kind", "connection", "status", "executed"),
    [
        ("before_commit_timeout", "hold", None, False), ("after_commit_timeout", "hold", None, True),
        ("reset_before", "reset", None, False), ("drop_reply", "reset", None, True),
        ("before_commit_500", "answer", 500, False), ("after_commit_500", "answer", 500, True),
        ("rate_limit", "answer", 429, False), ("unavailable_503", "answer", 503, False),
        ("in_flight_409", "answer", 409, False), ("wrong_body", "answer", 200, True), ("slow", "answer", 200, True),
    ],
)  # fmt: skip
def test_a_capture_meets_every_fault(
    shop: RazorpayShop, kind: FaultKind, connection: str, status: int | None, executed: bool
) -> None:
    payment = shop.pay(shop.order())
    exchange = meet(shop, kind, f"/v1/payments/{payment['id']}/capture", CAPTURE)
    assert (exchange.connection, exchange.response and exchange.response.status) == (connection, status)
    assert shop.payment(payment["id"])["captured"] is executed
    assert (("capture", 50_000) in shop.effects()) is executed
    assert ("payment.captured" in shop.event_types()) is executed


def test_a_lost_order_is_found_by_its_receipt(shop: RazorpayShop) -> None:
    meet(shop, "drop_reply", "/v1/orders", {"amount": 100, "currency": "INR", "receipt": "lost"})
    assert shop.read("/v1/orders", receipt="lost")["count"] == 1
    meet(shop, "reset_before", "/v1/orders", {"amount": 100, "currency": "INR", "receipt": "never"})
    assert shop.read("/v1/orders", receipt="never")["count"] == 0


def test_refusals_are_razorpays(shop: RazorpayShop) -> None:
    for kind, code in (("rate_limit", "BAD_REQUEST_ERROR"), ("unavailable_503", "SERVER_ERROR")):
        answered = meet(shop, kind, "/v1/orders", {}, seconds=7).response  # type: ignore[arg-type]  # literals above
        assert answered is not None
        assert ("Retry-After", "7") in answered.headers
        assert json.loads(answered.body)["error"]["code"] == code


def test_a_lookup_lags_behind(shop: RazorpayShop) -> None:
    order = shop.order(receipt="young")
    payment = shop.pay(order)
    lag = FaultRule(kind="lookup_lag", seconds=30)

    def lagging(path: str, query: str = "") -> Json:
        answered = perform(shop.wire, WireRequest("GET", path, query, shop.headers), lag).response
        assert answered is not None
        found: Json = json.loads(answered.body)
        return found

    assert lagging("/v1/orders", "receipt=young")["items"] == []
    assert "error" in lagging(f"/v1/orders/{order['id']}")
    assert "error" in lagging(f"/v1/payments/{payment['id']}")
    shop.clock.advance(30)
    assert lagging("/v1/orders", "receipt=young")["count"] == 1
    assert lagging(f"/v1/orders/{order['id']}/payments")["count"] == 1


@pytest.mark.parametrize(("body", "told"), [("other_amount", ("INR", 50_001)), ("other_currency", ("GBP", 50_000))])
def test_an_answer_may_lie(shop: RazorpayShop, body: str, told: tuple[str, int]) -> None:
    payment = shop.pay(shop.order())
    exchange = meet(shop, "wrong_body", f"/v1/payments/{payment['id']}/capture", CAPTURE, body=body)
    assert exchange.response is not None
    lie = json.loads(exchange.response.body)
    assert (lie["currency"], lie["amount"]) == told


def test_a_slow_refund_holds_its_key(shop: RazorpayShop) -> None:
    payment = shop.paid()
    path, given, key = f"/v1/payments/{payment['id']}/refund", {"amount": 100}, "in-flight-key"
    slow = request(shop, path, given, key=key)
    assert shop.wire.lock(slow)
    assert not shop.wire.lock(slow)
    refused = shop.call("POST", path, given, key=key)
    assert (refused.status, refused.error["description"][:15]) == (409, "Another request")
    done = perform(shop.wire, slow, FaultRule(kind="slow"), holds_lock=True).response
    shop.wire.unlock(slow)
    assert done is not None
    assert shop.made(path, given, key=key)["id"] == json.loads(done.body)["id"]
    assert shop.effects()[2:] == [("refund", 100)]


def test_what_honours_no_key_is_never_locked(shop: RazorpayShop) -> None:
    order = request(shop, "/v1/orders", {}, key="in-flight-key")
    assert shop.wire.lock(order)
    assert shop.wire.lock(order)
    shop.wire.unlock(order)


def test_a_fault_finds_its_payment_by_any_name(shop: RazorpayShop) -> None:
    order = shop.order(receipt="r-7", notes={"payment_id": "pay_7"})
    payment = shop.paid()
    shop.pay(order)
    first = shop.read(f"/v1/orders/{order['id']}/payments")["items"][0]["id"]
    refund = shop.made(f"/v1/payments/{payment['id']}/refund", {"amount": 100})
    lookup = WireRequest("GET", "/v1/orders", "receipt=r-7", shop.headers)
    capture = request(shop, f"/v1/payments/{first}/capture", CAPTURE)
    create = request(shop, "/v1/orders", {"notes": {"payment_id": "pay_7"}, "receipt": "r-8"})
    for asked in (lookup, capture):
        assert {"r-7"} <= shop.wire.references(asked)
    assert {"pay_7", order["id"], first} <= shop.wire.references(capture)
    assert {"pay_7", "r-8"} <= shop.wire.references(create)
    assert payment["id"] in shop.wire.references(WireRequest("GET", f"/v1/refunds/{refund['id']}"))
    assert shop.wire.references(WireRequest("POST", "/v1/orders", "", {}, b"{")) == set()


def test_the_plan_strikes_the_wire_it_names(shop: RazorpayShop) -> None:
    plan = FaultPlan(shop.wire.parts.book)
    plan.add(FaultRule(wire="stripe", kind="rate_limit", match=FaultMatch(count=None)))
    wanted = FaultRule(
        wire="razorpay", kind="drop_reply", match=FaultMatch(method="POST", path="/v1/payments/*/capture")
    )
    plan.add(wanted)
    assert plan.strike(shop.wire, WireRequest("POST", "/v1/orders")) is None
    assert plan.strike(shop.wire, WireRequest("POST", "/v1/payments/pay_1/capture")) == wanted


def test_what_was_rolled_back_is_told_to_nobody(shop: RazorpayShop) -> None:
    payment = shop.pay(shop.order())
    before = shop.event_types()
    shop.call("POST", f"/v1/payments/{payment['id']}/capture", {"amount": 1, "currency": "INR"})
    meet(shop, "before_commit_500", f"/v1/payments/{payment['id']}/capture", CAPTURE, stored=True)
    assert shop.event_types() == before
    assert shop.payment(payment["id"])["status"] == "authorized"
