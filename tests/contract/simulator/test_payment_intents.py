"""The payment intent machine: every status, every magic card, every refusal, judged by Stripe's document."""

import pytest

from tests.contract.simulator.shop import Json, Shop


def test_an_automatic_payment_succeeds_and_moves_the_money_once(shop: Shop) -> None:
    intent = shop.pay(expand=["latest_charge.balance_transaction", "payment_method"]).body
    assert (intent["status"], intent["amount_received"]) == ("succeeded", 1000)
    assert intent["latest_charge"]["balance_transaction"]["net"] == 1000 - 59
    assert intent["payment_method"]["card"]["last4"] == "4242"
    assert shop.effects() == [("authorize", 1000), ("capture", 1000)]
    assert shop.event_types() == ["payment_intent.created", "charge.succeeded", "payment_intent.succeeded"]


def test_the_default_capture_method_settles_the_charge_a_little_later(shop: Shop) -> None:
    intent = shop.pay(capture_method=None).body
    charge = shop.get(f"/v1/charges/{intent['latest_charge']}").body
    assert (intent["capture_method"], charge["balance_transaction"]) == ("automatic_async", None)
    shop.wait(1)
    assert shop.get(f"/v1/charges/{intent['latest_charge']}").body["balance_transaction"].startswith("txn_")
    assert shop.event_types()[-1] == "charge.updated"


def test_create_then_confirm_goes_through_every_status_before(shop: Shop) -> None:
    intent = shop.made("/v1/payment_intents", {"amount": 500, "currency": "usd", "payment_method_types": ["card"]})
    assert intent["status"] == "requires_payment_method"
    intent = shop.made(f"/v1/payment_intents/{intent['id']}", {"payment_method": "pm_card_visa", "amount": 600})
    assert (intent["status"], intent["amount"]) == ("requires_confirmation", 600)
    assert shop.made(f"/v1/payment_intents/{intent['id']}/confirm")["status"] == "succeeded"


def test_a_held_payment_is_captured_in_part_and_the_rest_is_released_without_a_refund(shop: Shop) -> None:
    intent = shop.pay(capture_method="manual").body
    assert (intent["status"], intent["amount_capturable"]) == ("requires_capture", 1000)
    captured = shop.made(f"/v1/payment_intents/{intent['id']}/capture", {"amount_to_capture": 700})
    assert (captured["status"], captured["amount_received"], captured["amount_capturable"]) == ("succeeded", 700, 0)
    charge = shop.get(f"/v1/charges/{intent['latest_charge']}").body
    assert (charge["amount_captured"], charge["amount_refunded"], charge["refunded"]) == (700, 0, False)
    assert shop.get("/v1/refunds", {"payment_intent": intent["id"]}).body["data"] == []
    assert shop.effects() == [("authorize", 1000), ("capture", 700), ("release", 300)]
    assert shop.event_types()[-2:] == ["charge.captured", "payment_intent.succeeded"]


def test_multicapture_takes_parts_until_the_last_one(shop: Shop) -> None:
    intent = _multicapture(shop)
    first = _captured(shop, intent, 300, final=False)
    assert (first["status"], first["amount_capturable"], first["amount_received"]) == ("requires_capture", 700, 300)
    assert _captured(shop, intent, 200, final=False)["amount_received"] == 500
    assert _captured(shop, intent, 400, final=True)["status"] == "succeeded"
    assert shop.effects() == [
        ("authorize", 1000), ("capture", 300), ("capture", 200), ("capture", 400), ("release", 100)
    ]  # fmt: skip


def test_capturing_nothing_ends_a_multicapture(shop: Shop) -> None:
    intent = _multicapture(shop)
    _captured(shop, intent, 300, final=False)
    assert _captured(shop, intent, 0, final=True)["status"] == "succeeded"
    assert shop.effects()[-1] == ("release", 700)


def test_a_partly_captured_intent_cannot_be_canceled(shop: Shop) -> None:
    intent = _multicapture(shop)
    _captured(shop, intent, 300, final=False)
    assert shop.post(f"/v1/payment_intents/{intent['id']}/cancel").error["code"] == "payment_intent_unexpected_state"


def test_without_multicapture_a_capture_is_always_the_last(shop: Shop) -> None:
    intent = shop.pay(capture_method="manual").body
    answer = shop.post(f"/v1/payment_intents/{intent['id']}/capture", {"amount_to_capture": 1, "final_capture": False})
    assert (answer.status, answer.error["param"]) == (400, "final_capture")


@pytest.mark.parametrize(("amount", "code"), [(1001, "amount_too_large"), (0, "parameter_invalid_integer")])
def test_a_capture_takes_what_is_held_and_no_more(shop: Shop, amount: int, code: str) -> None:
    intent = shop.pay(capture_method="manual").body
    answer = shop.post(f"/v1/payment_intents/{intent['id']}/capture", {"amount_to_capture": amount})
    assert (answer.status, answer.error["code"]) == (400, code)
    assert shop.effects() == [("authorize", 1000)]


