"""Money going back: refunds at once, slow, failing; disputes opened, answered and decided."""

import pytest

from tests.contract.simulator.shop import Json, Shop


def test_refunds_go_back_in_parts_until_nothing_is_left(shop: Shop) -> None:
    intent = shop.pay().body
    first = shop.made("/v1/refunds", {"payment_intent": intent["id"], "amount": 400, "metadata": {"r": "1"}})
    assert (first["status"], first["amount"], first["charge"]) == ("succeeded", 400, intent["latest_charge"])
    shop.made("/v1/refunds", {"charge": intent["latest_charge"], "reason": "requested_by_customer"})
    charge = shop.get(f"/v1/charges/{intent['latest_charge']}", {"expand": ["refunds"]}).body
    assert (charge["amount_refunded"], charge["refunded"], len(charge["refunds"]["data"])) == (1000, True, 2)
    again = shop.post("/v1/refunds", {"payment_intent": intent["id"]})
    assert (again.status, again.error["code"]) == (400, "charge_already_refunded")
    assert shop.effects()[2:] == [("refund", 400), ("refund", 600)]
    assert shop.event_types()[-2:] == ["refund.created", "charge.refunded"]


def test_more_than_is_left_is_not_refunded(shop: Shop) -> None:
    intent = shop.pay().body["id"]
    answer = shop.post("/v1/refunds", {"payment_intent": intent, "amount": 1001})
    assert (answer.status, "greater than unrefunded amount" in answer.error["message"]) == (400, True)
    assert shop.post("/v1/refunds", {"payment_intent": intent, "amount": 0}).error["param"] == "amount"
    assert shop.post("/v1/refunds", {}).error["code"] == "parameter_missing"
    assert shop.post("/v1/refunds", {"payment_intent": "pi_x"}).status == 404


@pytest.mark.parametrize("state", ["held", "declined"])
def test_what_was_not_captured_cannot_be_refunded(shop: Shop, state: str) -> None:
    if state == "held":
        intent = shop.pay(capture_method="manual").body
    else:
        intent = shop.pay("pm_card_chargeDeclined").error["payment_intent"]
    assert shop.post("/v1/refunds", {"payment_intent": intent["id"]}).status == 400


def test_a_slow_refund_is_pending_first(shop: Shop) -> None:
    intent = shop.pay("pm_card_pendingRefund").body["id"]
    refund = shop.made("/v1/refunds", {"payment_intent": intent})
    assert (refund["status"], refund["pending_reason"]) == ("pending", "processing")
    shop.wait(3)
    assert shop.get(f"/v1/refunds/{refund['id']}").body["status"] == "succeeded"
    assert shop.event_types()[-2:] == ["refund.updated", "charge.refund.updated"]


def test_a_refund_that_seemed_done_fails_and_the_charge_is_refundable_again(shop: Shop) -> None:
    intent = shop.pay("pm_card_refundFail").body
    refund = shop.made("/v1/refunds", {"payment_intent": intent["id"]})
    assert refund["status"] == "succeeded"
    shop.wait(3)
    failed = shop.get(f"/v1/refunds/{refund['id']}", {"expand": ["failure_balance_transaction"]}).body
    assert (failed["status"], failed["failure_reason"]) == ("failed", "expired_or_canceled_card")
    assert failed["failure_balance_transaction"]["amount"] == 1000
    charge = shop.get(f"/v1/charges/{intent['latest_charge']}").body
    assert (charge["amount_refunded"], charge["refunded"]) == (0, False)
    assert shop.effects()[2:] == [("refund", 1000), ("refund_failed", 1000)]
    assert "refund.failed" in shop.event_types()


def test_a_refund_can_be_renamed_but_not_canceled(shop: Shop) -> None:
    refund = shop.made("/v1/refunds", {"payment_intent": shop.pay().body["id"]})
    assert shop.made(f"/v1/refunds/{refund['id']}", {"metadata": {"a": "b"}})["metadata"] == {"a": "b"}
    assert shop.post(f"/v1/refunds/{refund['id']}/cancel").status == 400
    assert [r["id"] for r in shop.get("/v1/refunds").body["data"]] == [refund["id"]]


