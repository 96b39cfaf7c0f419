"""Money going back: refunds with their keys, disputes, and the settlements all of it ends in."""

import pytest

from simulator.razorpay import stage
from simulator.wire import Disturbance
from tests.contract.simulator.razorpay_shop import Json, RazorpayShop

DAY = 86_400
KEY = "refund-key-0001"


@pytest.fixture
def shop() -> RazorpayShop:
    return RazorpayShop.open()


def refunds(payment: Json) -> str:
    return f"/v1/payments/{payment['id']}/refund"


def test_a_refund_is_pending_then_processed(shop: RazorpayShop) -> None:
    payment = shop.paid()
    refund = shop.made(refunds(payment), {"amount": 20_000, "receipt": "rf-1", "notes": {"a": "b"}})
    assert refund == {
        "id": refund["id"], "entity": "refund", "amount": 20_000, "currency": "INR", "payment_id": payment["id"],
        "notes": {"a": "b"}, "receipt": "rf-1", "acquirer_data": {"arn": None}, "created_at": 1_800_000_000,
        "batch_id": None, "status": "pending", "speed_processed": "normal", "speed_requested": "normal",
    }  # fmt: skip
    shown = shop.payment(payment["id"])
    assert (shown["status"], shown["amount_refunded"], shown["refund_status"]) == ("captured", 20_000, "partial")
    shop.wait(3)
    assert shop.read(f"/v1/refunds/{refund['id']}")["status"] == "processed"
    assert shop.event_types()[3:] == ["refund.created", "refund.processed"]
    assert shop.events()[-1]["contains"] == ["refund", "payment"]
    assert shop.effects()[2:] == [("refund", 20_000)]


def test_the_rest_is_refunded_and_the_order_stays_paid(shop: RazorpayShop) -> None:
    payment = shop.paid()
    shop.made(refunds(payment), {"amount": 20_000})
    assert shop.made(refunds(payment))["amount"] == 30_000
    shown = shop.payment(payment["id"])
    assert (shown["status"], shown["captured"], shown["refund_status"]) == ("refunded", True, "full")
    assert shop.read(f"/v1/orders/{payment['order_id']}")["status"] == "paid"
    refused = shop.call("POST", refunds(payment), {"amount": 100})
    assert refused.error["description"] == "The payment has been fully refunded already"


@pytest.mark.parametrize(("method", "asked", "speed", "status"), [
    ("card", {}, "instant", "processed"), ("upi", {"vpa": "ada@upi"}, "instant", "processed"),
    ("netbanking", {"bank": "HDFC"}, "normal", "pending"),
])  # fmt: skip
def test_an_optimum_refund_is_instant_where_the_method_allows(
    shop: RazorpayShop, method: str, asked: Json, speed: str, status: str
) -> None:
    payment = shop.paid(method=method, **asked)
    refund = shop.made(refunds(payment), {"speed": "optimum"})
    assert (refund["speed_requested"], refund["speed_processed"], refund["status"]) == ("optimum", speed, status)
    assert ("refund.speed_changed" in shop.event_types()) == (speed == "normal")
    shop.wait(3)
    assert shop.event_types().count("refund.processed") == 1


@pytest.mark.parametrize("settled", [False, True])
def test_a_refund_may_fail_even_after_it_was_processed(shop: RazorpayShop, settled: bool) -> None:
    payment = shop.paid()
    refund = shop.made(refunds(payment))
    if settled:
        shop.wait(3)
    assert stage.decide_refund(shop.wire, refund["id"], processed=False)["status"] == "failed"
    shown = shop.payment(payment["id"])
    assert (shown["status"], shown["amount_refunded"], shown["refund_status"]) == ("captured", 0, None)
    assert shop.effects()[2:] == [("refund", 50_000), ("refund_failed", 50_000)]
    shop.wait(3)
    assert shop.event_types()[-1] == "refund.failed"
    assert shop.made(refunds(payment))["status"] == "pending"


def test_a_refund_after_six_months_fails(shop: RazorpayShop) -> None:
    payment = shop.paid()
    shop.wait(181 * DAY)
    refund = shop.made(refunds(payment))
    assert refund["status"] == "pending"
    shop.wait(3)
    assert shop.read(f"/v1/refunds/{refund['id']}")["status"] == "failed"


