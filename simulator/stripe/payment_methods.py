"""Payment methods: made from test tokens, test numbers or test IBANs, attached to customers, never keeping a number."""

import re
from datetime import UTC, datetime
from typing import Any

from simulator.records import Json, Record
from simulator.stripe import cards, lists, metadata
from simulator.stripe.cards import Card
from simulator.stripe.errors import StripeError, invalid, missing, refused
from simulator.stripe.turn import Turn

TYPES = ("card", "sepa_debit")

_IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}")
# The IBANs whose debit fails later; any other well-formed IBAN succeeds (https://docs.stripe.com/testing#non-card-payments).
FAILING_IBANS = frozenset(
    {"IT60X0542811101000000123456", "AT321904300235473204", "AT861904300235473202", "DE62370400440532013001"}
)


def create(turn: Turn, parameters: Json) -> Json:
    if "type" not in parameters:
        raise invalid("Missing required param: type.", param="type", code="parameter_missing")
    return from_data(turn, parameters).body


def retrieve(turn: Turn, _parameters: Json, method_id: str) -> Json:
    return turn.get("payment_method", method_id, param="payment_method").body


def update(turn: Turn, parameters: Json, method_id: str) -> Json:
    method = turn.get("payment_method", method_id, param="payment_method")
    if method.body["customer"] is None:
        raise refused("You must save this PaymentMethod to a customer before you can update it.")
    for part in ("billing_details", "card"):
        method.body[part] = {**method.body.get(part, {}), **parameters.get(part, {})}
    method.body["allow_redisplay"] = parameters.get("allow_redisplay", method.body["allow_redisplay"])
    metadata.update(turn, method, parameters)
    turn.save(method)
    turn.emit("payment_method.updated", method.body)
    return method.body


def listed(turn: Turn, parameters: Json) -> Json:
    terms = lists.filters(parameters, "customer", "type")
    return lists.listed(turn, "payment_method", "/v1/payment_methods", parameters, terms)


def attach_to(turn: Turn, parameters: Json, method_id: str) -> Json:
    if "customer" not in parameters:
        raise invalid("Missing required param: customer.", param="customer", code="parameter_missing")
    method = resolve(turn, method_id, param="payment_method")
    customer = turn.get("customer", parameters["customer"], param="customer")
    check_usable(method, customer=None)
    if method.body["customer"] not in (None, customer.id):
        raise refused("The payment method you provided has already been attached to a customer.")
    card = card_of(method)
    if card is not None and card.decline is not None and not card.attaches:
        raise card_error(card.decline)
    attach(turn, method, customer.id)
    return method.body


def detach(turn: Turn, _parameters: Json, method_id: str) -> Json:
    method = turn.get("payment_method", method_id, param="payment_method")
    customer = method.body["customer"]
    if customer is None:
        raise refused(
            "The payment method you provided is not attached to a customer so detachment is impossible.",
            param="payment_method",
        )
    turn.unindex(method, [("customer", customer)])
    method.body["customer"] = None
    method.private["consumed_by"] = "detached"
    turn.save(method)
    turn.emit("payment_method.detached", method.body, {"customer": customer})
    return method.body


# What other rooms of the wire need


def resolve(turn: Turn, token_or_id: str, *, param: str = "payment_method") -> Record:
    """The stored method, or a new one when a test token such as pm_card_visa is given."""
    if token_or_id.startswith(("pm_card_", "tok_")):
        card = cards.by_token(token_or_id)
        if card is None:
            raise missing("PaymentMethod", token_or_id, param=param, status=400)
        return _add(turn, "card", _card_body(turn, card), {"card": card.name}, {})
    record = turn.find("payment_method", token_or_id)
    if record is None:
        raise missing("PaymentMethod", token_or_id, param=param, status=400)
    return record


def from_data(turn: Turn, data: Json) -> Record:
    """A new method from `payment_method_data` or from the body of a create request."""
    kind = data["type"]
    if kind not in TYPES:
        raise invalid(f"The simulator offers the payment method types {', '.join(TYPES)}; got {kind}.", param="type")
    if kind not in data:
        raise invalid(f"Missing required param: {kind}.", param=kind, code="parameter_missing")
    if kind == "sepa_debit":
        body, private = _debit_body(turn, data)
    else:
        card = _card_of_request(turn, data["card"])
        body = _card_body(turn, card)
        body |= {name: data["card"][name] for name in ("exp_month", "exp_year") if name in data["card"]}
        private = {"card": card.name}
    return _add(turn, kind, body, private, data)


def attach(turn: Turn, method: Record, customer_id: str) -> None:
    if method.body["customer"] == customer_id:
        return
    method.body["customer"] = customer_id
    turn.index(method, [("customer", customer_id)])
    turn.save(method)
    turn.emit("payment_method.attached", method.body)


def card_of(method: Record) -> Card | None:
    name = method.private.get("card")
    return cards.BY_NAME[name] if name else None


