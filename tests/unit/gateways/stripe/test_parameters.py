"""Every request we send, as it leaves the SDK, held to Stripe's published document; and identical when sent again."""

from datetime import timedelta
from typing import Any

import pytest

from domain.gateway import GatewayCall, Instructions, LineItem
from domain.identifiers import gateway_key
from domain.operation import Verb
from domain.outcomes import Declined, DeclineKind
from domain.payment import MethodChoice
from tests.unit.gateways.stripe import objects
from tests.unit.gateways.stripe.records import CREATED, HOSTED, PAYMENT_ID, authorized_call, call, captured_call
from tests.unit.gateways.stripe.transport import Sent, answering

RETURN = "https://shop.example/back?order=1"


def sent_by(asked: GatewayCall, *replies: Any) -> Sent:
    """The one request of the call's verb. What is answered does not matter here."""
    gateway, transport = answering(*(replies or ({"object": "nothing"},)))
    verbs = {"authorize": gateway.authorize, "capture": gateway.capture, "void": gateway.void, "refund": gateway.refund}
    verbs[asked.operation.verb](asked)
    assert len(transport.sent) == 1
    return transport.sent[0]


def test_a_charge_is_one_confirmed_intent_with_our_reference_and_key() -> None:
    sent = sent_by(call(instructions=Instructions(description="Two books", order_reference="o-1")))
    assert (sent.method, sent.path) == ("post", "/v1/payment_intents")
    assert sent.key == gateway_key(payment_id=PAYMENT_ID, operation_number=1, generation=1)
    assert sent.headers["Stripe-Version"] == "2026-05-27.dahlia"
    assert sent.headers["Authorization"] == "Bearer sk_test_unit"
    assert sent.told == {
        "amount": 1000,
        "currency": "eur",
        "confirm": True,
        "capture_method": "automatic",
        "payment_method": "pm_card_visa",
        "payment_method_types": ["card"],
        "description": "Two books",
        "metadata": {
            "payment_id": PAYMENT_ID,
            "operation": "1",
            "reference": f"{PAYMENT_ID}-1",
            "order_reference": "o-1",
        },
        "use_stripe_sdk": True,
        "expand": ["latest_charge"],
    }


def test_a_return_url_sends_the_customer_to_a_page_instead_of_a_script() -> None:
    told = sent_by(call(instructions=Instructions(return_url=RETURN))).told
    assert told["return_url"] == RETURN
    assert "use_stripe_sdk" not in told


def test_a_renewal_is_off_session_and_asks_for_nobody() -> None:
    method = MethodChoice(kind="token", token="pm_1", customer_reference="cus_1")
    instructions = Instructions(return_url=RETURN, save_method=True)
    told = sent_by(call(method=method, off_session=True, instructions=instructions)).told
    assert (told["customer"], told["off_session"]) == ("cus_1", True)
    assert not {"return_url", "use_stripe_sdk", "setup_future_usage"} & told.keys()


def test_keeping_the_method_is_asked_for_at_the_first_charge() -> None:
    assert sent_by(call(instructions=Instructions(save_method=True))).told["setup_future_usage"] == "off_session"


def test_a_hold_asks_for_several_captures_where_the_card_can() -> None:
    told = sent_by(call(capture_method="manual")).told
    assert told["capture_method"] == "manual"
    assert told["payment_method_options"] == {"card": {"request_multicapture": "if_available"}}


def test_a_debit_brings_its_mandate_and_no_card_options() -> None:
    method = MethodChoice(kind="token", token="pm_sepa", type="sepa_debit")
    told = sent_by(call(method=method, capture_method="manual")).told
    assert told["payment_method_types"] == ["sepa_debit"]
    assert told["mandate_data"] == {"customer_acceptance": {"type": "offline"}}
    assert "payment_method_options" not in told


@pytest.mark.parametrize(
    ("type_", "name"), [("card", "statement_descriptor_suffix"), ("ideal", "statement_descriptor")]
)
def test_the_statement_descriptor_goes_where_stripe_takes_it(type_: str, name: str) -> None:
    method = MethodChoice(kind="token", token="pm_1", type=type_)
    assert sent_by(call(method=method, instructions=Instructions(statement_descriptor="BOOKS"))).told[name] == "BOOKS"


