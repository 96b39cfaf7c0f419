"""Disputes: opened by a magic card or the control API, decided by the words of the evidence or by a test."""

from simulator.records import Json, Record
from simulator.stripe import balance, lists, metadata
from simulator.stripe.errors import refused
from simulator.stripe.turn import Turn

_ANSWER_WITHIN_SECONDS = 7 * 86_400
_DECIDED = ("won", "lost", "warning_closed", "prevented")
_EVIDENCE_FIELDS = (
    "access_activity_log", "billing_address", "cancellation_policy", "cancellation_policy_disclosure",
    "cancellation_rebuttal", "customer_communication", "customer_email_address", "customer_name",
    "customer_purchase_ip", "customer_signature", "duplicate_charge_documentation", "duplicate_charge_explanation",
    "duplicate_charge_id", "product_description", "receipt", "refund_policy", "refund_policy_disclosure",
    "refund_refusal_explanation", "service_date", "service_documentation", "shipping_address", "shipping_carrier",
    "shipping_date", "shipping_documentation", "shipping_tracking_number", "uncategorized_file", "uncategorized_text",
)  # fmt: skip


def open_for(turn: Turn, charge: Record, *, reason: str, inquiry: bool = False) -> Record:
    """A chargeback takes the money away at once; an inquiry only asks."""
    if not charge.body["captured"]:
        raise refused(f"Charge {charge.id} has not been captured and cannot be disputed.")
    if charge.body["disputed"]:
        raise refused(f"Charge {charge.id} is already disputed.", code="charge_disputed")
    amount = charge.body["amount_captured"] - charge.body["amount_refunded"]
    if amount < 1:
        raise refused(f"Charge {charge.id} has nothing left to dispute.", code="charge_already_refunded")
    body = _body(turn, charge.body, amount, reason, "warning_needs_response" if inquiry else "needs_response")
    dispute = turn.add("dispute", body, None, [("charge", charge.id), ("payment_intent", body["payment_intent"])])
    charge.body["disputed"] = True
    turn.save(charge)
    turn.emit("charge.dispute.created", body)
    if not inquiry:
        _withdraw(turn, dispute)
    turn.emit("charge.updated", charge.body, {"disputed": False})
    return dispute


def retrieve(turn: Turn, _parameters: Json, dispute_id: str) -> Json:
    return turn.get("dispute", dispute_id, param="dispute").body


def listed(turn: Turn, parameters: Json) -> Json:
    return lists.listed(
        turn, "dispute", "/v1/disputes", parameters, lists.filters(parameters, "charge", "payment_intent")
    )


def update(turn: Turn, parameters: Json, dispute_id: str) -> Json:
    """Stripe submits evidence at once unless `submit` is false."""
    dispute = turn.get("dispute", dispute_id, param="dispute")
    _require_open(dispute)
    body = dispute.body
    evidence = {name: value for name, value in (parameters.get("evidence") or {}).items() if name in _EVIDENCE_FIELDS}
    body["evidence"].update(evidence)
    if evidence:
        body["evidence_details"]["has_evidence"] = True
    metadata.update(turn, dispute, parameters)
    if parameters.get("submit", True) and evidence:
        body["evidence_details"]["submission_count"] += 1
        body["status"] = "warning_under_review" if body["status"].startswith("warning") else "under_review"
        _schedule_decision(turn, dispute)
    turn.save(dispute)
    turn.emit("charge.dispute.updated", body)
    return body


def close(turn: Turn, _parameters: Json, dispute_id: str) -> Json:
    """The merchant gives in."""
    dispute = turn.get("dispute", dispute_id, param="dispute")
    _require_open(dispute)
    decide(turn, dispute, won=False)
    return dispute.body


def decide(turn: Turn, dispute: Record, *, won: bool) -> None:
    body = dispute.body
    if body["status"] in _DECIDED:
        return
    inquiry = body["status"].startswith("warning")
    body["status"] = "warning_closed" if inquiry and won else "won" if won else "lost"
    if inquiry and not won:
        _withdraw(turn, dispute)
    turn.save(dispute)
    turn.emit("charge.dispute.closed", body)
    if won:
        _reinstate(turn, dispute, inquiry=inquiry)


def _withdraw(turn: Turn, dispute: Record) -> None:
    body = dispute.body
    body["balance_transactions"].append(balance.record_dispute(turn, body, sign=-1))
    turn.move(
        "dispute_withdrawn", turn.own("payment_intent", body["payment_intent"]), body["amount"], charge=body["charge"]
    )
    body["is_charge_refundable"] = False
    turn.save(dispute)
    turn.emit("charge.dispute.funds_withdrawn", body)


def _reinstate(turn: Turn, dispute: Record, *, inquiry: bool) -> None:
    body = dispute.body
    charge = turn.own("charge", body["charge"])
    charge.body["disputed"] = False
    turn.save(charge)
    if inquiry:
        return
    body["balance_transactions"].append(balance.record_dispute(turn, body, sign=1))
    turn.move(
        "dispute_reinstated", turn.own("payment_intent", body["payment_intent"]), body["amount"], charge=body["charge"]
    )
    turn.save(dispute)
    turn.emit("charge.dispute.funds_reinstated", body)


def _schedule_decision(turn: Turn, dispute: Record) -> None:
    """Stripe's test evidence: the text `winning_evidence` or `losing_evidence` in any field decides."""
    words = " ".join(str(value) for value in dispute.body["evidence"].values())
    for text, won in (("winning_evidence", True), ("losing_evidence", False)):
        if text in words:
            turn.later("decide_dispute", dispute.id, turn.seconds("dispute_decision_seconds"), won=won)
            return


def _require_open(dispute: Record) -> None:
    if dispute.body["status"] in _DECIDED:
        raise refused(f"This dispute is already closed ({dispute.body['status']}).", code="dispute_already_closed")


def _body(turn: Turn, charge: Json, amount: int, reason: str, status: str) -> Json:
    details = charge["payment_method_details"]
    shown: Json = {"type": details["type"]}
    if details["type"] == "card":
        card = details["card"]
        shown["card"] = {"brand": card["brand"], "case_type": "chargeback", "network_reason_code": "10.4"}
        if status.startswith("warning"):
            shown["card"]["case_type"] = "inquiry"
    return {
        "id": turn.new_id("du"), "object": "dispute", "amount": amount, "balance_transactions": [],
        "charge": charge["id"],
        "created": turn.second, "currency": charge["currency"], "enhanced_eligibility_types": [],
        "evidence": {**dict.fromkeys(_EVIDENCE_FIELDS), "enhanced_evidence": {}},
        "evidence_details": {
            "due_by": turn.second + _ANSWER_WITHIN_SECONDS, "enhanced_eligibility": {}, "has_evidence": False,
            "past_due": False, "submission_count": 0,
        },
        "is_charge_refundable": status.startswith("warning"), "livemode": False, "metadata": {},
        "payment_intent": charge["payment_intent"], "payment_method_details": shown, "reason": reason, "status": status,
    }  # fmt: skip
