"""Razorpay's lists: newest first, `from` and `to` in epoch seconds, `count` and `skip` instead of cursors."""

from collections.abc import Sequence

from simulator.razorpay.errors import invalid
from simulator.razorpay.turn import Turn
from simulator.records import Json, Record, Window

MAXIMUM = 100
_DEFAULT = 10


def found(
    turn: Turn, kind: str, parameters: Json, terms: Sequence[tuple[str, str]] = (), *, maximum: int = MAXIMUM
) -> list[Record]:
    turn.flush()
    page = window(parameters, maximum=maximum)
    return turn.parts.records.page(turn.account, kind, page, terms, visible_until=turn.visible_until)[0]


def listed(turn: Turn, kind: str, parameters: Json, terms: Sequence[tuple[str, str]] = ()) -> Json:
    return collection([record.body for record in found(turn, kind, parameters, terms)])


def collection(items: list[Json]) -> Json:
    return {"entity": "collection", "count": len(items), "items": items}


def window(parameters: Json, *, maximum: int = MAXIMUM) -> Window:
    count, skip = parameters.get("count", _DEFAULT), parameters.get("skip", 0)
    if not 1 <= count <= maximum:
        bound = "must be at least 1" if count < 1 else f"may not be greater than {maximum}"
        raise invalid(f"The count {bound}.", field="count")
    if skip < 0:
        raise invalid("The skip must be at least 0.", field="skip")
    bounds = tuple(
        (comparison, float(parameters[name]))
        for name, comparison in (("from", "gte"), ("to", "lte"))
        if name in parameters
    )
    return Window(limit=count, skip=skip, created=bounds)


def expands(parameters: Json, name: str, *allowed: str) -> bool:
    """Whether the client asked to see an inner object in full. Raises RazorpayError for what cannot be expanded."""
    asked = parameters.get("expand", [])
    for wanted in asked:
        if wanted not in allowed:
            raise invalid(f"{wanted} is not a valid expand value", field="expand")
    return name in asked
