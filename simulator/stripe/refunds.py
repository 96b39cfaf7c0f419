"""Refunds: at once, pending for a while, or failed after they seemed done, as the test card decides."""

from simulator.records import Json, Record
from simulator.stripe import balance, lists, metadata, payment_methods
from simulator.stripe.currencies import shown
from simulator.stripe.errors import invalid, missing, refused
from simulator.stripe.turn import Turn


def create(turn: Turn, parameters: Json) -> Json:
    charge = _charge_to_refund(turn, parameters)
    amount = _amount(charge.body, parameters)
    intent = turn.own("payment_intent", charge.body["payment_intent"])
    method = turn.own("payment_method", charge.body["payment_method"])
    card = payment_methods.card_of(method)
    behaviour = card.refund if card else "pending"
    refund = turn.add(
        "refund", _body(turn, charge.body, amount, parameters, behaviour), {}, _terms(charge.body, parameters)
    )
    refund.body["balance_transaction"] = balance.record_refund(turn, refund.body)
    turn.move("refund", intent, amount, charge=charge.id)
    _count(charge.body, amount)
    turn.save(charge)
    turn.save(refund)
    turn.emit("refund.created", refund.body)
    turn.emit("charge.refunded", charge.body)
    if behaviour == "pending":
        turn.later("finish_refund", refund.id, turn.seconds("refund_pending_seconds"))
    elif behaviour == "fails":
        turn.later("fail_refund", refund.id, turn.seconds("refund_failure_seconds"))
    return refund.body


def retrieve(turn: Turn, _parameters: Json, refund_id: str) -> Json:
    return turn.get("refund", refund_id, param="refund").body


def update(turn: Turn, parameters: Json, refund_id: str) -> Json:
    refund = turn.get("refund", refund_id, param="refund")
    before = refund.body["metadata"]
    metadata.update(turn, refund, parameters)
    turn.save(refund)
    _tell(turn, refund, {"metadata": before})
    return refund.body


def cancel(turn: Turn, _parameters: Json, refund_id: str) -> Json:
    turn.get("refund", refund_id, param="refund")
    raise refused("You can only cancel a refund that has a status of requires_action.")


def listed(turn: Turn, parameters: Json) -> Json:
    terms = lists.filters(parameters, "charge", "payment_intent")
    return lists.listed(turn, "refund", "/v1/refunds", parameters, terms)


def finish(turn: Turn, refund: Record) -> None:
    if refund.body["status"] != "pending":
        return
    refund.body["status"] = "succeeded"
    refund.body.pop("pending_reason", None)
    turn.save(refund)
    _tell(turn, refund, {"status": "pending"})


def fail(turn: Turn, refund: Record) -> None:
    """The bank sent the money back: a succeeded refund becomes failed and the charge is refundable again."""
    before = refund.body["status"]
    if before not in ("pending", "succeeded"):
        return
    charge = turn.own("charge", refund.body["charge"])
    refund.body.update(status="failed", failure_reason="expired_or_canceled_card")
    refund.body["failure_balance_transaction"] = balance.record_refund_failure(turn, refund.body)
    intent = turn.own("payment_intent", charge.body["payment_intent"])
    turn.move("refund_failed", intent, refund.body["amount"], charge=charge.id)
    _count(charge.body, -refund.body["amount"])
    turn.save(charge)
    turn.save(refund)
    turn.emit("refund.failed", refund.body, {"status": before})
    _tell(turn, refund, {"status": before})


def _tell(turn: Turn, refund: Record, previous: Json) -> None:
    turn.emit("refund.updated", refund.body, previous)
    turn.emit("charge.refund.updated", refund.body, previous)


def _count(charge: Json, amount_minor: int) -> None:
    charge["amount_refunded"] += amount_minor
    charge["refunded"] = charge["amount_refunded"] == charge["amount_captured"]


def _charge_to_refund(turn: Turn, parameters: Json) -> Record:
    if not (parameters.get("charge") or parameters.get("payment_intent")):
        raise invalid(
            "One of the following params should be provided for this request: payment_intent or charge.",
            code="parameter_missing",
        )
    if parameters.get("charge"):
        charge = turn.get("charge", parameters["charge"], param="charge", status=404)
        if parameters.get("payment_intent") not in (None, charge.body["payment_intent"]):
            raise missing("payment_intent", parameters["payment_intent"], param="payment_intent")
    else:
        intent = turn.get("payment_intent", parameters["payment_intent"], param="payment_intent", status=404)
        found = turn.find("charge", intent.body["latest_charge"]) if intent.body["latest_charge"] else None
        if found is None or not found.body["captured"]:
            raise refused(
                f"This PaymentIntent ({intent.id}) does not have a successful charge to refund.",
                param="payment_intent", code="payment_intent_unexpected_state" if found is None else None,
            )  # fmt: skip
        charge = found
    _check_refundable(charge.body)
    return charge


def _check_refundable(charge: Json) -> None:
    if charge["status"] != "succeeded" or not charge["captured"]:
        raise refused(f"Charge {charge['id']} has not been captured, so it cannot be refunded.", param="charge")
    if charge["disputed"]:
        raise refused(f"Charge {charge['id']} has been charged back; cannot issue a refund.", code="charge_disputed")
    if charge["refunded"]:
        raise refused(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")


def _amount(charge: Json, parameters: Json) -> int:
    left: int = charge["amount_captured"] - charge["amount_refunded"]
    amount: int = parameters.get("amount", left)
    if amount < 1:
        raise invalid(
            "This value must be greater than or equal to 1.", param="amount", code="parameter_invalid_integer"
        )
    if amount > left:
        raise refused(
            f"Refund amount ({shown(amount, charge['currency'])}) is greater than unrefunded amount on charge"
            f" ({shown(left, charge['currency'])})", param="amount",
        )  # fmt: skip
    return amount


def _terms(charge: Json, parameters: Json) -> list[tuple[str, str]]:
    terms = [("charge", charge["id"]), ("payment_intent", charge["payment_intent"])]
    return terms + metadata.terms(metadata.merged({}, parameters))


def _body(turn: Turn, charge: Json, amount: int, parameters: Json, behaviour: str) -> Json:
    body: Json = {
        "id": turn.new_id("re"), "object": "refund", "amount": amount, "balance_transaction": None,
        "charge": charge["id"],
        "created": turn.second, "currency": charge["currency"],
        "destination_details": {
            "type": "card",
            "card": {"reference_status": "pending", "reference_type": "acquirer_reference_number", "type": "refund"},
        },
        "metadata": metadata.merged({}, parameters), "payment_intent": charge["payment_intent"],
        "reason": parameters.get("reason"), "receipt_number": None, "source_transfer_reversal": None,
        "status": "pending" if behaviour == "pending" else "succeeded", "transfer_reversal": None,
    }  # fmt: skip
    if charge["payment_method_details"]["type"] != "card":
        body["destination_details"] = {"type": "sepa_bank_transfer"}
    if behaviour == "pending":
        body["pending_reason"] = "processing"
    return body