@pytest.mark.parametrize(
    ("given", "description"),
    [
        ({"amount": 99}, "The amount must be at least INR 1.00"),
        ({"amount": 50_001}, "The refund amount provided is greater than amount captured"),
        ({"amount": "x"}, "The amount must be an integer."),
        ({"speed": "fast"}, "The selected speed is invalid."),
        ({"reason": "x"}, "reason is/are not required and should not be sent"),
    ],
)
def test_a_bad_refund_is_refused(shop: RazorpayShop, given: Json, description: str) -> None:
    refused = shop.call("POST", refunds(shop.paid()), given)
    assert (refused.status, refused.error["description"]) == (400, description)
    assert len(shop.effects()) == 2


def test_two_refunds_do_not_exceed_what_was_captured(shop: RazorpayShop) -> None:
    payment = shop.paid()
    shop.made(refunds(payment), {"amount": 30_000})
    refused = shop.call("POST", refunds(payment), {"amount": 30_000})
    assert refused.error["description"] == "The total refund amount is greater than the refund payment amount"


def test_what_is_only_authorized_is_not_refunded(shop: RazorpayShop) -> None:
    refused = shop.call("POST", refunds(shop.pay(shop.order())))
    assert refused.error["description"] == "The payment status should be captured for action to be taken"


def test_refunds_are_listed_and_shown(shop: RazorpayShop) -> None:
    payment, other = shop.paid(), shop.paid()
    refund = shop.made(refunds(payment), {"amount": 100})
    second = shop.made("/v1/refunds", {"payment_id": payment["id"], "amount": 200})
    assert shop.read(f"/v1/payments/{payment['id']}/refunds")["items"] == [second, refund]
    assert shop.read("/v1/refunds", count=1)["items"] == [second]
    assert shop.read(f"/v1/payments/{payment['id']}/refunds/{refund['id']}") == refund
    assert shop.call("GET", f"/v1/payments/{other['id']}/refunds/{refund['id']}").status == 400
    changed = shop.made(f"/v1/refunds/{refund['id']}", {"notes": {"x": "y"}}, method="PATCH")
    assert changed["notes"] == {"x": "y"}


# Keys


def test_the_same_key_gives_the_same_refund(shop: RazorpayShop) -> None:
    payment = shop.paid()
    first = shop.made(refunds(payment), {"amount": 100}, key=KEY)
    shop.wait(400 * DAY)
    assert shop.made(refunds(payment), {"amount": 100}, key=KEY) == first
    assert shop.effects()[2:] == [("refund", 100)]
    assert shop.wire.parts.effects.rows()[-1]["idempotency_key"] == KEY


def test_the_same_key_with_another_body_is_refused(shop: RazorpayShop) -> None:
    payment = shop.paid()
    shop.made(refunds(payment), {"amount": 100}, key=KEY)
    refused = shop.call("POST", refunds(payment), {"amount": 200}, key=KEY)
    assert (refused.status, refused.error["description"]) == (
        400, "Different request with the same idempotency key has already been processed.",
    )  # fmt: skip
    assert (refused.error["source"], refused.error["reason"]) == ("NA", "NA")
    shop.made(refunds(payment), {"amount": 200}, key="another-key-1")


def test_a_refused_refund_leaves_its_key_free(shop: RazorpayShop) -> None:
    payment = shop.pay(shop.order())
    assert shop.call("POST", refunds(payment), {"amount": 100}, key=KEY).status == 400
    shop.made(f"/v1/payments/{payment['id']}/capture", {"amount": 50_000, "currency": "INR"})
    assert shop.made(refunds(payment), {"amount": 100}, key=KEY)["amount"] == 100


@pytest.mark.parametrize(
    ("key", "said"), [("short", "at least 10 characters"), ("white space!", "must only contain"), ("", "must only")]
)
def test_a_bad_key_is_refused(shop: RazorpayShop, key: str, said: str) -> None:
    refused = shop.call("POST", refunds(shop.paid()), {"amount": 100}, key=key)
    assert refused.status == 400
    assert said in refused.error["description"]


def test_only_the_refund_of_a_payment_honours_a_key(shop: RazorpayShop) -> None:
    given = {"amount": 50_000, "currency": "INR"}
    first, second = (shop.made("/v1/orders", given, key=KEY)["id"] for _time in range(2))
    assert first != second
    payment = shop.paid()
    for _time in range(2):
        shop.made("/v1/refunds", {"payment_id": payment["id"], "amount": 100}, key=KEY)
    assert shop.effects()[2:] == [("refund", 100), ("refund", 100)]