@pytest.mark.parametrize(
    ("card", "reason"),
    [("pm_card_createDispute", "fraudulent"), ("pm_card_createDisputeProductNotReceived", "product_not_received")],
)
def test_a_magic_card_is_disputed_and_the_money_leaves(shop: Shop, card: str, reason: str) -> None:
    intent = shop.pay(card).body
    shop.wait(1)
    [dispute] = shop.get("/v1/disputes", {"payment_intent": intent["id"]}).body["data"]
    assert (dispute["status"], dispute["reason"], dispute["amount"]) == ("needs_response", reason, 1000)
    assert [t["net"] for t in dispute["balance_transactions"]] == [-2500]
    assert shop.get(f"/v1/charges/{intent['latest_charge']}").body["disputed"] is True
    assert shop.effects()[-1] == ("dispute_withdrawn", 1000)
    assert shop.event_types()[-3:] == ["charge.dispute.created", "charge.dispute.funds_withdrawn", "charge.updated"]
    assert shop.post("/v1/refunds", {"payment_intent": intent["id"]}).error["code"] == "charge_disputed"


def test_winning_evidence_brings_the_money_back(shop: Shop) -> None:
    dispute = _dispute(shop)
    answered = shop.made(f"/v1/disputes/{dispute}", {"evidence": {"uncategorized_text": "winning_evidence"}})
    assert (answered["status"], answered["evidence_details"]["submission_count"]) == ("under_review", 1)
    shop.wait(2)
    assert shop.get(f"/v1/disputes/{dispute}").body["status"] == "won"
    assert shop.effects()[-1] == ("dispute_reinstated", 1000)
    assert shop.event_types()[-2:] == ["charge.dispute.closed", "charge.dispute.funds_reinstated"]


def test_losing_evidence_loses(shop: Shop) -> None:
    dispute = _dispute(shop)
    shop.made(f"/v1/disputes/{dispute}", {"evidence": {"uncategorized_text": "losing_evidence"}})
    shop.wait(2)
    assert shop.get(f"/v1/disputes/{dispute}").body["status"] == "lost"
    assert shop.effects()[-1] == ("dispute_withdrawn", 1000)
    assert shop.post(f"/v1/disputes/{dispute}/close").status == 400


def test_staged_evidence_waits_and_giving_in_loses(shop: Shop) -> None:
    dispute = _dispute(shop)
    staged = shop.made(f"/v1/disputes/{dispute}", {"evidence": {"customer_name": "Ada"}, "submit": False})
    assert (staged["status"], staged["evidence"]["customer_name"]) == ("needs_response", "Ada")
    assert shop.made(f"/v1/disputes/{dispute}/close")["status"] == "lost"


def test_an_inquiry_takes_no_money_until_it_is_lost(shop: Shop) -> None:
    shop.pay("pm_card_createDisputeInquiry")
    shop.wait(1)
    [dispute] = shop.get("/v1/disputes").body["data"]
    assert dispute["status"] == "warning_needs_response"
    assert shop.effects()[-1] == ("capture", 1000)
    shop.wire.decide_dispute(dispute["id"], won=False)
    assert shop.effects()[-1] == ("dispute_withdrawn", 1000)


def test_an_answered_inquiry_is_closed(shop: Shop) -> None:
    shop.pay("pm_card_createDisputeInquiry")
    shop.wait(1)
    [dispute] = shop.get("/v1/disputes").body["data"]
    shop.made(f"/v1/disputes/{dispute['id']}", {"evidence": {"uncategorized_text": "winning_evidence"}})
    shop.wait(2)
    assert shop.get(f"/v1/disputes/{dispute['id']}").body["status"] == "warning_closed"
    assert shop.effects()[-1] == ("capture", 1000)


def test_a_refunded_payment_is_not_disputed(shop: Shop) -> None:
    intent = shop.pay("pm_card_createDispute").body["id"]
    shop.made("/v1/refunds", {"payment_intent": intent})
    shop.wait(1)
    assert shop.get("/v1/disputes").body["data"] == []


def test_the_balance_is_the_sum_of_its_transactions(shop: Shop) -> None:
    intent = shop.pay().body["id"]
    shop.made("/v1/refunds", {"payment_intent": intent, "amount": 400})
    transactions: list[Json] = shop.get("/v1/balance_transactions").body["data"]
    assert [(t["type"], t["amount"], t["fee"]) for t in transactions] == [("refund", -400, 0), ("charge", 1000, 59)]
    assert shop.get("/v1/balance").body["pending"][0]["amount"] == 541
    assert [t["type"] for t in shop.get("/v1/balance_transactions", {"type": "charge"}).body["data"]] == ["charge"]
    shop.clock.advance(2 * 86_400)
    assert shop.get("/v1/balance").body["available"][0]["amount"] == 541
    expanded = shop.get(f"/v1/balance_transactions/{transactions[1]['id']}", {"expand": ["source"]}).body
    assert (expanded["status"], expanded["source"]["object"]) == ("available", "charge")


def _dispute(shop: Shop) -> str:
    shop.pay("pm_card_createDispute")
    shop.wait(1)
    dispute: str = shop.get("/v1/disputes").body["data"][0]["id"]
    return dispute
