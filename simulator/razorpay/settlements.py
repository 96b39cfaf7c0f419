"""Settlements and their reconciliation: what was paid out, and the movements it consists of."""

from simulator.razorpay import lists
from simulator.razorpay.errors import invalid
from simulator.razorpay.turn import Turn
from simulator.records import Json

_MAXIMUM = 1_000


def retrieve(turn: Turn, _parameters: Json, settlement_id: str) -> Json:
    return turn.get("settlement", settlement_id).body


def listed(turn: Turn, parameters: Json) -> Json:
    return lists.listed(turn, "settlement", parameters)


def combined(turn: Turn, parameters: Json) -> Json:
    """The movements settled on a day or in a month, never those that still wait."""
    year, month, day = parameters["year"], parameters["month"], parameters.get("day")
    if not 1 <= month <= 12:
        raise invalid("The month must be between 1 and 12.", field="month")
    if day is not None and not 1 <= day <= 31:
        raise invalid("The day must be between 1 and 31.", field="day")
    term = ("month", f"{year}-{month}") if day is None else ("day", f"{year}-{month}-{day}")
    rows = lists.found(turn, "movement", parameters, [term], maximum=_MAXIMUM)
    return lists.collection([row.body for row in rows])
