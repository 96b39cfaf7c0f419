"""What became of an operation: by id, by our reference in lists, and when silence is proof."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from domain.errors import NotSent, RateLimited
from domain.operation import Verb
from domain.outcomes import ActionRequired, Captured, DisputeReported, NotFound, Outcome, RefundReported, Unknown
from domain.payment import MethodChoice
from gateways.stripe.lookup import MOST_PAGES, MOST_SECONDS, Lookup
from tests.unit.gateways.stripe import objects
from tests.unit.gateways.stripe.objects import EPOCH, listed
from tests.unit.gateways.stripe.records import (
    HOSTED,
    OTHER_PAYMENT_ID,
    PAYMENT_ID,
    authorized_call,
    call,
    captured_call,
)
from tests.unit.gateways.stripe.transport import FakeTransport, Reply, answering, broken, error, gateway

THEIRS = {"reference": f"{OTHER_PAYMENT_ID}-1"}


def page(count: int, *, has_more: bool) -> Any:
    things = [objects.payment_intent(metadata=THEIRS) | {"id": f"pi_x{number}"} for number in range(count)]
    return listed(*things, has_more=has_more)


def reason_of(outcome: Outcome) -> str:
    assert isinstance(outcome, Unknown)
    return outcome.reason


def test_by_id_it_is_one_fresh_read() -> None:
    stripe, transport = answering(objects.payment_intent())
    assert isinstance(stripe.retrieve(authorized_call(Verb.AUTHORIZE)), Captured)
    assert [sent.path for sent in transport.sent] == ["/v1/payment_intents/pi_1"]
    assert transport.sent[0].told == {"expand": ["latest_charge"]}


def test_a_hosted_payment_is_read_through_its_page() -> None:
    stripe, transport = answering(objects.checkout_session())
    references = {"checkout_session": "cs_1", "payment_intent": "pi_1"}
    assert isinstance(stripe.retrieve(call(method=HOSTED, references=references)), ActionRequired)
    assert transport.sent[0].path == "/v1/checkout/sessions/cs_1"
    assert transport.sent[0].told == {"expand": ["payment_intent.latest_charge"]}


def test_a_refund_is_read_by_its_own_id() -> None:
    stripe, transport = answering(objects.refund("failed"))
    outcome = stripe.retrieve(captured_call(operation_changes={"amount_minor": 400, "reference": "re_1"}))
    assert isinstance(outcome, RefundReported)
    assert outcome.standing == "failed"
    assert transport.sent[0].path == "/v1/refunds/re_1"


def test_without_an_id_the_newest_intents_are_searched_for_our_reference() -> None:
    ours = objects.payment_intent()
    stripe, transport = answering(listed(objects.payment_intent(metadata=THEIRS), ours), ours)
    assert isinstance(stripe.retrieve(call()), Captured)
    listing, reading = transport.sent
    assert listing.told == {"created": {"gte": EPOCH - 300, "lte": EPOCH + 86400}, "limit": 100}
    assert reading.path == "/v1/payment_intents/pi_1"


def test_a_known_customer_narrows_the_list() -> None:
    stripe, transport = answering(listed())
    stripe.find_by_reference(call(method=MethodChoice(kind="token", token="pm_1", customer_reference="cus_1")))
    assert transport.sent[0].told["customer"] == "cus_1"


def test_a_capture_is_looked_up_by_the_payments_first_reference() -> None:
    ours = objects.payment_intent("succeeded", capture_method="manual")
    stripe, _ = answering(listed(ours), ours)
    assert isinstance(stripe.find_by_reference(authorized_call(Verb.CAPTURE, references={})), Captured)


def test_a_complete_list_without_us_is_proof() -> None:
    stripe, transport = answering(page(100, has_more=True), page(3, has_more=False))
    assert stripe.find_by_reference(call()) == NotFound()
    assert transport.sent[1].told["starting_after"] == "pi_x99"


def test_an_endless_list_is_no_proof_but_search_may_find_us() -> None:
    ours = objects.payment_intent()
    pages = [page(1, has_more=True) for _ in range(MOST_PAGES)]
    found = {"object": "search_result", "data": [ours], "has_more": False, "url": "/x"}
    stripe, transport = answering(*pages, found, ours)
    assert isinstance(stripe.find_by_reference(call()), Captured)
    assert transport.sent[MOST_PAGES].told == {"query": f"metadata['reference']:'{PAYMENT_ID}-1'", "limit": 100}
    assert transport.sent[-1].path == "/v1/payment_intents/pi_1"


def test_once_the_call_has_its_final_answer_only_what_was_made_until_then_is_listed() -> None:
    """Where thousands pay every hour, the list of a whole day is never read to its end."""
    stripe, transport = answering(listed())
    answered = replace(call(), ended_by=datetime.fromtimestamp(EPOCH + 40, UTC))
    assert stripe.find_by_reference(answered) == NotFound()
    assert transport.sent[0].told["created"] == {"gte": EPOCH - 300, "lte": EPOCH + 40 + 300}


def test_the_end_of_a_later_operation_says_nothing_of_when_the_intent_was_made() -> None:
    stripe, transport = answering(listed())
    captured = replace(authorized_call(Verb.CAPTURE, references={}), ended_by=datetime.fromtimestamp(EPOCH + 40, UTC))
    assert stripe.find_by_reference(captured) == NotFound()
    assert transport.sent[0].told["created"]["lte"] == EPOCH + 86400


def test_a_list_that_takes_too_long_is_no_proof() -> None:
    moments = iter([0.0, MOST_SECONDS + 1])
    asked: list[str] = []

    def read(path: str, _told: Any) -> Any:
        asked.append(path)
        return {"data": []} if "search" in path else page(1, has_more=True)

    outcome = Lookup(read, clock=lambda: next(moments)).find(call())
    assert reason_of(outcome) == "lookup_incomplete"
    assert asked == ["/v1/payment_intents", "/v1/payment_intents/search"]


def test_the_silence_of_search_proves_nothing() -> None:
    pages = [page(1, has_more=True) for _ in range(MOST_PAGES)]
    stripe, _ = answering(*pages, {"object": "search_result", "data": [], "has_more": False, "url": "/x"})
    assert reason_of(stripe.find_by_reference(call())) == "lookup_incomplete"


def test_of_two_intents_the_one_with_money_is_ours() -> None:
    """Another generation of the operation may have left a declined intent behind."""
    declined = objects.payment_intent("requires_payment_method") | {"id": "pi_0"}
    ours = objects.payment_intent()
    stripe, _ = answering(listed(declined, ours), ours)
    assert isinstance(stripe.find_by_reference(call()), Captured)


def test_two_intents_with_money_are_an_alarm() -> None:
    first, second = objects.payment_intent(), objects.payment_intent() | {"id": "pi_2"}
    stripe, _ = answering(listed(first, second))
    assert reason_of(stripe.find_by_reference(call())) == "contradiction"


def test_a_page_is_found_by_our_reference() -> None:
    ours = objects.checkout_session()
    theirs = objects.checkout_session(client_reference_id="x", metadata={}) | {"id": "cs_0"}
    stripe, transport = answering(listed(theirs, ours), ours)
    assert isinstance(stripe.find_by_reference(call(method=HOSTED)), ActionRequired)
    assert [sent.path for sent in transport.sent] == ["/v1/checkout/sessions", "/v1/checkout/sessions/cs_test_1"]
    stripe, _ = answering(listed(ours, ours | {"id": "cs_2"}))
    assert reason_of(stripe.find_by_reference(call(method=HOSTED))) == "contradiction"


def test_a_refund_is_found_among_its_intents_refunds() -> None:
    others = [objects.refund(operation=3) | {"id": "re_3"}, objects.refund(operation=None) | {"id": "re_0"}]
    stripe, transport = answering(listed(*others, has_more=True), listed(objects.refund("pending")))
    outcome = stripe.find_by_reference(captured_call())
    assert isinstance(outcome, RefundReported)
    assert (outcome.reference, outcome.operation_number) == ("re_1", 2)
    assert transport.sent[1].told == {"payment_intent": "pi_1", "limit": 100, "starting_after": "re_0"}
    stripe, _ = answering(listed(*others))
    assert stripe.find_by_reference(captured_call()) == NotFound()
    stripe, _ = answering()
    assert stripe.find_by_reference(captured_call(references={})) == NotFound()


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (error(500, type="api_error"), "server_error"),
        (error(401), "lookup_refused"),
        (error(400, code="parameter_invalid"), "lookup_refused"),
        (Reply(b"<html>", 200), "unreadable"),
        (Reply(b"{}", 200), "unreadable"),
    ],
)
def test_a_lookup_that_fails_says_nothing(reply: Reply, reason: str) -> None:
    for asked in (call(), captured_call(), call(method=HOSTED)):
        stripe, _ = answering(reply)
        assert reason_of(stripe.find_by_reference(asked)) == reason


def test_nothing_under_the_id_is_not_found() -> None:
    stripe, _ = answering(error(404, code="resource_missing"))
    assert stripe.retrieve(authorized_call(Verb.AUTHORIZE)) == NotFound()


def test_a_busy_gateway_is_asked_again() -> None:
    stripe, _ = answering(error(429, code="rate_limit"))
    with pytest.raises(RateLimited):
        stripe.retrieve(authorized_call(Verb.AUTHORIZE))


def test_disputes_as_they_stand() -> None:
    stripe, transport = answering(listed(objects.dispute(), objects.dispute("warning_closed") | {"id": "du_2"}))
    found = stripe.disputes(captured_call())
    assert [(d.reference, d.standing) for d in found if isinstance(d, DisputeReported)] == [
        ("du_1", "open"),
        ("du_2", "won"),
    ]
    assert transport.sent[0].told == {"payment_intent": "pi_1", "limit": 100}


def test_disputes_of_a_payment_without_an_intent_and_in_an_outage() -> None:
    assert gateway(FakeTransport()).disputes(call()) == []
    stripe, _ = answering(error(500, type="api_error"))
    assert [outcome.kind for outcome in stripe.disputes(captured_call())] == ["unknown"]
    stripe, _ = answering(error(404, code="resource_missing"))
    assert stripe.disputes(captured_call()) == []


# --- refusals that are looked at before they are believed ----------------------------------------------------------


@pytest.mark.parametrize(
    "refusal", [error(400, code="charge_already_refunded"), error(400, message="Refund amount is greater than ...")]
)
def test_a_refund_refused_because_it_was_made_before_is_found(refusal: Reply) -> None:
    stripe, _ = answering(refusal, listed(objects.refund("succeeded")))
    outcome = stripe.refund(captured_call())
    assert isinstance(outcome, RefundReported)
    assert outcome.standing == "succeeded"


def test_a_refund_refused_and_not_found_is_declined() -> None:
    stripe, _ = answering(error(400, code="charge_already_refunded"), listed())
    assert stripe.refund(captured_call()).kind == "declined"


def test_a_refund_refused_and_not_looked_up_is_unknown() -> None:
    stripe, _ = answering(error(400, code="charge_already_refunded"), error(500, type="api_error"))
    assert stripe.refund(captured_call()).kind == "unknown"


CLOSED = error(400, message="Only Checkout Sessions with a status in [open] can be expired.")


def hosted_void() -> Any:
    return call(Verb.VOID, method=HOSTED, references={"checkout_session": "cs_test_1"})


def test_a_page_paid_at_the_last_moment_is_canceled_in_its_intent_under_a_key_of_its_own() -> None:
    paid = objects.checkout_session("complete", payment_intent=objects.payment_intent("requires_capture"))
    gone = objects.payment_intent("canceled", cancellation_reason="abandoned")
    stripe, transport = answering(CLOSED, paid, gone)
    assert stripe.void(hosted_void()).kind == "voided"
    expire, _, cancel = transport.sent
    assert cancel.path == "/v1/payment_intents/pi_1/cancel"
    assert cancel.key == f"{expire.key}-cancel"


@pytest.mark.parametrize(
    ("page", "kind"),
    [
        (objects.checkout_session("complete", payment_intent=objects.payment_intent()), "captured"),
        (objects.checkout_session("expired"), "voided"),
        (objects.checkout_session("complete", payment_intent=objects.payment_intent("processing")), "pending"),
        (objects.checkout_session("open"), "declined"),
    ],
)
def test_a_page_that_cannot_be_closed_tells_what_it_became(page: Any, kind: str) -> None:
    stripe, _ = answering(CLOSED, page)
    assert stripe.void(hosted_void()).kind == kind


def test_a_page_we_cannot_see_after_its_refusal_is_unknown() -> None:
    stripe, _ = answering(CLOSED, error(500, type="api_error"))
    assert stripe.void(hosted_void()).kind == "unknown"


def test_closing_an_open_page() -> None:
    stripe, _ = answering(objects.checkout_session("expired"))
    assert stripe.void(hosted_void()).kind == "voided"


def test_not_sent_while_looking_means_try_the_whole_call_again() -> None:
    class Gone(FakeTransport):
        def request(self, method: str, *rest: Any, **more: Any) -> Any:
            return super().request(method, *rest, **more) if method == "post" else _refused()

    def _refused() -> Any:
        raise broken("refused") from requests.exceptions.ConnectTimeout()

    with pytest.raises(NotSent):
        gateway(Gone(error(400, code="charge_already_refunded"))).refund(captured_call())
