"""Charges: the attempts of a payment intent at the network, made by `charging.py` and read here."""

from simulator.records import Json, Record
from simulator.stripe import lists
from simulator.stripe.cards import Card, Decline
from simulator.stripe.turn import Turn

_SEARCHABLE = frozenset({"status", "amount", "currency", "disputed", "refunded"})


def retrieve(turn: Turn, _parameters: Json, charge_id: str) -> Json:
    return turn.get("charge", charge_id, param="charge").body


def listed(turn: Turn, parameters: Json) -> Json:
    terms = lists.filters(parameters, "payment_intent", "customer", "transfer_group")
    return lists.listed(turn, "charge", "/v1/charges", parameters, terms)


def search(turn: Turn, parameters: Json) -> Json:
    return lists.searched(turn, "charge", "/v1/charges/search", parameters, _SEARCHABLE)


def add(turn: Turn, intent: Record, method: Record, details: Json, **outcome: object) -> Record:
    """A charge for the intent's amount; `outcome` says how it went."""
    asked = intent.body
    body = {
        "id": turn.new_id("ch" if method.body["type"] == "card" else "py"), "object": "charge",
        "amount": asked["amount"], "amount_captured": 0, "amount_refunded": 0, "application": None,
        "application_fee": None, "application_fee_amount": None, "balance_transaction": None,
        "billing_details": method.body["billing_details"], "calculated_statement_descriptor": "SIMULATOR",
        "captured": False, "created": turn.second, "currency": asked["currency"], "customer": asked["customer"],
        "description": asked["description"], "disputed": False, "failure_balance_transaction": None,
        "failure_code": None, "failure_message": None, "fraud_details": {}, "livemode": False,
        "metadata": asked["metadata"], "on_behalf_of": None, "outcome": None, "paid": False,
        "payment_intent": intent.id, "payment_method": method.id, "payment_method_details": details,
        "radar_options": {}, "receipt_email": asked["receipt_email"], "receipt_number": None, "receipt_url": None,
        "refunded": False, "review": None, "shipping": asked["shipping"], "source_transfer": None,
        "statement_descriptor": asked["statement_descriptor"],
        "statement_descriptor_suffix": asked["statement_descriptor_suffix"], "status": "succeeded",
        "transfer_data": None, "transfer_group": asked["transfer_group"],
    }  # fmt: skip
    body.update(outcome)
    terms = [("payment_intent", intent.id)]
    if asked["customer"]:
        terms.append(("customer", asked["customer"]))
    terms += [(f"metadata[{name}]", value) for name, value in asked["metadata"].items()]
    return turn.add("charge", body, {}, terms)


def approved(card: Card | None) -> Json:
    level = card.risk_level if card else "not_assessed"
    return {
        "advice_code": None, "network_advice_code": None, "network_decline_code": None,
        "network_status": "approved_by_network", "reason": "elevated_risk_level" if level == "elevated" else None,
        "risk_level": level, "risk_score": {"normal": 20, "elevated": 65}.get(level, 0),
        "seller_message": "Payment complete.", "type": "authorized",
    }  # fmt: skip


def declined(decline: Decline) -> Json:
    return {
        "advice_code": decline.advice_code, "network_advice_code": None,
        "network_decline_code": decline.network_decline_code,
        "network_status": "not_sent_to_network" if decline.blocked else "declined_by_network",
        "reason": "highest_risk_level" if decline.blocked else decline.decline_code,
        "risk_level": "highest" if decline.blocked else "normal", "risk_score": 90 if decline.blocked else 20,
        "seller_message": "Stripe blocked this payment as too risky."
        if decline.blocked
        else f"The bank returned the decline code `{decline.decline_code}`.",
        "type": "blocked" if decline.blocked else "issuer_declined",
    }  # fmt: skip


def card_details(turn: Turn, intent: Record, method: Record, card: Card, *, held: bool, authenticated: bool) -> Json:
    """`payment_method_details`: a held charge also tells until when and what may still be done with the hold."""
    shown = method.body["card"]
    details: Json = {
        "amount_authorized": intent.body["amount"], "authorization_code": turn.parts.entropy.letters(6).upper(),
        "brand": card.brand,
        "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": card.cvc_check},
        "country": card.country, "exp_month": shown["exp_month"], "exp_year": shown["exp_year"],
        "fingerprint": shown["fingerprint"], "funding": card.funding, "installments": None, "last4": card.last4,
        "mandate": None, "network": card.brand, "network_token": {"used": False},
        "network_transaction_id": turn.parts.entropy.letters(15).upper(), "regulated_status": "unregulated",
        "extended_authorization": {"status": "disabled"},
        "incremental_authorization": {"status": _available(intent, "request_incremental_authorization", held)},
        "multicapture": {"status": _available(intent, "request_multicapture", held)},
        "overcapture": {"maximum_amount_capturable": intent.body["amount"], "status": "unavailable"},
        "three_d_secure": _authentication(turn) if authenticated else None, "wallet": None,
    }  # fmt: skip
    if held:
        details["capture_before"] = int(turn.now + turn.seconds("authorization_seconds"))
    return {"card": details, "type": "card"}


def _available(intent: Record, request: str, held: bool) -> str:
    options = (intent.body["payment_method_options"] or {}).get("card", {})
    return "available" if held and options.get(request) == "if_available" else "unavailable"


def _authentication(turn: Turn) -> Json:
    return {
        "authentication_flow": "challenge", "electronic_commerce_indicator": "05", "exemption_indicator": None,
        "result": "authenticated", "result_reason": None, "transaction_id": turn.parts.entropy.letters(24),
        "version": "2.2.0",
    }  # fmt: skip
