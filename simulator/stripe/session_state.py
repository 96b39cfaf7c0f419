"""How a checkout session follows its intent: complete when the customer is through, paid when the money is there."""

from simulator.records import Json, Record
from simulator.stripe.turn import Turn


def follow(turn: Turn, intent: Record) -> None:
    """Call after anything that moved an intent; intents without a session are none of our business."""
    session_id = intent.private.get("session")
    if session_id is None:
        return
    session = turn.own("checkout.session", session_id)
    if session.body["status"] == "open" and intent.body["status"] in ("succeeded", "requires_capture", "processing"):
        _complete(turn, session, intent)
    elif session.body["status"] == "complete" and session.body["payment_status"] == "unpaid":
        _settle(turn, session, intent)


def address_after(session: Record) -> str:
    """Where a completed session sends the customer."""
    return str(session.body["success_url"]).replace("{CHECKOUT_SESSION_ID}", session.id)


def _complete(turn: Turn, session: Record, intent: Record) -> None:
    session.body.update(status="complete", url=None)
    if intent.kind == "payment_intent":
        session.body["payment_status"] = "paid" if intent.body["status"] == "succeeded" else "unpaid"
    turn.save(session)
    turn.emit("checkout.session.completed", session.body)


def _settle(turn: Turn, session: Record, intent: Record) -> None:
    """A capture, or a slow debit that ended."""
    status = intent.body["status"]
    charge: Json = turn.own("charge", intent.body["latest_charge"]).body if intent.body.get("latest_charge") else {}
    slow = charge.get("payment_method_details", {}).get("type") == "sepa_debit"
    if status == "succeeded":
        session.body["payment_status"] = "paid"
        turn.save(session)
    if slow and status in ("succeeded", "requires_payment_method"):
        outcome = "succeeded" if status == "succeeded" else "failed"
        turn.emit(f"checkout.session.async_payment_{outcome}", session.body)
