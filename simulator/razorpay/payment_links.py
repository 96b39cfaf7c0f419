"""Payment links: a hosted page that takes one payment; the order behind it is made when the customer first pays."""

from simulator.razorpay import links_state, lists
from simulator.razorpay.currencies import check_money
from simulator.razorpay.errors import invalid
from simulator.razorpay.fields import shown_notes
from simulator.razorpay.paying import MANUAL_EXPIRY_MINUTES
from simulator.razorpay.turn import Turn
from simulator.records import Json, Record

_SHORTEST_SECONDS, _LONGEST_SECONDS = 15 * 60, 183 * 86_400
_OPEN = ("created", "partially_paid")


def create(turn: Turn, parameters: Json) -> Json:
    currency = parameters.get("currency", "INR")
    check_money(parameters["amount"], currency)
    _check(turn, parameters)
    link_id = turn.new_id("plink")
    body: Json = {
        "accept_partial": parameters.get("accept_partial", False), "amount": parameters["amount"], "amount_paid": 0,
        "callback_method": parameters.get("callback_method", ""), "callback_url": parameters.get("callback_url", ""),
        "cancelled_at": 0, "created_at": turn.second, "currency": currency,
        "customer": parameters.get("customer") or {},
        "description": parameters.get("description", ""), "expire_by": parameters.get("expire_by", 0), "expired_at": 0,
        "first_min_partial_amount": parameters.get("first_min_partial_amount", 0), "id": link_id,
        "notes": shown_notes(parameters.get("notes")), "notify": parameters.get("notify") or {}, "payments": None,
        "reference_id": parameters.get("reference_id", ""), "reminder_enable": parameters.get("reminder_enable", False),
        "reminders": [], "short_url": f"{turn.parts.public_url}/l/{link_id}", "status": "created",
        "updated_at": turn.second, "upi_link": parameters.get("upi_link", False), "user_id": "",
    }  # fmt: skip
    terms = [("reference_id", body["reference_id"])] if body["reference_id"] else []
    turn.add("payment_link", body, {"order": None}, terms)
    ends_at = body["expire_by"] or turn.second + _LONGEST_SECONDS
    turn.later("expire_link", link_id, ends_at - turn.now)
    return body


def retrieve(turn: Turn, _parameters: Json, link_id: str) -> Json:
    return turn.get("payment_link", link_id).body


def listed(turn: Turn, parameters: Json) -> Json:
    """Not a collection as elsewhere: Razorpay answers this list under `payment_links`."""
    names = {"reference_id": "reference_id", "payment_id": "payment"}
    terms = [(term, parameters[name]) for name, term in names.items() if name in parameters]
    return {"payment_links": [link.body for link in lists.found(turn, "payment_link", parameters, terms)]}


def update(turn: Turn, parameters: Json, link_id: str) -> Json:
    link = _open(turn, link_id, "updated")
    if parameters.get("reference_id") == link.body["reference_id"]:
        del parameters["reference_id"]
    _check(turn, parameters)
    if "reference_id" in parameters:
        turn.unindex(link, [("reference_id", link.body["reference_id"])])
        turn.index(link, [("reference_id", parameters["reference_id"])])
    if "expire_by" in parameters:
        turn.later("expire_link", link.id, parameters["expire_by"] - turn.now)
    link.body.update(parameters, updated_at=turn.second)
    turn.save(link)
    return link.body


def cancel(turn: Turn, _parameters: Json, link_id: str) -> Json:
    link = _open(turn, link_id, "cancelled")
    if link.body["status"] != "created":
        raise invalid("A partially paid payment link cannot be cancelled")
    links_state.end(turn, link, "cancelled")
    return link.body


def notify(turn: Turn, _parameters: Json, link_id: str, medium: str) -> Json:
    if medium not in ("sms", "email"):
        raise invalid(f"{medium} is not a valid communication medium", field="medium")
    _open(turn, link_id, "notified")
    return {"success": True}


def expire(turn: Turn, link: Record) -> None:
    """A later `expire_by` sets another job, so the first one finds the link still in time."""
    body = link.body
    if body["status"] in _OPEN and (body["expire_by"] or turn.second) <= turn.second:
        links_state.end(turn, link, "expired")


def is_open(link: Record) -> bool:
    return link.body["status"] in _OPEN


def order_of(turn: Turn, link: Record) -> Record:
    """The order the customer pays; its payments are captured by themselves."""
    if link.private["order"]:
        return turn.own("order", link.private["order"])
    body = link.body
    order = {
        "id": turn.new_id("order"), "entity": "order", "amount": body["amount"], "amount_paid": 0,
        "amount_due": body["amount"], "currency": body["currency"], "receipt": body["reference_id"] or None,
        "offer_id": None, "status": "created", "attempts": 0, "notes": body["notes"], "created_at": turn.second,
    }  # fmt: skip
    private = {
        "automatic": True, "automatic_minutes": None, "manual_minutes": MANUAL_EXPIRY_MINUTES,
        "partial": body["accept_partial"], "authorized": False, "link": link.id,
    }  # fmt: skip
    terms = [("authorized", "0")] + ([("receipt", order["receipt"])] if order["receipt"] else [])
    made = turn.add("order", order, private, terms)
    link.private["order"] = made.id
    turn.save(link)
    return made


def _open(turn: Turn, link_id: str, verb: str) -> Record:
    link = turn.get("payment_link", link_id)
    if not is_open(link):
        raise invalid(f"Payment link cannot be {verb} as it is {link.body['status']}")
    return link


def _check(turn: Turn, parameters: Json) -> None:
    reference = parameters.get("reference_id")
    if reference and turn.all("payment_link", ("reference_id", reference), limit=1):
        raise invalid(f"Payment link with given reference id ({reference}) already exists", field="reference_id")
    expire_by = parameters.get("expire_by")
    if expire_by is not None and not _SHORTEST_SECONDS <= expire_by - turn.now <= _LONGEST_SECONDS:
        raise invalid("expire_by should be at least 15 minutes and at most six months from now", field="expire_by")
    if parameters.get("callback_url") and "callback_method" not in parameters:
        raise invalid("The callback method field is required when callback url is present.", field="callback_method")
