"""Checkout sessions: a page that takes one payment or saves one card; the intent is made when the customer pays."""

from collections.abc import Iterable
from typing import Any

from simulator.records import Json, Record
from simulator.stripe import (
    charging,
    currencies,
    customers,
    intents,
    lists,
    metadata,
    payment_intents,
    session_state,
    setup_intents,
)
from simulator.stripe.errors import StripeError, invalid, missing, refused
from simulator.stripe.turn import Reply, Turn

_SHORTEST_SECONDS, _LONGEST_SECONDS = 30 * 60, 24 * 3_600
_OFFERED = frozenset(
    {
        "cancel_url", "client_reference_id", "currency", "customer", "customer_creation", "customer_email", "expand",
        "expires_at", "line_items", "locale", "metadata", "mode", "payment_intent_data", "payment_method_types",
        "payment_method_options", "setup_intent_data", "success_url", "submit_type", "ui_mode",
        "billing_address_collection",
    }
)  # fmt: skip


def create(turn: Turn, parameters: Json) -> Json:
    _check(turn, parameters)
    items, currency = _line_items(turn, parameters)
    total = sum(item["amount_total"] for item in items)
    if parameters["mode"] == "payment":
        currencies.check_amount(total, currency or "usd", param="line_items")
    session_id = f"cs_test_{turn.parts.entropy.letters(58)}"
    body = _body(turn, parameters, session_id, currency=currency, total=total if items else None)
    private = {
        "line_items": items,
        "intent_data": parameters.get("payment_intent_data", {}) or parameters.get("setup_intent_data", {}),
        "options": parameters.get("payment_method_options") or {},
    }
    terms = [(name, body[name]) for name in ("customer", "status") if body[name]] + metadata.terms(body["metadata"])
    session = turn.add("checkout.session", body, private, terms)
    turn.later("expire_session", session.id, body["expires_at"] - turn.now)
    return session.body


def retrieve(turn: Turn, _parameters: Json, session_id: str) -> Json:
    return turn.get("checkout.session", session_id, param="session").body


def listed(turn: Turn, parameters: Json) -> Json:
    terms = lists.filters(parameters, "customer", "payment_intent")
    status = parameters.get("status")
    one_of = ("status", [status]) if status else None
    return lists.listed(turn, "checkout.session", "/v1/checkout/sessions", parameters, terms, one_of=one_of)


def line_items(turn: Turn, _parameters: Json, session_id: str) -> Json:
    session = turn.get("checkout.session", session_id, param="session")
    url = f"/v1/checkout/sessions/{session_id}/line_items"
    return {"object": "list", "data": session.private["line_items"], "has_more": False, "url": url}


def expire(turn: Turn, _parameters: Json, session_id: str) -> Json:
    session = turn.get("checkout.session", session_id, param="session")
    if session.body["status"] != "open":
        raise refused(
            f"Only Checkout Sessions with a status in [\"open\"] can be expired. This Checkout Session has a status of"
            f" {session.body['status']}.", param="session",
        )  # fmt: skip
    end(turn, session)
    return session.body


# What the page and the clock do


def end(turn: Turn, session: Record) -> None:
    """Expired: no payment can come of it any more, so an intent it made is canceled with it."""
    if session.body["status"] != "open":
        return
    session.body.update(status="expired", url=None)
    turn.save(session)
    intent = _intent(turn, session)
    if intent is not None and intent.kind == "payment_intent":
        charging.cancel(turn, intent, "abandoned")
    turn.emit("checkout.session.expired", session.body)


def pay(turn: Turn, session: Record, method: Json, *, email: str | None, name: str | None, return_url: str) -> Record:
    """The customer pressed Pay: make or reuse the intent and confirm it with the method they gave."""
    body = session.body
    body["customer_details"] = _details(email or body["customer_email"], name)
    _make_customer(turn, session)
    intent = _intent(turn, session) or _make_intent(turn, session)
    intent.private["return_url"] = return_url
    turn.save(session)
    confirm = setup_intents.confirm if intent.kind == "setup_intent" else payment_intents.confirm
    given: Json = {**method, "mandate_data": {"customer_acceptance": {"type": "online"}}}
    outcome: Json | Reply = confirm(turn, given, intent.id)
    if not isinstance(outcome, Reply):
        session_state.follow(turn, intent)
    return intent