@pytest.mark.parametrize(("keep", "replayed"), [(True, 500), (False, 200)])
def test_a_key_after_a_failure_that_executed(shop: RazorpayShop, keep: bool, replayed: int) -> None:
    payment = shop.paid()
    broken = Disturbance(fail="after_commit", keep_failure=keep)
    assert shop.call("POST", refunds(payment), {"amount": 100}, key=KEY, disturbance=broken).status == 500
    assert shop.call("POST", refunds(payment), {"amount": 100}, key=KEY).status == replayed
    assert shop.effects()[2:] == [("refund", 100)]


# Disputes


def test_a_lost_dispute_takes_the_money(shop: RazorpayShop) -> None:
    payment = shop.paid()
    dispute = shop.wire.open_dispute(payment["id"], reason="goods_not_received", inquiry=False)
    assert (dispute["status"], dispute["phase"], dispute["amount_deducted"]) == ("open", "chargeback", 0)
    lost = shop.made(f"/v1/disputes/{dispute['id']}/accept")
    assert (lost["status"], lost["amount_deducted"]) == ("lost", 50_000)
    assert shop.effects()[2:] == [("dispute_withdrawn", 50_000)]
    assert shop.event_types()[3:] == ["payment.dispute.created", "payment.dispute.lost"]
    assert shop.events()[-1]["contains"] == ["payment", "dispute"]
    assert shop.call("POST", f"/v1/disputes/{dispute['id']}/accept").status == 400


def test_a_contested_dispute_is_decided(shop: RazorpayShop) -> None:
    dispute = shop.wire.open_dispute(shop.paid()["id"], reason="fraud", inquiry=False)
    contest = f"/v1/disputes/{dispute['id']}/contest"
    drafted = shop.made(contest, {"summary": "Delivered", "action": "draft"}, method="PATCH")
    assert (drafted["status"], drafted["evidence"]["submitted_at"]) == ("open", None)
    assert shop.made(contest, {"action": "submit"}, method="PATCH")["status"] == "under_review"
    assert shop.call("PATCH", contest, {"action": "submit"}).status == 400
    assert shop.wire.decide_dispute(dispute["id"], won=True)["status"] == "won"
    assert shop.effects()[2:] == []
    assert shop.event_types()[3:] == [f"payment.dispute.{word}" for word in ("created", "under_review", "won")]


def test_evidence_needs_a_summary(shop: RazorpayShop) -> None:
    dispute = shop.wire.open_dispute(shop.paid()["id"], reason="fraud", inquiry=False)
    refused = shop.call("PATCH", f"/v1/disputes/{dispute['id']}/contest", {"action": "submit"})
    assert refused.error["field"] == "summary"


def test_an_inquiry_is_closed_and_an_unanswered_dispute_is_lost(shop: RazorpayShop) -> None:
    inquiry = shop.wire.open_dispute(shop.paid()["id"], reason="retrieval", inquiry=True)
    assert shop.wire.decide_dispute(inquiry["id"], won=True)["status"] == "closed"
    dispute = shop.wire.open_dispute(shop.paid()["id"], reason="fraud", inquiry=False)
    shop.wait(7 * DAY)
    assert shop.read(f"/v1/disputes/{dispute['id']}")["status"] == "lost"


def test_disputes_are_listed_with_their_payments(shop: RazorpayShop) -> None:
    payment = shop.paid()
    dispute = shop.wire.open_dispute(payment["id"], reason="fraud", inquiry=False)
    [listed] = shop.read("/v1/disputes", **{"expand[]": "payment"})["items"]
    assert (listed["id"], listed["payment"]["id"]) == (dispute["id"], payment["id"])
    for again in (payment["id"], shop.pay(shop.order())["id"]):
        with pytest.raises(Exception, match="dispute"):
            shop.wire.open_dispute(again, reason="fraud", inquiry=False)


# Settlements


