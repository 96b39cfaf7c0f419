"""By which names a client may know the payment a request is about: its notes, receipts, and Razorpay's ids."""

import re
from typing import Any

from simulator.razorpay import body
from simulator.razorpay.errors import RazorpayError
from simulator.records import Json, Record, Records
from simulator.wire import WireRequest

_ID = re.compile(r"(order|pay|rfnd|plink|cust|token|disp|setl)_[A-Za-z0-9]{14}")
_POINTERS = ("order_id", "payment_id", "token", "token_id")
_OWN_NAMES = ("receipt", "reference_id")


def names_in(request: WireRequest) -> set[str]:
    """The names a request tells by itself."""
    try:
        given = body.given(request)
    except RazorpayError:
        given = {}
    found = {part for part in request.path.split("/") if _ID.fullmatch(part)}
    found |= {str(given[name]) for name in (*_POINTERS, *_OWN_NAMES) if given.get(name)}
    return found | _values(given.get("notes"))


def named_by(records: Records, record_id: str) -> set[str]:
    """The names an object of the book knows, and those of the payment and order it belongs to."""
    record = records.find(record_id) if _ID.fullmatch(record_id) else None
    return set() if record is None else _known(records, record)


def _known(records: Records, record: Record) -> set[str]:
    found = {record.id} | _values(record.body.get("notes")) | _values(record.private.get("metadata"))
    found |= {record.body[name] for name in _OWN_NAMES if record.body.get(name)}
    for name in ("order_id", "payment_id"):
        owner = records.find(record.body[name]) if record.body.get(name) else None
        if owner is not None:
            found |= _known(records, owner)
    return found


def _values(notes: Json | Any) -> set[str]:
    return {value for value in notes.values() if isinstance(value, str)} if isinstance(notes, dict) else set()