def problem(intent: Record) -> str | None:
    """Why the last try failed, to be shown to the customer."""
    error = intent.body.get("last_payment_error") or intent.body.get("last_setup_error")
    return error["message"] if error else None


def _intent(turn: Turn, session: Record) -> Record | None:
    for kind in ("payment_intent", "setup_intent"):
        if session.body[kind]:
            return turn.own(kind, session.body[kind])
    return None


def _make_intent(turn: Turn, session: Record) -> Record:
    body, data = session.body, session.private["intent_data"]
    common = {**data, "customer": body["customer"], "payment_method_types": body["payment_method_types"]}
    if body["mode"] == "setup":
        intent = setup_intents.add(turn, common, {"session": session.id})
        turn.emit("setup_intent.created", intent.body)
    else:
        wanted = {**common, "amount": body["amount_total"], "payment_method_options": session.private["options"]}
        intent = intents.add(turn, wanted, body["currency"], private={"session": session.id})
        turn.emit("payment_intent.created", intent.body)
    body[intent.kind] = intent.id
    turn.index(session, [(intent.kind, intent.id)])
    return intent


def _make_customer(turn: Turn, session: Record) -> None:
    body = session.body
    wanted = (
        body["customer_creation"] == "always"
        or body["mode"] == "setup"
        or session.private["intent_data"].get("setup_future_usage")
    )
    if body["customer"] or not wanted:
        return
    details = body["customer_details"]
    given = {name: details[name] for name in ("email", "name") if details[name]}
    body["customer"] = customers.create(turn, given)["id"]
    turn.index(session, [("customer", body["customer"])])


def _check(turn: Turn, parameters: Json) -> None:
    for name in parameters.keys() - _OFFERED:
        raise invalid(f"The simulator does not offer `{name}` on checkout sessions.", param=name)
    mode = parameters.get("mode")
    if mode not in ("payment", "setup"):
        raise _missing_or(mode, "mode", "The simulator offers the modes payment and setup")
    if parameters.get("ui_mode", "hosted_page") != "hosted_page":
        raise invalid("The simulator offers the hosted page only.", param="ui_mode")
    if "success_url" not in parameters:
        raise invalid("Missing required param: success_url.", param="success_url", code="parameter_missing")
    if mode == "payment" and not parameters.get("line_items"):
        raise invalid("Missing required param: line_items.", param="line_items", code="parameter_missing")
    for name in ("success_url", "cancel_url"):
        if name in parameters and not parameters[name].startswith(("http://", "https://")):
            raise invalid("Not a valid URL", param=name, code="url_invalid")
    life = parameters.get("expires_at", turn.second + _LONGEST_SECONDS) - turn.second
    if not _SHORTEST_SECONDS - 60 <= life <= _LONGEST_SECONDS:
        limit = "at least 30 minutes" if life < _SHORTEST_SECONDS else "less than 24 hours"
        raise invalid(f"The `expires_at` timestamp must be {limit} from Checkout Session creation.", param="expires_at")
    if parameters.get("customer"):
        turn.get("customer", parameters["customer"], param="customer", status=400)


def _missing_or(value: Any, param: str, message: str) -> StripeError:
    if value is None:
        return invalid(f"Missing required param: {param}.", param=param, code="parameter_missing")
    return invalid(f"{message}, got {value}.", param=param)


def _line_items(turn: Turn, parameters: Json) -> tuple[list[Json], str | None]:
    items = [_item(turn, given, index) for index, given in enumerate(parameters.get("line_items") or ())]
    used = {item["currency"] for item in items}
    if len(used) > 1:
        raise invalid("All line items must have the same currency.", param="line_items")
    if used:
        return items, used.pop()
    currency = parameters.get("currency")
    return items, currencies.check_currency(currency) if currency else None


