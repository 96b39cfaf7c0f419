"""The payment intent as an object: how parameters make it and change it before it is confirmed."""

from simulator.records import Json, Record
from simulator.stripe import charging, metadata, payment_methods
from simulator.stripe.errors import refused
from simulator.stripe.turn import Turn

_COPIED = (
    "description", "receipt_email", "setup_future_usage", "shipping", "statement_descriptor",
    "statement_descriptor_suffix", "transfer_group",
)  # fmt: skip
_CARD_OPTIONS = frozenset(
    {
        "request_three_d_secure", "request_multicapture", "request_incremental_authorization",
        "request_extended_authorization", "request_overcapture",
    }
)  # fmt: skip


def add(turn: Turn, parameters: Json, currency: str, *, private: Json | None = None) -> Record:
    """A new, unconfirmed intent; a checkout session makes its own through here too."""
    intent_id = turn.new_id("pi")
    automatic = parameters.get("automatic_payment_methods")
    types = parameters.get("payment_method_types")
    manual = parameters.get("capture_method") == "manual"
    body: Json = {
        "id": intent_id, "object": "payment_intent", "amount": parameters["amount"], "amount_capturable": 0,
        "amount_details": {"tip": {}}, "amount_received": 0, "application": None, "application_fee_amount": None,
        "automatic_payment_methods": _automatic(automatic, types), "canceled_at": None, "cancellation_reason": None,
        "capture_method": parameters.get("capture_method", "automatic_async"),
        "client_secret": f"{intent_id}_secret_{turn.parts.entropy.letters(25)}",
        "confirmation_method": parameters.get("confirmation_method", "automatic"), "created": turn.second,
        "currency": currency, "customer": parameters.get("customer"), "description": None,
        "last_payment_error": None, "latest_charge": None, "livemode": False,
        "metadata": metadata.merged({}, parameters),
        "next_action": None, "on_behalf_of": None, "payment_method": None, "payment_method_configuration_details": None,
        "payment_method_options": {}, "payment_method_types": types or _enabled_types(currency, manual=manual),
        "processing": None, "receipt_email": None, "review": None, "setup_future_usage": None, "shipping": None,
        "statement_descriptor": None, "statement_descriptor_suffix": None, "status": "requires_payment_method",
        "transfer_data": None, "transfer_group": None,
    }  # fmt: skip
    intent = turn.add("payment_intent", body, private, charging.reference_terms(body))
    take_options(intent, parameters)
    if method_given(parameters):
        body["payment_method"] = method(turn, intent, parameters).id
        body["status"] = "requires_confirmation"
    return intent


def take_options(intent: Record, parameters: Json) -> None:
    for name in _COPIED:
        if name in parameters:
            intent.body[name] = _shipping(parameters[name]) if name == "shipping" else parameters[name]
    if "capture_method" in parameters:
        intent.body["capture_method"] = parameters["capture_method"]
    if "payment_method_types" in parameters:
        intent.body["payment_method_types"] = parameters["payment_method_types"]
    given = (parameters.get("payment_method_options") or {}).get("card") or {}
    known = intent.body["payment_method_options"].get("card", {})
    if "card" in intent.body["payment_method_types"]:
        defaults: Json = {
            "installments": None,
            "mandate_options": None,
            "network": None,
            "request_three_d_secure": "automatic",
        }
        kept = {name: value for name, value in given.items() if name in _CARD_OPTIONS}
        intent.body["payment_method_options"]["card"] = {**defaults, **known, **kept}
    if "sepa_debit" in intent.body["payment_method_types"]:
        intent.body["payment_method_options"]["sepa_debit"] = {}


def method_given(parameters: Json) -> bool:
    return bool(parameters.get("payment_method") or parameters.get("payment_method_data"))


def method(turn: Turn, intent: Record, parameters: Json) -> Record:
    if parameters.get("payment_method"):
        method = payment_methods.resolve(turn, parameters["payment_method"])
    else:
        method = payment_methods.from_data(turn, parameters["payment_method_data"])
    allowed = intent.body["payment_method_types"]
    if method.body["type"] not in allowed:
        raise refused(
            f"The PaymentMethod provided ({method.body['type']}) is not allowed for this PaymentIntent. Please attach a"
            f" PaymentMethod of one of the following types: {', '.join(allowed)}.",
            param="payment_method", code="payment_intent_incompatible_payment_method",
        )  # fmt: skip
    payment_methods.check_usable(method, customer=intent.body["customer"], user=intent.id)
    return method


def _automatic(given: Json | None, types: list[str] | None) -> Json | None:
    if given is not None:
        return (
            {"allow_redirects": given.get("allow_redirects", "always"), "enabled": True} if given["enabled"] else None
        )
    return None if types else {"allow_redirects": "always", "enabled": True}


def _enabled_types(currency: str, *, manual: bool) -> list[str]:
    return ["card", "sepa_debit"] if currency == "eur" and not manual else ["card"]


def _shipping(given: Json | None) -> Json | None:
    if given is None:
        return None
    parts = ("city", "country", "line1", "line2", "postal_code", "state")
    address = given.get("address") or {}
    return {
        "address": {part: address.get(part) for part in parts}, "carrier": given.get("carrier"),
        "name": given.get("name"), "phone": given.get("phone"), "tracking_number": given.get("tracking_number"),
    }  # fmt: skip