@pytest.mark.parametrize(
    ("currency", "ours_minor", "theirs"),
    [("JPY", 500, 500), ("KWD", 1230, 1230), ("ISK", 500, 50000), ("UGX", 700, 70000), ("MGA", 50000, 500)],
)
def test_amounts_cross_in_stripes_units(currency: str, ours_minor: int, theirs: int) -> None:
    sent = sent_by(call(amount_minor=ours_minor, currency=currency))
    assert (sent.told["amount"], sent.told["currency"]) == (theirs, currency.lower())
    capture = authorized_call(Verb.CAPTURE, currency=currency, operation_changes={"amount_minor": ours_minor})
    assert sent_by(capture).told["amount_to_capture"] == theirs
    refund = captured_call(currency=currency, operation_changes={"amount_minor": ours_minor})
    gateway, transport = answering({})
    gateway.refund(refund)
    assert transport.sent[0].told["amount"] == theirs


def test_a_page_carries_the_reference_twice_and_its_items() -> None:
    instructions = Instructions(
        return_url=RETURN,
        cancel_url="https://shop.example/cart",
        description="Order 1",
        statement_descriptor="BOOKS",
        line_items=(
            LineItem(name="Book", unit_amount_minor=400, quantity=2),
            LineItem(name="Card", unit_amount_minor=200),
        ),
    )
    sent = sent_by(call(method=HOSTED, capture_method="manual", instructions=instructions))
    assert (sent.path, sent.key) == ("/v1/checkout/sessions", call().key)
    metadata = {"payment_id": PAYMENT_ID, "operation": "1", "reference": f"{PAYMENT_ID}-1"}
    assert sent.told == {
        "mode": "payment",
        "client_reference_id": f"{PAYMENT_ID}-1",
        "metadata": metadata,
        "payment_method_types": ["card"],
        "payment_method_options": {"card": {"request_multicapture": "if_available"}},
        "payment_intent_data": {
            "capture_method": "manual",
            "metadata": metadata,
            "description": "Order 1",
            "statement_descriptor_suffix": "BOOKS",
        },
        "line_items": [
            {"price_data": {"currency": "eur", "unit_amount": 400, "product_data": {"name": "Book"}}, "quantity": 2},
            {"price_data": {"currency": "eur", "unit_amount": 200, "product_data": {"name": "Card"}}, "quantity": 1},
        ],
        "expires_at": int(CREATED.timestamp()) + 3600,
        "success_url": RETURN,
        "cancel_url": "https://shop.example/cart",
    }


def test_a_page_without_items_sells_one_thing() -> None:
    told = sent_by(call(method=HOSTED)).told
    assert told["line_items"] == [
        {"price_data": {"currency": "eur", "unit_amount": 1000, "product_data": {"name": "Payment"}}, "quantity": 1}
    ]


def test_a_page_that_keeps_the_method_makes_a_customer_unless_there_is_one() -> None:
    keep = Instructions(save_method=True)
    made = sent_by(call(method=HOSTED, instructions=keep)).told
    assert made["customer_creation"] == "always"
    assert made["payment_intent_data"]["setup_future_usage"] == "off_session"
    known = MethodChoice(kind="hosted", customer_reference="cus_1")
    told = sent_by(call(method=known, instructions=keep)).told
    assert told["customer"] == "cus_1"
    assert "customer_creation" not in told


@pytest.mark.parametrize(
    ("wanted_seconds", "life"),
    [(60, timedelta(minutes=35)), (3600, timedelta(hours=1)), (10**6, timedelta(hours=23, minutes=55))],
)
def test_a_page_lives_as_long_as_stripe_allows_counted_from_the_operation(wanted_seconds: int, life: timedelta) -> None:
    started = CREATED + timedelta(hours=2)
    asked = call(method=HOSTED, action_lifetime_seconds=wanted_seconds, operation_changes={"started_at": started})
    assert sent_by(asked).told["expires_at"] == int((started + life).timestamp())


def test_a_capture_says_final_only_when_it_is_not() -> None:
    sent = sent_by(authorized_call(Verb.CAPTURE, operation_changes={"amount_minor": 300, "final": False}))
    assert sent.path == "/v1/payment_intents/pi_1/capture"
    assert sent.told == {"amount_to_capture": 300, "final_capture": False, "expand": ["latest_charge"]}
    assert "final_capture" not in sent_by(authorized_call(Verb.CAPTURE)).told


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("requested_by_customer", "requested_by_customer"),
        ("duplicate", "duplicate"),
        ("fraudulent", "fraudulent"),
        ("abandoned", "abandoned"),
        ("expired", "abandoned"),
        ("changed my mind", None),
    ],
)
def test_a_void_cancels_with_a_reason_stripe_knows(ours: str, theirs: str | None) -> None:
    sent = sent_by(authorized_call(Verb.VOID, operation_changes={"reason": ours}))
    assert sent.path == "/v1/payment_intents/pi_1/cancel"
    assert sent.told.get("cancellation_reason") == theirs


