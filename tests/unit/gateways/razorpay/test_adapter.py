"""The adapter as a whole: read before repeat, one attempt per call, its own mode, and honest capabilities."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from domain.commands import Abilities
from domain.errors import GatewayError, InvalidInput, NotSent, RateLimited
from domain.gateway import Gateway, SignedCallbacks
from domain.operation import OperationState, Verb
from domain.outcomes import (
    ActionRequired,
    Captured,
    Declined,
    DeclineKind,
    Lapsed,
    NotFound,
    Pending,
    RefundReported,
    Unknown,
    Voided,
)
from domain.steps import HORIZON
from gateways.razorpay.adapter import RazorpayGateway
from tests.unit.gateways.razorpay import objects
from tests.unit.gateways.razorpay.records import HOSTED, call, held_call, refund_call, renewal
from tests.unit.gateways.razorpay.transport import FakeWire, Reply, answering, gateway

UNKNOWN = {"state": OperationState.UNKNOWN}
RESET = requests.ConnectionError("reset by peer")
BROKEN = Reply(objects.error(code="SERVER_ERROR"), 500)
CUSTOMER = {"id": "cust_1", "email": "a@b.example", "contact": "+911"}
TAKEN = Reply(objects.error("This payment has already been captured"), 400)


def test_it_is_a_gateway_that_says_what_it_cannot() -> None:
    adapter: Gateway = gateway(FakeWire())
    able = adapter.capabilities
    assert adapter.name == "razorpay"
    assert able.keyed_verbs == {Verb.REFUND}
    assert able.key_life > HORIZON
    assert able.abilities == Abilities(partial_capture=False, multiple_capture=False, void=False)
    assert not any((able.server_can_confirm, able.hosted_holds, able.saves_without_payment))
    assert isinstance(adapter, SignedCallbacks)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"mode": "test", "key_id": "rzp_live_x"}, "key_id"),
        ({"mode": "live", "key_id": "rzp_test_x"}, "key_id"),
        ({"key_id": "hidden"}, "key_id"),
        ({"key_secret": ""}, "key_secret"),
    ],
)
def test_a_key_of_the_wrong_mode_is_refused_without_being_shown(given: Any, field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        gateway(FakeWire(), **given)
    assert caught.value.field == field
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize("failure", [BROKEN, RESET, Reply(b"<html>"), Reply(b""), requests.Timeout("slow")])
@pytest.mark.parametrize("asked", [call(), call(method=HOSTED), held_call(Verb.CAPTURE), refund_call()])
def test_one_call_is_one_attempt_and_an_ambiguous_answer_is_unknown(failure: Any, asked: Any) -> None:
    adapter, wire = answering(failure)
    verbs = {Verb.AUTHORIZE: adapter.authorize, Verb.CAPTURE: adapter.capture, Verb.REFUND: adapter.refund}
    assert isinstance(verbs[asked.operation.verb](asked), Unknown)
    assert len(wire.sent) == 1


@pytest.mark.parametrize("asked", [call(repeated=True), call(operation_changes=UNKNOWN)])
def test_an_order_that_may_exist_is_read_back_before_another_is_made(asked: Any) -> None:
    adapter, wire = answering(objects.collection(objects.order(id="order_9")))
    outcome = adapter.authorize(asked)
    assert isinstance(outcome, ActionRequired)
    assert outcome.references == {"order": "order_9"}
    assert [sent.method for sent in wire.sent] == ["GET"]
    adapter, wire = answering(objects.collection(), objects.order())
    assert isinstance(adapter.authorize(asked), ActionRequired)
    assert [sent.method for sent in wire.sent] == ["GET", "POST"]


def test_what_cannot_be_read_back_is_not_made_again() -> None:
    adapter, wire = answering(BROKEN)
    assert isinstance(adapter.authorize(call(repeated=True)), Unknown)
    assert [sent.method for sent in wire.sent] == ["GET"]


@pytest.mark.parametrize("known", [{"repeated": True}, {"operation_changes": UNKNOWN}])
@pytest.mark.parametrize(
    ("stands", "kind", "methods"),
    [("captured", Captured, ["GET"]), ("authorized", Captured, ["GET", "POST"]), ("refunded", Lapsed, ["GET"])],
)
def test_a_capture_that_may_have_been_sent_is_read_back_first(
    known: Any, stands: str, kind: type, methods: list[str]
) -> None:
    seen = objects.order(objects.payment(stands, captured=stands == "captured"))
    adapter, wire = answering(seen, objects.payment())
    assert isinstance(adapter.capture(held_call(Verb.CAPTURE, **known)), kind)
    assert [sent.method for sent in wire.sent] == methods


def test_a_capture_that_cannot_be_read_back_is_not_sent_again() -> None:
    adapter, wire = answering(BROKEN)
    assert isinstance(adapter.capture(held_call(Verb.CAPTURE, repeated=True)), Unknown)
    assert [sent.method for sent in wire.sent] == ["GET"]


def test_a_page_whose_reference_is_taken_is_the_one_we_made() -> None:
    taken = Reply(objects.error("Payment link with given reference id (x) already exists", field="reference_id"), 400)
    adapter, _ = answering(taken, {"payment_links": [objects.link()]})
    outcome = adapter.authorize(call(method=HOSTED))
    assert isinstance(outcome, ActionRequired)
    assert outcome.references == {"payment_link": "plink_1"}
    adapter, _ = answering(taken, {"payment_links": []})
    assert isinstance(adapter.authorize(call(method=HOSTED)), Declined)


def test_a_second_capture_is_a_state_for_the_resolver_to_look_into() -> None:
    adapter, _ = answering(TAKEN, objects.payment())
    outcome = adapter.capture(held_call(Verb.CAPTURE))
    assert isinstance(outcome, Declined)
    assert outcome.decline.kind is DeclineKind.INVALID_STATE
    assert isinstance(adapter.capture(held_call(Verb.CAPTURE)), Captured)


@pytest.mark.parametrize("verb", [Verb.CAPTURE, Verb.REFUND])
def test_without_a_payment_there_is_nothing_to_do_and_nothing_is_sent(verb: Verb) -> None:
    adapter, wire = answering()
    verbs = {Verb.CAPTURE: adapter.capture, Verb.REFUND: adapter.refund}
    outcome = verbs[verb](call(verb, references={"order": "order_1"}))
    assert isinstance(outcome, Declined)
    assert outcome.decline.code == "no_payment"
    assert wire.sent == []


def test_a_hold_cannot_be_voided() -> None:
    adapter, wire = answering()
    outcome = adapter.void(held_call(Verb.VOID))
    assert isinstance(outcome, Declined)
    assert (outcome.decline.kind, outcome.decline.code) == (DeclineKind.INVALID_STATE, "void_unsupported")
    assert wire.sent == []


@pytest.mark.parametrize(
    ("payments", "kind"),
    [
        ([], Voided),
        ([objects.payment("failed")], Voided),
        ([objects.payment("refunded", captured=False)], Voided),
        ([objects.payment("created")], Declined),
        ([objects.payment("authorized")], Declined),
        ([objects.payment("captured")], Declined),
        ([objects.payment("failed", id="pay_0"), objects.payment("authorized")], Declined),
    ],
)
def test_an_order_is_let_go_only_when_no_payment_of_it_lives(payments: Any, kind: type) -> None:
    adapter, wire = answering(objects.order(*payments))
    outcome = adapter.void(call(Verb.VOID, references={"order": "order_1"}))
    assert isinstance(outcome, kind)
    assert [sent.method for sent in wire.sent] == ["GET"]


def test_a_paid_order_is_not_let_go_though_its_payment_is_not_seen_yet() -> None:
    adapter, _ = answering(objects.order(objects.payment("failed"), status="paid"))
    assert isinstance(adapter.void(call(Verb.VOID, references={"order": "order_1"})), Declined)


def test_letting_go_may_be_tried_again_until_the_order_is_seen() -> None:
    """Else a look that was not heard would leave the fence unknown for ever: found by the simulation."""
    assert gateway(FakeWire()).capabilities.may_repeat(call(Verb.VOID, references={"order": "order_1"}))


def test_an_order_that_cannot_be_seen_is_not_let_go() -> None:
    asked = call(Verb.VOID, references={"order": "order_1"})
    for reply in (BROKEN, RESET, Reply(objects.error("Authentication failed"), 401)):
        assert isinstance(answering(reply)[0].void(asked), Unknown)
    with pytest.raises(RateLimited):
        answering(Reply(objects.error(), 429))[0].void(asked)


def test_a_page_is_closed_and_one_that_was_paid_tells_what_it_became() -> None:
    asked = call(Verb.VOID, method=HOSTED, references={"payment_link": "plink_1"})
    adapter, wire = answering(objects.link("cancelled"))
    assert isinstance(adapter.void(asked), Voided)
    assert (wire.sent[0].path, wire.sent[0].told) == ("/v1/payment_links/plink_1/cancel", {})
    refused = Reply(objects.error("Payment link cannot be cancelled as it is paid"), 400)
    paid = objects.link("paid", order_id="order_1")
    adapter, _ = answering(refused, paid, objects.order(objects.payment()))
    assert isinstance(adapter.void(asked), Captured)
    adapter, _ = answering(refused, objects.link())
    assert isinstance(adapter.void(asked), Declined)


def test_already_refunded_by_this_very_call_is_found_by_its_receipt() -> None:
    refused = Reply(objects.error("The payment has been fully refunded already"), 400)
    adapter, _ = answering(refused, objects.collection(objects.refund("processed")))
    outcome = adapter.refund(refund_call())
    assert isinstance(outcome, RefundReported)
    assert outcome.standing == "succeeded"
    adapter, _ = answering(refused, objects.collection())
    assert isinstance(adapter.refund(refund_call()), Declined)


def test_a_500_to_a_repeated_refund_may_be_the_kept_first_answer() -> None:
    adapter, _ = answering(BROKEN, BROKEN)
    first, again = adapter.refund(refund_call()), adapter.refund(refund_call(repeated=True))
    assert isinstance(first, Unknown)
    assert isinstance(again, Unknown)
    assert (first.reason, again.reason) == ("server_error", "stored_error")


# Charges of a token


def charging(*replies: Any, **given: Any) -> tuple[Any, list[str]]:
    adapter, wire = answering(*replies)
    outcome = adapter.authorize(renewal(**given))
    return outcome, [f"{sent.method} {sent.path.removeprefix('/v1')}" for sent in wire.sent]


def test_a_charge_is_pending_until_the_bank_answers() -> None:
    answers = objects.collection(), CUSTOMER, objects.order(), {"razorpay_payment_id": "pay_R1"}
    outcome, sent = charging(*answers, objects.order(objects.payment("created")))
    assert outcome == Pending(references={"order": "order_1"})
    assert [line for line in sent if line.startswith("POST")] == ["POST /orders", "POST /payments/create/recurring"]


@pytest.mark.parametrize("lost", [BROKEN, RESET, Reply(b"<html>")])
def test_a_lost_charge_is_unknown_with_its_order(lost: Any) -> None:
    outcome, _ = charging(objects.collection(), CUSTOMER, objects.order(), lost)
    assert isinstance(outcome, Unknown)
    assert outcome.references == {"order": "order_1"}


@pytest.mark.parametrize("lost", [BROKEN, RESET, Reply(b"<html>"), {"odd": 1}])
def test_a_lost_order_means_the_charge_was_never_sent(lost: Any) -> None:
    adapter, wire = answering(objects.collection(), CUSTOMER, lost)
    with pytest.raises(GatewayError):
        adapter.authorize(renewal())
    assert not [sent for sent in wire.sent if "recurring" in sent.path]


@pytest.mark.parametrize("given", [{"repeated": True}, {"operation_changes": UNKNOWN}])
def test_a_charge_that_may_have_been_sent_is_never_sent_again(given: Any) -> None:
    outcome, sent = charging(objects.collection(objects.order()), **given)
    assert isinstance(outcome, Unknown)
    assert outcome.reason == "unconfirmed"
    assert sent == ["GET /orders"]


@pytest.mark.parametrize("given", [{"repeated": True}, {"operation_changes": UNKNOWN}])
@pytest.mark.parametrize(
    ("seen", "kind"),
    [
        (objects.collection(), NotFound),  # perhaps it is not listed yet
        (Reply(objects.error("Authentication failed"), 401), Unknown),  # says nothing of the first call
        (BROKEN, Unknown),
    ],
)
def test_a_charge_whose_order_cannot_be_seen_is_not_sent_again_either(given: Any, seen: Any, kind: type) -> None:
    outcome, sent = charging(seen, **given)
    assert isinstance(outcome, kind)
    assert sent == ["GET /orders"]


def test_an_order_with_a_try_is_never_charged_again() -> None:
    outcome, sent = charging(objects.collection(objects.order(objects.payment("failed"))))
    assert isinstance(outcome, Declined)
    assert sent == ["GET /orders"]


def test_an_order_left_by_a_send_that_broke_off_before_the_charge_is_used() -> None:
    answers = objects.collection(objects.order()), CUSTOMER, {"razorpay_payment_id": "pay_R1"}
    outcome, sent = charging(*answers, objects.order(objects.payment("created")))
    assert isinstance(outcome, Pending)
    assert [line for line in sent if line.startswith("POST")] == ["POST /payments/create/recurring"]


def test_a_refused_charge_is_a_decline() -> None:
    refused = Reply(objects.error("The token is not confirmed for recurring payments.", field="token"), 400)
    outcome, _ = charging(objects.collection(), CUSTOMER, objects.order(), refused)
    assert isinstance(outcome, Declined)
    assert outcome.decline.code == "token"
    outcome, _ = charging(Reply(objects.error("Authentication failed"), 401))
    assert isinstance(outcome, Declined)
    assert outcome.decline.kind is DeclineKind.CONFIGURATION


def test_a_charge_that_was_answered_and_cannot_be_looked_at_is_unknown_with_its_order() -> None:
    outcome, _ = charging(objects.collection(), CUSTOMER, objects.order(), {"razorpay_payment_id": "pay_R1"}, BROKEN)
    assert isinstance(outcome, Unknown)
    assert outcome.references == {"order": "order_1"}


# The rest


def test_many_threads_share_one_adapter() -> None:
    adapter, _ = answering(*[objects.payment() for _ in range(40)])
    with ThreadPoolExecutor(4) as threads:
        outcomes = list(threads.map(lambda _: adapter.capture(held_call(Verb.CAPTURE)).kind, range(40)))
    assert outcomes == ["captured"] * 40


def test_no_state_of_one_call_is_left_for_the_next() -> None:
    """The SDK's own default dictionaries are shared between calls; ours never reach them."""
    adapter, wire = answering(objects.payment(), objects.refund(), objects.order())
    adapter.capture(held_call(Verb.CAPTURE))
    adapter.refund(refund_call())
    adapter.authorize(call())
    assert set(wire.sent[0].told) == {"amount", "currency"}
    assert "X-Refund-Idempotency" not in wire.sent[2].headers


def test_the_address_may_end_with_a_slash_and_nowhere_is_not_sent() -> None:
    adapter = RazorpayGateway(
        key_id="rzp_test_x", key_secret="x", webhook_secrets=(), mode="test", base_address="http://nowhere.invalid/"
    )
    with pytest.raises(NotSent, match="nowhere"):
        adapter.authorize(call())
