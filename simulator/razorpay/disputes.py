"""Disputes: opened by a test, accepted or contested by the merchant; only a lost one takes the money away."""

from simulator.razorpay import ledger, lists, paying, payments
from simulator.razorpay.errors import invalid
from simulator.razorpay.turn import Turn
from simulator.records import Json, Record

_ANSWER_WITHIN_SECONDS = 7 * 86_400
_DECIDED = ("won", "lost", "closed")
_PROOFS = (
    "shipping_proof", "billing_proof", "cancellation_proof", "customer_communication", "proof_of_service",
    "explanation_letter", "refund_confirmation", "access_activity_log", "refund_cancellation_policy",
    "term_and_conditions", "others",
)  # fmt: skip


def open_for(turn: Turn, payment: Record, *, reason: str, inquiry: bool = False) -> Record:
    """A chargeback of what is left of the payment, or with `inquiry` only a retrieval request."""
    left = payment.body["amount"] - payment.body["amount_refunded"]
    if not payment.body["captured"] or left == 0:
        raise invalid(f"{payment.id} has nothing captured to dispute")
    if any(known.body["status"] not in _DECIDED for known in turn.all("dispute", ("payment", payment.id))):
        raise invalid(f"{payment.id} is already disputed")
    body = {
        "id": turn.new_id("disp"), "entity": "dispute", "payment_id": payment.id, "amount": left,
        "currency": payment.body["currency"], "amount_deducted": 0, "reason_code": reason,
        "reason_description": reason.replace("_", " ").capitalize(),
        "respond_by": turn.second + _ANSWER_WITHIN_SECONDS, "status": "open",
        "phase": "retrieval" if inquiry else "chargeback", "created_at": turn.second,
        "evidence": {"amount": left, "summary": None, **dict.fromkeys(_PROOFS), "submitted_at": None},
    }  # fmt: skip
    dispute = turn.add("dispute", body, None, [("payment", payment.id)])
    turn.later("forfeit_dispute", dispute.id, _ANSWER_WITHIN_SECONDS)
    _tell(turn, dispute, "created")
    return dispute


def retrieve(turn: Turn, parameters: Json, dispute_id: str) -> Json:
    return _shown(turn, turn.get("dispute", dispute_id), parameters)


def listed(turn: Turn, parameters: Json) -> Json:
    found = lists.found(turn, "dispute", parameters)
    return lists.collection([_shown(turn, dispute, parameters) for dispute in found])


def accept(turn: Turn, _parameters: Json, dispute_id: str) -> Json:
    dispute = _open(turn, dispute_id)
    decide(turn, dispute, won=False)
    return dispute.body


def contest(turn: Turn, parameters: Json, dispute_id: str) -> Json:
    """Evidence may be drafted and changed until it is submitted."""
    dispute = _open(turn, dispute_id)
    evidence = dispute.body["evidence"]
    evidence.update({name: value for name, value in parameters.items() if name != "action"})
    if parameters.get("action") == "submit":
        if not evidence["summary"]:
            raise invalid("The summary field is required.", field="summary")
        evidence["submitted_at"] = turn.second
        dispute.body["status"] = "under_review"
        _tell(turn, dispute, "under_review")
    turn.save(dispute)
    return dispute.body


def decide(turn: Turn, dispute: Record, *, won: bool) -> None:
    body = dispute.body
    if body["status"] in _DECIDED:
        return
    body["status"] = ("closed" if body["phase"] == "retrieval" else "won") if won else "lost"
    if not won:
        payment = turn.own("payment", body["payment_id"])
        body["amount_deducted"] = body["amount"]
        turn.move("dispute_withdrawn", payment, body["amount"])
        ledger.record_dispute(turn, body, payment, paying.order_of(turn, payment))
    turn.save(dispute)
    _tell(turn, dispute, body["status"])


def forfeit(turn: Turn, dispute: Record) -> None:
    """Nobody answered in time."""
    if dispute.body["status"] == "open":
        decide(turn, dispute, won=False)


def _open(turn: Turn, dispute_id: str) -> Record:
    dispute = turn.get("dispute", dispute_id)
    if dispute.body["status"] != "open":
        raise invalid(f"The dispute is not open; it is {dispute.body['status']}.")
    return dispute


def _tell(turn: Turn, dispute: Record, what: str) -> None:
    payment = turn.own("payment", dispute.body["payment_id"])
    turn.emit(f"payment.dispute.{what}", payment=payment.body, dispute=dispute.body)


def _shown(turn: Turn, dispute: Record, parameters: Json) -> Json:
    if lists.expands(parameters, "payment", "payment", "transaction.settlement"):
        return {**dispute.body, "payment": payments.shown(turn.own("payment", dispute.body["payment_id"]))}
    return dispute.body