def test_a_void_after_a_capture_releases_the_rest() -> None:
    sent = sent_by(authorized_call(Verb.VOID, captured_minor=300))
    assert sent.path == "/v1/payment_intents/pi_1/capture"
    assert sent.told == {"amount_to_capture": 0, "final_capture": True, "expand": ["latest_charge"]}


def test_a_void_of_an_open_page_expires_it() -> None:
    sent = sent_by(call(Verb.VOID, method=HOSTED, references={"checkout_session": "cs_1"}))
    assert sent.path == "/v1/checkout/sessions/cs_1/expire"
    assert sent.key == call(Verb.VOID).key


def test_a_void_of_a_paid_page_cancels_its_intent() -> None:
    references = {"checkout_session": "cs_1", "payment_intent": "pi_1"}
    sent = sent_by(authorized_call(Verb.VOID, method=HOSTED, references=references))
    assert sent.path == "/v1/payment_intents/pi_1/cancel"


@pytest.mark.parametrize("reason", ["duplicate", "fraudulent", "requested_by_customer"])
def test_a_refund_is_marked_as_ours(reason: str) -> None:
    sent = sent_by(captured_call(operation_changes={"amount_minor": 400, "reason": reason}))
    assert sent.path == "/v1/refunds"
    assert sent.told == {
        "payment_intent": "pi_1",
        "amount": 400,
        "reason": reason,
        "metadata": {"payment_id": PAYMENT_ID, "operation": "2", "reference": f"{PAYMENT_ID}-2"},
    }


def test_a_reason_stripe_has_no_word_for_goes_into_the_metadata() -> None:
    told = sent_by(captured_call(operation_changes={"amount_minor": 400, "reason": "broken in transport"})).told
    assert "reason" not in told
    assert told["metadata"]["reason"] == "broken in transport"


@pytest.mark.parametrize(
    "asked",
    [
        call(instructions=Instructions(return_url=RETURN, save_method=True)),
        call(method=HOSTED, instructions=Instructions(return_url=RETURN)),
        authorized_call(Verb.CAPTURE),
        authorized_call(Verb.VOID),
        captured_call(),
    ],
    ids=["charge", "page", "capture", "void", "refund"],
)
def test_sent_again_it_is_the_same_to_the_byte(asked: GatewayCall) -> None:
    first, second = sent_by(asked), sent_by(asked)
    assert (first.path, first.form, first.key) == (second.path, second.form, second.key)
    assert first.form


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        (call(currency="MGA", amount_minor=150), "amount"),
        (
            call(method=HOSTED, instructions=Instructions(line_items=(LineItem(name="x", unit_amount_minor=999),))),
            "line_items",
        ),
        (call(method=MethodChoice(kind="token")), "payment_method"),
    ],
    ids=["a fraction of an ariary", "items that do not add up", "no token"],
)
def test_what_stripe_has_no_words_for_is_declined_without_being_sent(asked: GatewayCall, field: str) -> None:
    gateway, transport = answering()
    outcome = gateway.authorize(asked)
    assert isinstance(outcome, Declined)
    assert (outcome.decline.kind, outcome.decline.code) == (DeclineKind.INVALID_REQUEST, field)
    assert transport.sent == []


@pytest.mark.parametrize("verb", [Verb.CAPTURE, Verb.VOID, Verb.REFUND])
def test_a_payment_stripe_never_heard_of_cannot_be_acted_on(verb: Verb) -> None:
    gateway, transport = answering()
    outcome = getattr(gateway, verb)(call(verb))
    assert isinstance(outcome, Declined)
    assert outcome.decline.kind is DeclineKind.INVALID_STATE
    assert transport.sent == []


def test_the_judge_refuses_what_stripe_would() -> None:
    """The guard itself: an unknown parameter, an unknown word and an unknown path are noticed."""
    from tests.unit.gateways.stripe.specification import check_request

    for path, form in [
        ("/v1/payment_intents", "amount=1&currency=eur&colour=red"),
        ("/v1/payment_intents", "amount=1&currency=eur&capture_method=later"),
        ("/v1/payment_intents", "amount=one&currency=eur"),
        ("/v1/payment_intents", "currency=eur"),
        ("/v1/payment_intents", "amount=1&currency=eur&payment_method_options[card][request_multicapture]=always"),
        ("/v1/wallets", ""),
    ]:
        with pytest.raises(AssertionError):
            check_request("post", path, form)


def test_objects_are_judged_too() -> None:
    with pytest.raises(AssertionError):
        objects.payment_intent("nearly_done")