def test_everything_is_settled_two_days_later(shop: RazorpayShop) -> None:
    payment = shop.paid(100_000)
    refund = shop.made(refunds(payment), {"amount": 30_000})
    assert shop.read("/v1/settlements")["items"] == []
    shop.wait(2 * DAY)
    [settlement] = shop.read("/v1/settlements")["items"]
    assert (settlement["amount"], settlement["fees"], settlement["tax"]) == (100_000 - 2_360 - 30_000, 2_360, 360)
    assert shop.read(f"/v1/settlements/{settlement['id']}") == settlement
    # 1 800 000 000 is 2027-01-15 08:00 UTC, which is the afternoon in India.
    rows = shop.read("/v1/settlements/recon/combined", year=2027, month=1, day=17)["items"]
    found = {row["entity_id"]: row for row in rows}
    paid, back = found[payment["id"]], found[refund["id"]]
    assert (paid["type"], paid["credit"], paid["fee"], paid["order_receipt"]) == ("payment", 97_640, 2_360, "r-1")
    assert (back["type"], back["debit"], back["payment_id"]) == ("refund", 30_000, payment["id"])
    assert {row["settlement_id"] for row in rows} == {settlement["id"]}
    assert shop.read("/v1/settlements/recon/combined", year=2027, month=1, count=1000)["count"] == 2
    assert shop.read("/v1/settlements/recon/combined", year=2027, month=1, day=16)["items"] == []
    assert shop.event_types()[-1] == "settlement.processed"
    shop.wait(9 * DAY)
    assert len(shop.read("/v1/settlements")["items"]) == 1


def test_a_day_is_a_day_of_india(shop: RazorpayShop) -> None:
    shop.wait(11 * 3_600)  # 19:00 UTC is half past midnight of the next day in India
    shop.paid()
    stage.settle(shop.wire)
    assert shop.read("/v1/settlements/recon/combined", year=2027, month=1, day=15)["items"] == []
    assert shop.read("/v1/settlements/recon/combined", year=2027, month=1, day=16)["count"] == 1


def test_failed_refunds_and_lost_disputes_are_adjustments(shop: RazorpayShop) -> None:
    payment = shop.paid(100_000)
    refund = shop.made(refunds(payment), {"amount": 30_000})
    stage.decide_refund(shop.wire, refund["id"], processed=False)
    dispute = shop.wire.open_dispute(payment["id"], reason="fraud", inquiry=False)
    shop.wire.decide_dispute(dispute["id"], won=False)
    shop.paid(100_000)
    shop.wait(2 * DAY)
    rows = shop.read("/v1/settlements/recon/combined", year=2027, month=1, count=10)["items"]
    adjustments = {row["entity_id"]: (row["credit"], row["debit"]) for row in rows if row["type"] == "adjustment"}
    assert adjustments == {refund["id"]: (30_000, 0), dispute["id"]: (0, 100_000)}


def test_a_statement_may_lie_while_the_referee_stays_true(shop: RazorpayShop) -> None:
    payment, hidden = shop.paid(100_000), shop.paid(100_000)
    shop.wait(2 * DAY)
    amended = shop.wire.amend_statement(payment["id"], hidden=False, amount=99_999, currency="usd")
    assert amended == {"source": payment["id"], "lines": 1}
    shop.wire.amend_statement(hidden["id"], hidden=True, amount=None, currency=None)
    [row] = shop.read("/v1/settlements/recon/combined", year=2027, month=1)["items"]
    assert (row["entity_id"], row["amount"], row["credit"], row["currency"]) == (payment["id"], 99_999, 97_639, "USD")
    assert [shown["id"] for shown in shop.read("/v1/payments")["items"]] == [payment["id"]]
    assert shop.read(f"/v1/orders/{hidden['order_id']}")["status"] == "attempted"
    shop.wait(10 * DAY)
    assert shop.effects() == [("authorize", 100_000), ("capture", 100_000)] * 2


def test_what_the_merchant_owes_waits(shop: RazorpayShop) -> None:
    payment = shop.paid(100_000)
    shop.made(refunds(payment))
    shop.wait(2 * DAY)
    assert shop.read("/v1/settlements")["items"] == []
    shop.paid(100_000)
    shop.wait(2 * DAY)
    assert shop.read("/v1/settlements")["items"][0]["amount"] == 100_000 - 2 * 2_360


@pytest.mark.parametrize("query", [{"year": 2027}, {"year": 2027, "month": 13}, {"year": 2027, "month": 1, "day": 0},
                                   {"year": 2027, "month": 1, "count": 1001}])  # fmt: skip
def test_a_bad_reconciliation_is_refused(shop: RazorpayShop, query: Json) -> None:
    assert shop.call("GET", "/v1/settlements/recon/combined", query).status == 400