def _item(turn: Turn, given: Json, index: int) -> Json:
    path = f"line_items[{index}]"
    if "price" in given:
        raise missing("price", given["price"], param=f"{path}[price]", status=400)
    data = given.get("price_data")
    if data is None or "unit_amount" not in data or "product_data" not in data:
        raise invalid(
            f"Missing required param: {path}[price_data][unit_amount] and [product_data]. The simulator keeps no"
            " prices.",
            param=f"{path}[price_data]", code="parameter_missing",
        )  # fmt: skip
    currency = currencies.check_currency(data["currency"])
    quantity, unit = given.get("quantity", 1), data["unit_amount"]
    if quantity < 1 or unit < 0:
        raise invalid("This value must be greater than or equal to 1.", param=path, code="parameter_invalid_integer")
    price = {
        "id": turn.new_id("price"), "object": "price", "active": False, "billing_scheme": "per_unit",
        "created": turn.second,
        "currency": currency, "custom_unit_amount": None, "livemode": False, "lookup_key": None, "metadata": {},
        "nickname": None, "product": turn.new_id("prod", 14), "recurring": None, "tax_behavior": "unspecified",
        "tiers_mode": None, "transform_quantity": None, "type": "one_time", "unit_amount": unit,
        "unit_amount_decimal": str(unit),
    }  # fmt: skip
    return {
        "id": turn.new_id("li"), "object": "item", "amount_discount": 0, "amount_subtotal": unit * quantity,
        "amount_tax": 0,
        "amount_total": unit * quantity, "currency": currency, "description": data["product_data"]["name"],
        "price": price, "quantity": quantity, "metadata": {},
    }  # fmt: skip


def _details(email: str | None, name: str | None) -> Json:
    return {
        "address": None, "business_name": None, "email": email, "individual_name": None, "name": name, "phone": None,
        "tax_exempt": "none", "tax_ids": [],
    }  # fmt: skip


def _body(turn: Turn, parameters: Json, session_id: str, *, currency: str | None, total: int | None) -> Json:
    payment = parameters["mode"] == "payment"
    kept = {name: parameters.get(name) for name in _plain()}
    return {
        "id": session_id, "object": "checkout.session", **kept, "adaptive_pricing": {"enabled": False},
        "after_expiration": None, "allow_promotion_codes": None, "amount_subtotal": total, "amount_total": total,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None}, "client_secret": None,
        "collected_information": {"business_name": None, "individual_name": None, "shipping_details": None},
        "consent": None, "consent_collection": None, "created": turn.second, "currency": currency,
        "currency_conversion": None, "custom_fields": [],
        "custom_text": {
            "after_submit": None, "shipping_address": None, "submit": None, "terms_of_service_acceptance": None
        },
        "customer_creation": parameters.get("customer_creation", "if_required" if payment else None),
        "customer_details": _details(parameters["customer_email"], None) if parameters.get("customer_email") else None,
        "discounts": [] if payment else None,
        "expires_at": parameters.get("expires_at", turn.second + _LONGEST_SECONDS), "invoice": None,
        "invoice_creation": None, "livemode": False, "metadata": metadata.merged({}, parameters),
        "mode": parameters["mode"],
        "origin_context": None, "payment_intent": None, "payment_link": None,
        "payment_method_collection": "if_required",
        "payment_method_configuration_details": None, "payment_method_options": {},
        "payment_method_types": parameters.get("payment_method_types") or ["card"],
        "payment_status": "unpaid" if payment else "no_payment_required", "permissions": None,
        "phone_number_collection": {"enabled": False}, "recovered_from": None, "saved_payment_method_options": None,
        "setup_intent": None, "shipping_address_collection": None, "shipping_cost": None, "shipping_options": [],
        "status": "open", "subscription": None,
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0} if payment else None,
        "ui_mode": "hosted_page", "url": f"{turn.parts.public_url}/checkout/{session_id}", "wallet_options": None,
    }  # fmt: skip


def _plain() -> Iterable[str]:
    """Parameters a session shows as they were given."""
    return (
        "billing_address_collection", "cancel_url", "client_reference_id", "customer", "customer_email", "locale",
        "submit_type", "success_url",
    )  # fmt: skip
