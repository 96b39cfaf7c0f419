"""Customers and their saved payment methods."""

from simulator.records import Json
from simulator.stripe import lists, metadata, payment_methods
from simulator.stripe.errors import missing, refused
from simulator.stripe.turn import Turn

_FIELDS = ("address", "description", "email", "name", "phone", "shipping", "business_name", "individual_name")
_OFFERED = {*_FIELDS, "metadata", "expand", "payment_method", "invoice_settings", "preferred_locales", "tax_exempt"}
_NO_INVOICE_SETTINGS = {
    "custom_fields": None,
    "default_payment_method": None,
    "footer": None,
    "rendering_options": None,
}


def create(turn: Turn, parameters: Json) -> Json:
    _refuse_not_offered(parameters)
    customer_id = turn.new_id("cus", 14)
    body: Json = {
        "id": customer_id, "object": "customer", "address": None, "balance": 0, "created": turn.second,
        "currency": None,
        "default_source": None, "delinquent": False, "description": None, "discount": None, "email": None,
        "invoice_prefix": turn.parts.entropy.letters(8).upper(), "invoice_settings": dict(_NO_INVOICE_SETTINGS),
        "livemode": False, "metadata": metadata.merged({}, parameters), "name": None, "next_invoice_sequence": 1,
        "phone": None, "preferred_locales": [], "shipping": None, "tax_exempt": "none", "test_clock": None,
    }  # fmt: skip
    _take(body, parameters)
    terms = metadata.terms(body["metadata"]) + ([("email", body["email"])] if body["email"] else [])
    customer = turn.add("customer", body, None, terms)
    if parameters.get("payment_method"):
        payment_methods.attach_to(turn, {"customer": customer_id}, parameters["payment_method"])
    turn.emit("customer.created", customer.body)
    return customer.body


def retrieve(turn: Turn, _parameters: Json, customer_id: str) -> Json:
    customer = turn.find("customer", customer_id)
    if customer is not None:
        return customer.body
    if turn.find("deleted_customer", f"deleted:{customer_id}") is None:
        raise missing("customer", customer_id)
    return _deleted(customer_id)


def update(turn: Turn, parameters: Json, customer_id: str) -> Json:
    customer = turn.get("customer", customer_id)
    _refuse_not_offered(parameters)
    old_email = customer.body["email"]
    _take(customer.body, parameters)
    metadata.update(turn, customer, parameters)
    if customer.body["email"] != old_email:
        turn.unindex(customer, [("email", old_email or "")])
        turn.index(customer, [("email", customer.body["email"] or "")])
    turn.save(customer)
    turn.emit("customer.updated", customer.body)
    return customer.body


def delete(turn: Turn, _parameters: Json, customer_id: str) -> Json:
    """The methods are detached with their customer; the id keeps answering as deleted."""
    customer = turn.get("customer", customer_id)
    for method in turn.all("payment_method", ("customer", customer_id)):
        payment_methods.detach(turn, {}, method.id)
    turn.emit("customer.deleted", customer.body)
    turn.remove(customer)
    turn.add("deleted_customer", {"id": f"deleted:{customer_id}"})
    return _deleted(customer_id)


def listed(turn: Turn, parameters: Json) -> Json:
    return lists.listed(turn, "customer", "/v1/customers", parameters, lists.filters(parameters, "email"))


def search(turn: Turn, parameters: Json) -> Json:
    return lists.searched(turn, "customer", "/v1/customers/search", parameters, frozenset({"email", "name", "phone"}))


def methods(turn: Turn, parameters: Json, customer_id: str) -> Json:
    turn.get("customer", customer_id, param="customer")
    terms = [("customer", customer_id), *lists.filters(parameters, "type")]
    return lists.listed(turn, "payment_method", f"/v1/customers/{customer_id}/payment_methods", parameters, terms)


def method(turn: Turn, _parameters: Json, customer_id: str, method_id: str) -> Json:
    found = turn.get("payment_method", method_id, param="payment_method")
    if found.body["customer"] != customer_id:
        raise missing("payment_method", method_id, param="payment_method")
    return found.body


def _take(body: Json, parameters: Json) -> None:
    for name in (*_FIELDS, "preferred_locales", "tax_exempt"):
        if name in parameters:
            body[name] = parameters[name]
    if isinstance(address := parameters.get("address"), dict):
        body["address"] = {
            part: address.get(part) for part in ("city", "country", "line1", "line2", "postal_code", "state")
        }
    default = (parameters.get("invoice_settings") or {}).get("default_payment_method")
    if default:
        body["invoice_settings"] = {**body["invoice_settings"], "default_payment_method": default}


def _refuse_not_offered(parameters: Json) -> None:
    for name in parameters.keys() - _OFFERED:
        raise refused(f"The simulator does not offer `{name}` on customers.", param=name)


def _deleted(customer_id: str) -> Json:
    return {"id": customer_id, "object": "customer", "deleted": True}
