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


def test_an_unknown_outcome_with_hidden_lookups_is_parked_and_decided_by_a_person(
    merchant: Merchant, operator: Merchant, referee: Referee, stack: Stack
) -> None:
    """The answer tells another amount, lookups see nothing and webhooks are lost: nothing but a person is left."""
    referee.post("/webhook-faults", {"match": {}, "kind": "lost", "count": None})
    referee.fault("wrong_body", path="/v1/payment_intents", method="POST", body="other_amount")
    referee.fault("lookup_lag", seconds=3600, match={"count": None})
    payment_id = merchant.pay().json()["id"]
    merchant.until(payment_id, lambda p: p["attention"] == "parked")
    assert merchant.payment(payment_id)["status"] == "processing", "parked is not failed"

    story = merchant.http.get(f"/v1/payments/{payment_id}/timeline").json()
    evidence = story["evidence"]
    assert "another amount" in evidence["reason"]
    assert [(a["operation"], a["state"], a["answer"]) for a in evidence["attempts"]] == [
        (1, "unknown", "contradiction")
    ]
    assert evidence["next_look"] == story["waiting_for"]["until"]
    assert "confirm_charged" in {s["decision"] for s in evidence["suggestions"]}

    body = {"decision": "confirm_charged", "reason": "EUR 49.99 is on the gateway's statement", "by": "Anna"}
    path = f"/v1/payments/{payment_id}/resolve"
    refused = merchant.post(path, body)
    assert (refused.status_code, refused.json()["scope"]) == (403, "payments:resolve")
    blind = operator.post(path, {"decision": "look_again", "reason": "is it there by now?"})
    assert (blind.status_code, blind.json()["attention"]) == (200, "parked")

    settled = operator.post(path, body, key="resolve-1" + payment_id)
    assert settled.status_code == 200, settled.text
    assert (settled.json()["status"], settled.json()["attention"]) == ("captured", "none")
    again = operator.post(path, body, key="resolve-1" + payment_id)
    assert (again.status_code, again.content, again.headers["Idempotent-Replayed"]) == (200, settled.content, "true")
    late = operator.post(path, body)
    assert (late.status_code, late.json()["error"]["code"]) == (409, "nothing_to_resolve")

    totals = referee.totals(payment_id)
    assert (totals["charges"], totals["captured_minor"]) == (1, 4999)
    assert _books(stack, payment_id) == {"gateway": 4999, "merchant": -4999}
    entry = merchant.http.get(f"/v1/payments/{payment_id}/timeline").json()["entries"][-1]
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