def check_usable(method: Record, *, customer: str | None, user: str | None = None) -> None:
    """A method used once without a customer is spent; a customer's method is good for that customer only."""
    owner = method.body["customer"]
    if owner is None and method.private.get("consumed_by") not in (None, user):
        raise refused(
            "The provided PaymentMethod was previously used with a PaymentIntent without Customer attachment,"
            " shared with"
            " a connected account without Customer attachment, or was detached from a Customer. It may not be used"
            " again."
            " To use a PaymentMethod multiple times, you must attach it to a Customer first.",
            param="payment_method",
        )
    if owner is not None and user is not None and customer is None:
        raise refused(
            "The provided PaymentMethod belongs to a Customer. Please include the Customer in the `customer` parameter"
            " on the PaymentIntent.", param="payment_method",
        )  # fmt: skip
    if owner is not None and customer is not None and owner != customer:
        raise refused(
            f"The customer does not have a payment method with the ID {method.id}. The payment method must be attached"
            " to the customer.", param="payment_method", code="resource_missing",
        )  # fmt: skip


def card_error(decline: cards.Decline, **fields: Any) -> StripeError:
    return StripeError(
        402, type="card_error", code=decline.code, decline_code=decline.decline_code, message=decline.message,
        advice_code=decline.advice_code, network_decline_code=decline.network_decline_code, **fields,
    )  # fmt: skip


def _add(turn: Turn, kind: str, details: Json, private: Json, data: Json) -> Record:
    billing = data.get("billing_details") or {}
    address = billing.get("address") or {}
    parts = ("city", "country", "line1", "line2", "postal_code", "state")
    body = {
        "id": turn.new_id("pm"), "object": "payment_method",
        "allow_redisplay": data.get("allow_redisplay", "unspecified"),
        "billing_details": {
            "address": {part: address.get(part) for part in parts},
            "email": billing.get("email"), "name": billing.get("name"), "phone": billing.get("phone"), "tax_id": None,
        },
        kind: details, "created": turn.second, "customer": None, "livemode": False,
        "metadata": metadata.merged({}, data), "type": kind,
    }  # fmt: skip
    return turn.add("payment_method", body, private, [("type", kind), *metadata.terms(body["metadata"])])


def _card_of_request(turn: Turn, given: Json) -> Card:
    if "token" in given:
        card = cards.by_token(given["token"])
        if card is None:
            raise refused(f"No such token: '{given['token']}'", param="card[token]", code="resource_missing")
        return card
    number = re.sub(r"[ -]", "", given["number"])
    _check_expiry(turn, given)
    if not number.isdigit() or not 12 <= len(number) <= 19 or not cards.passes_luhn(number):
        raise StripeError(
            402, type="card_error", code="incorrect_number", param="number", message="Your card number is incorrect."
        )
    card = cards.by_number(number)
    if card is None:
        raise card_error(cards.LIVE_CARD)
    return card


def _check_expiry(turn: Turn, given: Json) -> None:
    today = datetime.fromtimestamp(turn.now, UTC)
    month, year = given["exp_month"], given["exp_year"]
    year = year + 2000 if year < 100 else year
    if not 1 <= month <= 12:
        raise _bad_card("invalid_expiry_month", "exp_month", "Your card's expiration month is invalid.")
    if not (today.year, today.month) <= (year, month) or year > today.year + 50:
        raise _bad_card("invalid_expiry_year", "exp_year", "Your card's expiration year is invalid.")
    if "cvc" in given and not re.fullmatch(r"\d{3,4}", given["cvc"]):
        raise _bad_card("invalid_cvc", "cvc", "Your card's security code is invalid.")


def _bad_card(code: str, param: str, message: str) -> StripeError:
    return StripeError(402, type="card_error", code=code, param=param, message=message)


def _card_body(turn: Turn, card: Card) -> Json:
    year = datetime.fromtimestamp(turn.now, UTC).year
    return {
        "brand": card.brand,
        "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": card.cvc_check},
        "country": card.country, "display_brand": card.brand, "exp_month": 12, "exp_year": year + 2,
        # One fingerprint per number, as Stripe gives: made from the name, not from the number.
        "fingerprint": f"sim{card.name}"[:16].ljust(16, "0"),
        "funding": card.funding, "generated_from": None, "last4": card.last4,
        "networks": {"available": [card.brand], "preferred": None}, "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": card.supports_authentication}, "wallet": None,
    }  # fmt: skip


def _debit_body(turn: Turn, data: Json) -> tuple[Json, Json]:
    iban = re.sub(r"\s", "", data["sepa_debit"]["iban"]).upper()
    if not _IBAN.fullmatch(iban):
        raise invalid("The IBAN you provided is invalid.", param="sepa_debit[iban]", code="invalid_bank_account_iban")
    billing = data.get("billing_details") or {}
    for name in ("name", "email"):
        if not billing.get(name):
            raise invalid(
                f"Missing required param: billing_details[{name}].",
                param=f"billing_details[{name}]",
                code="parameter_missing",
            )
    body = {
        "bank_code": iban[4:9], "branch_code": "", "country": iban[:2], "fingerprint": turn.parts.entropy.letters(16),
        "generated_from": {"charge": None, "setup_attempt": None}, "last4": iban[-4:],
    }  # fmt: skip
    return body, {"debit_fails": iban in FAILING_IBANS}
