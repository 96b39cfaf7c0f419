"""The customer's step: what the 3-D Secure page, or a test through the control API, decides for an intent."""

from urllib.parse import urlencode, urlsplit, urlunsplit

from simulator.records import Json, Record
from simulator.stripe import charging, session_state, setup_intents
from simulator.stripe.errors import refused
from simulator.stripe.turn import Reply, Turn

_FAILURE = "We are unable to authenticate your payment method. Please choose a different payment method and try again."


def decide(turn: Turn, intent: Record, *, approve: bool) -> None:
    """Approved: the charge is tried, and may still be declined. Failed: no charge, the intent wants another method."""
    if intent.body["status"] != "requires_action":
        raise refused(
            f"{intent.id} has a status of {intent.body['status']}; only requires_action can be authenticated.",
            code=f"{intent.kind}_unexpected_state",
        )
    method = turn.own("payment_method", intent.body["payment_method"])
    if intent.kind == "setup_intent":
        setup_intents.finish_authentication(turn, intent, method, approve=approve)
    elif approve:
        charging.attempt(turn, intent, method, off_session=False, error_on_action=False, authenticated=True)
    else:
        fail(turn, intent, method)
    session_state.follow(turn, intent)


def fail(turn: Turn, intent: Record, method: Record) -> Reply:
    error = {
        "type": "card_error", "code": "payment_intent_authentication_failure", "message": _FAILURE,
        "doc_url": "https://stripe.com/docs/error-codes/payment-intent-authentication-failure",
        "payment_method": method.body,
    }  # fmt: skip
    return charging.fail(turn, intent, error, charge=None)


def return_address(intent: Record) -> str | None:
    """Where the customer goes afterwards, with the query Stripe adds; None when the client gave no return_url."""
    url = intent.private.get("return_url")
    if not url:
        return None
    good = intent.body["status"] in ("succeeded", "requires_capture", "processing")
    query = urlencode(
        {
            intent.kind: intent.id,
            f"{intent.kind}_client_secret": intent.body["client_secret"],
            "redirect_status": "succeeded"
            if good
            else "pending"
            if intent.body["status"] == "requires_action"
            else "failed",
        }
    )
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query=f"{parts.query}&{query}" if parts.query else query))


def summary(intent: Record) -> Json:
    return {"id": intent.id, "status": intent.body["status"], "return_address": return_address(intent)}
