"""What happens when a payment intent is confirmed: approved, declined, sent to the customer, or debited slowly.

The machine is Stripe's (https://docs.stripe.com/payments/paymentintents/lifecycle): a decline puts the intent back to
`requires_payment_method` and is committed, so that the client is told 402 and finds the same on a lookup.
"""

from simulator.records import Json, Record
from simulator.stripe import balance, cards, charges, metadata, payment_methods
from simulator.stripe.cards import Card, Decline
from simulator.stripe.turn import Reply, Turn


def attempt(
    turn: Turn, intent: Record, method: Record, *, off_session: bool, error_on_action: bool, authenticated: bool = False
) -> Reply | None:
    """Try to charge the method; None unless the attempt is a decline the client must be told about."""
    intent.body.update(payment_method=method.id, next_action=None, last_payment_error=None)
    card = payment_methods.card_of(method)
    if card is None:
        _begin_debit(turn, intent, method)
        return None
    if not authenticated and _needs_customer(card, intent, method):
        if off_session or error_on_action:
            return decline(turn, intent, method, card, cards.AUTHENTICATION_REQUIRED)
        _require_action(turn, intent)
        return None
    if card.decline is not None:
        return decline(turn, intent, method, card, card.decline)
    _approve(turn, intent, method, card, authenticated=authenticated)
    return None


def decline(turn: Turn, intent: Record, method: Record, card: Card, reason: Decline) -> Reply:
    _consume(turn, intent, method)
    details = charges.card_details(turn, intent, method, card, held=False, authenticated=False)
    charge = charges.add(
        turn, intent, method, details, status="failed", failure_code=reason.code, failure_message=reason.message,
        outcome=charges.declined(reason),
    )  # fmt: skip
    turn.emit("charge.failed", charge.body)
    error = payment_methods.card_error(reason, charge=charge.id, payment_method=method.body)
    return fail(turn, intent, error.envelope(turn.request_id or "")["error"], charge=charge.id)


def fail(turn: Turn, intent: Record, error: Json, *, charge: str | None) -> Reply:
    """Back to `requires_payment_method` with the reason on the intent, and the 402 a waiting client gets."""
    intent.body.update(
        status="requires_payment_method", payment_method=None, next_action=None, last_payment_error=error,
        latest_charge=charge or intent.body["latest_charge"],
    )  # fmt: skip
    turn.save(intent)
    turn.emit("payment_intent.payment_failed", intent.body)
    return Reply(402, {"error": {**error, "payment_intent": intent.body}})


def capture(turn: Turn, intent: Record, charge: Record, amount_minor: int, *, final: bool) -> None:
    """Take money that is held; what a final capture leaves over is released. Stripe makes no Refund of it (basil)."""
    body, shown = intent.body, charge.body
    left = body["amount_capturable"] - amount_minor
    if amount_minor:
        turn.move("capture", intent, amount_minor, charge=charge.id)
        shown["amount_captured"] += amount_minor
        body["amount_received"] += amount_minor
        shown["balance_transaction"] = balance.record_charge(turn, shown, amount_minor)
    shown["captured"] = True
    if final and left:
        turn.move("release", intent, left, charge=charge.id)
    body["amount_capturable"] = 0 if final else left
    if final:
        body["status"] = "succeeded"
    turn.save(charge)
    turn.save(intent)


def succeed(turn: Turn, intent: Record, charge: Record, card: Card | None) -> None:
    """The events of money that arrived, and what the magic cards set off afterwards."""
    turn.emit("payment_intent.succeeded", intent.body)
    if card is not None and card.dispute:
        turn.later(
            "open_dispute", charge.id, turn.seconds("dispute_open_seconds"), reason=card.dispute, inquiry=card.inquiry
        )


def _needs_customer(card: Card, intent: Record, method: Record) -> bool:
    options = (intent.body["payment_method_options"] or {}).get("card", {})
    if card.supports_authentication and options.get("request_three_d_secure") in ("any", "challenge"):
        return True
    return card.authentication == "always" or (
        card.authentication == "until_set_up" and not method.private.get("set_up")
    )


def _require_action(turn: Turn, intent: Record) -> None:
    """With a return_url the customer is sent to a page; without one Stripe.js would act, and tests the control API."""
    intent.body["next_action"] = next_action(turn, intent)
    intent.body["status"] = "requires_action"
    turn.save(intent)
    turn.emit("payment_intent.requires_action", intent.body)


def next_action(turn: Turn, intent: Record) -> Json:
    intent.private["nonce"] = turn.parts.entropy.letters(32)
    url = f"{turn.parts.public_url}/authenticate/{intent.id}/{intent.private['nonce']}"
    if return_url := intent.private.get("return_url"):
        return {"type": "redirect_to_url", "redirect_to_url": {"return_url": return_url, "url": url}}
    return {
        "type": "use_stripe_sdk",
        "use_stripe_sdk": {"type": "three_d_secure_redirect", "stripe_js": url, "source": intent.private["nonce"]},
    }


