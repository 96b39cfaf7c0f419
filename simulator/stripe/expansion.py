"""`expand[]`: puts whole objects where only their ids stood, up to four levels deep, as Stripe does."""

from typing import Any

from simulator.records import Json
from simulator.stripe.errors import StripeError, invalid
from simulator.stripe.turn import Turn

_MAXIMUM_DEPTH = 4

# Which fields of which object hold an id that can be expanded, and the kind it points to.
_EXPANDABLE: dict[str, dict[str, str]] = {
    "payment_intent": {"latest_charge": "charge", "customer": "customer", "payment_method": "payment_method"},
    "charge": {
        "balance_transaction": "balance_transaction", "customer": "customer", "payment_intent": "payment_intent",
        "failure_balance_transaction": "balance_transaction",
    },
    "refund": {
        "balance_transaction": "balance_transaction", "failure_balance_transaction": "balance_transaction",
        "charge": "charge", "payment_intent": "payment_intent",
    },
    "payment_method": {"customer": "customer"},
    "setup_intent": {"customer": "customer", "payment_method": "payment_method", "latest_attempt": "setup_attempt"},
    "checkout.session": {"customer": "customer", "payment_intent": "payment_intent", "setup_intent": "setup_intent"},
    "dispute": {"charge": "charge", "payment_intent": "payment_intent"},
    "balance_transaction": {"source": "source"},
}  # fmt: skip
_SOURCE_KINDS = {"ch": "charge", "py": "charge", "re": "refund", "du": "dispute", "dp": "dispute", "po": "payout"}


def expand(turn: Turn, body: Json, paths: list[str]) -> Json:
    for path in paths:
        parts = path.split(".")
        depth = len(parts) - (parts[0] == "data")
        if depth > _MAXIMUM_DEPTH:
            raise invalid(
                f"You cannot expand more than {_MAXIMUM_DEPTH} levels of a property ({path}).", param="expand"
            )
        body = _expanded(turn, body, parts, path)
    return body


def _expanded(turn: Turn, value: Any, parts: list[str], path: str) -> Any:
    if not parts or value is None:
        return value
    if isinstance(value, list):
        return [_expanded(turn, item, parts, path) for item in value]
    if not isinstance(value, dict):
        raise _cannot(path)
    name = parts[0]
    known = _EXPANDABLE.get(value.get("object", ""), {})
    included = _included(turn, value, name)
    if included is not None:
        inner = included
    elif name in known:
        inner = _loaded(turn, value.get(name), known[name])
    elif name in value and not isinstance(value[name], str):
        inner = value[name]
    else:
        raise _cannot(path)
    return {**value, name: _expanded(turn, inner, parts[1:], path)}


def _loaded(turn: Turn, value: Any, kind: str) -> Any:
    if not isinstance(value, str):
        return value
    if kind == "source":
        kind = _SOURCE_KINDS[value.split("_")[0]]
    record = turn.pointed_to(value)
    return record.body if record is not None and record.kind == kind else {"id": value, "object": kind, "deleted": True}


def _included(turn: Turn, value: Json, name: str) -> Any:
    """Lists Stripe leaves out unless asked."""
    if (value.get("object"), name) == ("charge", "refunds"):
        refunds = turn.all("refund", ("charge", value["id"]), limit=10)
        return {
            "object": "list", "data": [refund.body for refund in refunds], "has_more": False,
            "url": f"/v1/charges/{value['id']}/refunds",
        }  # fmt: skip
    if (value.get("object"), name) == ("checkout.session", "line_items"):
        record = turn.own("checkout.session", value["id"])
        return {
            "object": "list", "data": record.private["line_items"], "has_more": False,
            "url": f"/v1/checkout/sessions/{value['id']}/line_items",
        }  # fmt: skip
    return None


def _cannot(path: str) -> StripeError:
    return invalid(f"This property cannot be expanded ({path}).", param="expand")