def test_a_hold_can_be_raised_when_it_was_asked_for(shop: Shop) -> None:
    options = {"card": {"request_incremental_authorization": "if_available"}}
    intent = shop.pay(capture_method="manual", payment_method_options=options).body
    raised = shop.made(f"/v1/payment_intents/{intent['id']}/increment_authorization", {"amount": 1500})
    assert (raised["amount"], raised["amount_capturable"]) == (1500, 1500)
    assert shop.effects() == [("authorize", 1000), ("authorize", 500)]
    lower = shop.post(f"/v1/payment_intents/{intent['id']}/increment_authorization", {"amount": 1400})
    assert lower.error["param"] == "amount"


def test_a_hold_that_was_not_asked_to_be_raised_is_not(shop: Shop) -> None:
    intent = shop.pay(capture_method="manual").body
    answer = shop.post(f"/v1/payment_intents/{intent['id']}/increment_authorization", {"amount": 1500})
    assert answer.status == 400


def test_a_held_payment_is_canceled_and_released(shop: Shop) -> None:
    intent = shop.pay(capture_method="manual").body
    canceled = shop.made(f"/v1/payment_intents/{intent['id']}/cancel", {"cancellation_reason": "abandoned"})
    assert (canceled["status"], canceled["cancellation_reason"], canceled["amount_capturable"]) == (
        "canceled",
        "abandoned",
        0,
    )
    assert shop.effects() == [("authorize", 1000), ("release", 1000)]
    assert shop.event_types()[-1] == "payment_intent.canceled"


def test_a_hold_runs_out_after_seven_days(shop: Shop) -> None:
    intent = shop.pay(capture_method="manual", expand=["latest_charge"]).body
    before = intent["latest_charge"]["payment_method_details"]["card"]["capture_before"]
    assert before == int(shop.clock.now()) + 7 * 86_400
    shop.wait(7 * 86_400)
    expired = shop.get(f"/v1/payment_intents/{intent['id']}").body
    assert (expired["status"], expired["cancellation_reason"]) == ("canceled", "expired")
    assert shop.effects() == [("authorize", 1000), ("release", 1000)]
    assert shop.event_types()[-2:] == ["charge.expired", "payment_intent.canceled"]


def test_a_partly_captured_hold_that_runs_out_has_succeeded(shop: Shop) -> None:
    intent = _multicapture(shop)
    _captured(shop, intent, 300, final=False)
    shop.wait(7 * 86_400)
    assert shop.get(f"/v1/payment_intents/{intent['id']}").body["status"] == "succeeded"
    assert shop.effects()[-1] == ("release", 700)


def test_a_captured_hold_does_not_expire(shop: Shop) -> None:
    intent = shop.pay(capture_method="manual").body
    shop.made(f"/v1/payment_intents/{intent['id']}/capture")
    shop.wait(30 * 86_400)
    assert shop.effects() == [("authorize", 1000), ("capture", 1000)]


DECLINES = {
    "pm_card_chargeDeclined": ("card_declined", "generic_decline"),
    "pm_card_visa_chargeDeclined": ("card_declined", "generic_decline"),
    "pm_card_chargeDeclinedInsufficientFunds": ("card_declined", "insufficient_funds"),
    "pm_card_visa_chargeDeclinedInsufficientFunds": ("card_declined", "insufficient_funds"),
    "pm_card_visa_chargeDeclinedLostCard": ("card_declined", "lost_card"),
    "pm_card_visa_chargeDeclinedStolenCard": ("card_declined", "stolen_card"),
    "pm_card_chargeDeclinedExpiredCard": ("expired_card", "expired_card"),
    "pm_card_chargeDeclinedIncorrectCvc": ("incorrect_cvc", "incorrect_cvc"),
    "pm_card_chargeDeclinedProcessingError": ("processing_error", "processing_error"),
    "pm_card_visa_chargeDeclinedVelocityLimitExceeded": ("card_declined", "card_velocity_exceeded"),
    "pm_card_radarBlock": ("card_declined", "fraudulent"),
    "pm_card_chargeCustomerFail": ("card_declined", "generic_decline"),
}


@pytest.mark.parametrize("card", DECLINES)
def test_a_declined_card_moves_nothing_and_says_why_everywhere(shop: Shop, card: str) -> None:
    answer = shop.pay(card)
    code, decline_code = DECLINES[card]
    assert (answer.status, answer.error["type"], answer.error["code"]) == (402, "card_error", code)
    assert answer.error["decline_code"] == decline_code
    intent = answer.error["payment_intent"]
    assert (intent["status"], intent["payment_method"]) == ("requires_payment_method", None)
    kept = shop.get(f"/v1/payment_intents/{intent['id']}", {"expand": ["latest_charge"]}).body
    assert kept["last_payment_error"]["decline_code"] == decline_code
    assert (kept["latest_charge"]["status"], kept["latest_charge"]["failure_code"]) == ("failed", code)
    assert shop.effects() == []
    assert shop.event_types()[-2:] == ["charge.failed", "payment_intent.payment_failed"]


