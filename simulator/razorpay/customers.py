"""Customers, one per contact and email: a second one is refused, or with `fail_existing=0` the first is answered."""

from simulator.razorpay import lists
from simulator.razorpay.errors import invalid
from simulator.razorpay.fields import shown_notes
from simulator.razorpay.turn import Turn
from simulator.records import Json, Record

_PERSON = ("name", "email", "contact")


def create(turn: Turn, parameters: Json) -> Json:
    known = _same(turn, parameters)
    if known is not None:
        if parameters.get("fail_existing", True):
            raise invalid("Customer already exists for the merchant")
        return known.body
    body = {
        "id": turn.new_id("cust"), "entity": "customer", **{name: parameters.get(name) for name in _PERSON},
        "gstin": parameters.get("gstin"), "notes": shown_notes(parameters.get("notes")), "created_at": turn.second,
    }  # fmt: skip
    turn.add("customer", body, None, [_term(body)])
    return body


def retrieve(turn: Turn, _parameters: Json, customer_id: str) -> Json:
    return turn.get("customer", customer_id).body


def listed(turn: Turn, parameters: Json) -> Json:
    return lists.listed(turn, "customer", parameters)


def update(turn: Turn, parameters: Json, customer_id: str) -> Json:
    customer = turn.get("customer", customer_id)
    turn.unindex(customer, [_term(customer.body)])
    customer.body.update(parameters)
    turn.save(customer)
    turn.index(customer, [_term(customer.body)])
    return customer.body


def _same(turn: Turn, parameters: Json) -> Record | None:
    if not (parameters.get("email") or parameters.get("contact")):
        return None
    return next(iter(turn.all("customer", _term(parameters), limit=1)), None)


def _term(person: Json) -> tuple[str, str]:
    return ("person", f"{person.get('contact') or ''} {(person.get('email') or '').lower()}")
