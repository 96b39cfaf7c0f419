"""A person settles what nobody else can: on the real stack, with the books of both sides right afterwards."""

from collections.abc import Iterator

import psycopg
import pytest

from stack.assembly import Stack
from tests.client import Merchant, Referee, operator_of


@pytest.fixture
def operator(stack: Stack) -> Iterator[Merchant]:
    with operator_of(stack) as operator:
        yield operator


STATEMENT = {"decision": "confirm_charged", "reason": "EUR 49.99 is on the gateway's statement", "by": "Anna"}


@pytest.fixture
def parked(merchant: Merchant, referee: Referee) -> str:
    """The answer tells another amount, lookups see nothing and webhooks are lost: nothing but a person is left."""
    referee.post("/webhook-faults", {"match": {}, "kind": "lost", "count": None})
    referee.fault("wrong_body", path="/v1/payment_intents", method="POST", body="other_amount")
    referee.fault("lookup_lag", seconds=3600, match={"count": None})
    payment_id = str(merchant.pay().json()["id"])
    merchant.until(payment_id, lambda p: p["attention"] == "parked")
    assert merchant.payment(payment_id)["status"] == "processing", "parked is not failed"
    return payment_id


def test_a_parked_payment_shows_its_evidence_and_takes_no_decision_without_the_scope(
    merchant: Merchant, operator: Merchant, parked: str
) -> None:
    blind = operator.post(f"/v1/payments/{parked}/resolve", {"decision": "look_again", "reason": "is it there by now?"})
    assert (blind.status_code, blind.json()["attention"]) == (200, "parked")
    story = merchant.http.get(f"/v1/payments/{parked}/timeline").json()
    evidence = story["evidence"]
    assert evidence["reason"] == "the gateway answered something that was not asked"
    assert "expected" in evidence["evidence"]
    [attempt] = evidence["attempts"]
    assert (attempt["operation"], attempt["state"], attempt["answer"]) == (1, "unknown", "contradiction")
    assert {(look["asked"], look["answer"]) for look in evidence["looks"]} == {("lookup", "not_found")}
    assert evidence["next_look"] == story["waiting_for"]["until"]
    assert "confirm_charged" in {s["decision"] for s in evidence["suggestions"]}
    refused = merchant.post(f"/v1/payments/{parked}/resolve", STATEMENT)
    assert (refused.status_code, refused.json()["scope"]) == (403, "payments:resolve")


def test_a_person_settles_it_once_and_the_books_of_both_sides_agree(
    merchant: Merchant, operator: Merchant, referee: Referee, stack: Stack, parked: str
) -> None:
    path, key = f"/v1/payments/{parked}/resolve", f"resolve-{parked}"
    settled = operator.post(path, STATEMENT, key=key)
    assert settled.status_code == 200, settled.text
    assert (settled.json()["status"], settled.json()["attention"]) == ("captured", "none")
    again = operator.post(path, STATEMENT, key=key)
    assert (again.status_code, again.content, again.headers["Idempotent-Replayed"]) == (200, settled.content, "true")
    late = operator.post(path, STATEMENT)
    assert (late.status_code, late.json()["error"]["code"]) == (409, "nothing_to_resolve")

    totals = referee.totals(parked)
    assert (totals["charges"], totals["captured_minor"]) == (1, 4999)
    assert _books(stack, parked) == {"gateway": 4999, "merchant": -4999}
    entry = merchant.http.get(f"/v1/payments/{parked}/timeline").json()["entries"][-1]
    assert entry["type"] == "payment.captured"
    assert "Decided by Anna (key_" in entry["text"]
    assert "EUR 49.99 is on the gateway's statement" in entry["text"]


def test_an_authorization_that_shows_after_a_person_said_no_is_let_go(
    operator: Merchant, referee: Referee, stack: Stack
) -> None:
    """Row 27: nothing stays held for a payment that was called failed."""
    referee.post("/webhook-faults", {"match": {}, "kind": "lost", "count": None})
    referee.fault("wrong_body", path="/v1/payment_intents", method="POST", body="other_amount")
    payment_id = operator.pay(capture_method="manual").json()["id"]
    operator.until(payment_id, lambda p: p["attention"] == "parked")
    path = f"/v1/payments/{payment_id}/resolve"
    no = operator.post(path, {"decision": "confirm_not_charged", "reason": "not on the statement"})
    assert (no.status_code, no.json()["status"], no.json()["decline"]["class"]) == (200, "failed", "decided")
    operator.post(path, {"decision": "look_again", "reason": "the customer says it is held"})
    operator.settles(payment_id, "canceled")
    totals = referee.totals(payment_id)
    assert (totals["captured_minor"], totals["released_minor"]) == (0, 4999)
    assert _books(stack, payment_id) == {}


def _books(stack: Stack, payment_id: str) -> dict[str, int]:
    query = "SELECT account, sum(amount_minor)::bigint FROM ledger_postings WHERE payment_id = %s GROUP BY account"
    with psycopg.connect(stack.database_url) as connection:
        return dict(connection.execute(query, [payment_id]).fetchall())