def test_after_a_decline_another_card_can_pay_the_same_intent(shop: Shop) -> None:
    intent = shop.pay("pm_card_chargeDeclined").error["payment_intent"]
    paid = shop.made(f"/v1/payment_intents/{intent['id']}/confirm", {"payment_method": "pm_card_mastercard"})
    assert (paid["status"], paid["last_payment_error"]) == ("succeeded", None)
    assert len(shop.get("/v1/charges", {"payment_intent": intent["id"]}).body["data"]) == 2
    assert shop.wire.parts.effects.totals()[0]["charges"] == 1


@pytest.mark.parametrize("verb", ["confirm", "capture", "cancel"])
def test_a_finished_payment_refuses_every_verb(shop: Shop, verb: str) -> None:
    intent = shop.pay().body
    answer = shop.post(f"/v1/payment_intents/{intent['id']}/{verb}")
    assert (answer.status, answer.error["code"]) == (400, "payment_intent_unexpected_state")
    assert answer.error["payment_intent"]["status"] == "succeeded"


def test_intents_are_found_by_metadata_by_customer_and_by_time(shop: Shop) -> None:
    customer = shop.made("/v1/customers", {"email": "a@example.com"})["id"]
    first = shop.pay(metadata={"payment_id": "pay_a"}, customer=customer).body["id"]
    shop.wait(100)
    second = shop.pay(metadata={"payment_id": "pay_b"}).body["id"]
    found = shop.get("/v1/payment_intents/search", {"query": "metadata['payment_id']:'pay_a'"}).body
    assert [intent["id"] for intent in found["data"]] == [first]
    query = f"metadata['payment_id']:'pay_b' AND status:'succeeded' AND created>{int(shop.clock.now()) - 50}"
    assert [i["id"] for i in shop.get("/v1/payment_intents/search", {"query": query}).body["data"]] == [second]
    assert [i["id"] for i in shop.get("/v1/payment_intents", {"customer": customer}).body["data"]] == [first]
    since = {"created": {"gte": int(shop.clock.now())}}
    assert [i["id"] for i in shop.get("/v1/payment_intents", since).body["data"]] == [second]


def test_lists_have_pages_in_both_directions(shop: Shop) -> None:
    ids = [shop.pay(metadata={"n": str(n)}).body["id"] for n in range(5)][::-1]
    first = shop.get("/v1/payment_intents", {"limit": 2}).body
    assert ([i["id"] for i in first["data"]], first["has_more"]) == (ids[:2], True)
    second = shop.get("/v1/payment_intents", {"limit": 2, "starting_after": ids[1]}).body
    assert [i["id"] for i in second["data"]] == ids[2:4]
    last = shop.get("/v1/payment_intents", {"limit": 2, "starting_after": ids[3]}).body
    assert ([i["id"] for i in last["data"]], last["has_more"]) == (ids[4:], False)
    before = shop.get("/v1/payment_intents", {"limit": 2, "ending_before": ids[3]}).body
    assert [i["id"] for i in before["data"]] == ids[1:3]


def test_metadata_is_merged_and_unset(shop: Shop) -> None:
    intent = shop.pay(metadata={"a": "1", "b": "2"}).body["id"]
    changed = shop.made(f"/v1/payment_intents/{intent}", {"metadata": {"a": "", "c": "3"}})
    assert changed["metadata"] == {"b": "2", "c": "3"}
    assert shop.get("/v1/payment_intents/search", {"query": "metadata['a']:'1'"}).body["data"] == []
    assert shop.made(f"/v1/payment_intents/{intent}", {"metadata": ""})["metadata"] == {}


def _multicapture(shop: Shop) -> Json:
    options = {"card": {"request_multicapture": "if_available"}}
    return shop.pay(capture_method="manual", payment_method_options=options).body


def _captured(shop: Shop, intent: Json, amount: int, *, final: bool) -> Json:
    parameters = {"amount_to_capture": amount, "final_capture": final}
    return shop.made(f"/v1/payment_intents/{intent['id']}/capture", parameters)


def test_an_event_shows_the_object_as_it_was_then(shop: Shop) -> None:
    intent = shop.pay("pm_card_authenticationRequired", return_url="http://shop.test").body["id"]
    shop.wire.authenticate(intent, approve=True)
    told = [event["data"]["object"] for event in shop.events() if event["type"].startswith("payment_intent.")]
    assert [each["status"] for each in told] == ["requires_confirmation", "requires_action", "succeeded"]
    assert [each["amount_received"] for each in told] == [0, 0, 1000]