def _approve(turn: Turn, intent: Record, method: Record, card: Card, *, authenticated: bool) -> None:
    _consume(turn, intent, method)
    body = intent.body
    held = body["capture_method"] == "manual"
    details = charges.card_details(turn, intent, method, card, held=held, authenticated=authenticated)
    charge = charges.add(turn, intent, method, details, paid=True, outcome=charges.approved(card))
    body["latest_charge"] = charge.id
    turn.move("authorize", intent, body["amount"], charge=charge.id)
    _remember_method(turn, intent, method)
    if held:
        body.update(status="requires_capture", amount_capturable=body["amount"])
        turn.save(intent)
        turn.emit("charge.succeeded", charge.body)
        turn.emit("payment_intent.amount_capturable_updated", intent.body)
        turn.later("expire_authorization", intent.id, turn.seconds("authorization_seconds"), charge=charge.id)
        return
    _take_at_once(turn, intent, charge)
    succeed(turn, intent, charge, card)


def _take_at_once(turn: Turn, intent: Record, charge: Record) -> None:
    """With `automatic_async`, Stripe's default, the balance transaction follows later in a charge.updated event."""
    amount = intent.body["amount"]
    turn.move("capture", intent, amount, charge=charge.id)
    intent.body.update(status="succeeded", amount_received=amount)
    charge.body.update(captured=True, amount_captured=amount)
    if intent.body["capture_method"] == "automatic_async":
        turn.later("settle_charge", charge.id, turn.seconds("balance_transaction_seconds"))
    else:
        charge.body["balance_transaction"] = balance.record_charge(turn, charge.body, amount)
    turn.save(charge)
    turn.save(intent)
    turn.emit("charge.succeeded", charge.body)


def _consume(turn: Turn, intent: Record, method: Record) -> None:
    if method.body["customer"] is None and not method.private.get("consumed_by"):
        method.private["consumed_by"] = intent.id
        turn.save(method)


def _remember_method(turn: Turn, intent: Record, method: Record) -> None:
    """`setup_future_usage` saves the method to the customer once it has worked."""
    body = intent.body
    if not body["setup_future_usage"]:
        return
    method.private["set_up"] = body["setup_future_usage"] == "off_session" or method.private.get("set_up", False)
    turn.save(method)
    if body["customer"]:
        payment_methods.attach(turn, method, body["customer"])


# Slow debits: `processing` now, the truth later


def _begin_debit(turn: Turn, intent: Record, method: Record) -> None:
    _consume(turn, intent, method)
    shown = method.body["sepa_debit"]
    names = ("bank_code", "branch_code", "country", "fingerprint", "last4")
    details = {
        "sepa_debit": {**{name: shown[name] for name in names}, "mandate": turn.new_id("mandate")},
        "type": "sepa_debit",
    }
    charge = charges.add(turn, intent, method, details, status="pending", outcome=charges.approved(None))
    intent.body.update(status="processing", latest_charge=charge.id)
    _remember_method(turn, intent, method)
    turn.save(intent)
    turn.emit("payment_intent.processing", intent.body)
    turn.emit("charge.pending", charge.body)
    turn.later("finish_debit", intent.id, turn.seconds("sepa_seconds"), charge=charge.id)


def finish_debit(turn: Turn, intent: Record, charge: Record) -> None:
    if intent.body["status"] != "processing":
        return
    method = turn.own("payment_method", charge.body["payment_method"])
    if not method.private["debit_fails"]:
        charge.body.update(status="succeeded", paid=True)
        turn.move("authorize", intent, intent.body["amount"], charge=charge.id)
        _take_at_once(turn, intent, charge)
        succeed(turn, intent, charge, None)
        return
    message = "The customer's account has insufficient funds to cover this payment."
    charge.body.update(status="failed", failure_code="insufficient_funds", failure_message=message)
    turn.save(charge)
    turn.emit("charge.failed", charge.body)
    error = {
        "type": "invalid_request_error", "code": "payment_intent_payment_attempt_failed", "message": message,
        "charge": charge.id, "decline_code": "insufficient_funds", "payment_method": method.body,
    }  # fmt: skip
    fail(turn, intent, error, charge=charge.id)


def settle_charge(turn: Turn, charge: Record) -> None:
    if charge.body["balance_transaction"] is None and charge.body["amount_captured"]:
        charge.body["balance_transaction"] = balance.record_charge(turn, charge.body, charge.body["amount_captured"])
        turn.save(charge)
        turn.emit("charge.updated", charge.body, {"balance_transaction": None})


def expire_authorization(turn: Turn, intent: Record, charge: Record) -> None:
    """A hold that ran out: released, and the intent canceled, or succeeded when part of it was captured."""
    body = intent.body
    if body["status"] != "requires_capture" or body["latest_charge"] != charge.id:
        return
    turn.move("release", intent, body["amount_capturable"], charge=charge.id)
    body["amount_capturable"] = 0
    turn.emit("charge.expired", charge.body)
    if body["amount_received"]:
        body["status"] = "succeeded"
        turn.save(intent)
        turn.emit("payment_intent.succeeded", body)
        return
    # `expired` replaced `automatic` in 2025-03-31.basil:
    # https://docs.stripe.com/changelog/basil/2025-03-31/remove-refund-from-partial-capture-and-payment-cancellation-flow
    cancel(turn, intent, "expired")


def cancel(turn: Turn, intent: Record, reason: str | None) -> None:
    intent.body.update(status="canceled", canceled_at=turn.second, cancellation_reason=reason, next_action=None)
    turn.save(intent)
    turn.emit("payment_intent.canceled", intent.body)


def reference_terms(intent: Json) -> list[tuple[str, str]]:
    """What an intent is found by."""
    terms = metadata.terms(intent["metadata"])
    return [*terms, ("customer", intent["customer"])] if intent["customer"] else terms
