"""Which gateway takes a payment whose client asked for `auto`: a table that is data, read top to bottom. Pure.

The first route that fits the payment and names a gateway that can take it decides. Within a route the gateways stand in
order of preference. What a route does not mention, it does not ask about.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from pydantic import ConfigDict, TypeAdapter, ValidationError

from domain.errors import InvalidInput

AUTO = "auto"
"""What a client writes instead of a gateway's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Amounts are in minor units of the payment's currency, both ends included. Countries are ISO 3166 codes."""

    __pydantic_config__ = ConfigDict(extra="forbid", strict=True)

    gateways: tuple[str, ...]
    currencies: frozenset[str] = frozenset()
    method_types: frozenset[str] = frozenset()
    countries: frozenset[str] = frozenset()
    from_minor: int = 0
    to_minor: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """What is known of a payment before a gateway is chosen; None is not known and fits no route that asks."""

    currency: str
    amount_minor: int
    method_type: str | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    gateway: str
    because: str


def decide(table: Sequence[Route], journey: Journey, usable: Collection[str]) -> Decision:
    """Raises InvalidInput naming `gateway` when no route leads to one of the usable gateways."""
    for number, route in enumerate(table, 1):
        conditions = _conditions(route, journey)
        chosen = next((gateway for gateway in route.gateways if gateway in usable), None)
        if conditions is None or chosen is None:
            continue
        passed = route.gateways[: route.gateways.index(chosen)]
        over = f"; {', '.join(passed)} cannot take it" if passed else ""
        return Decision(gateway=chosen, because=f"route {number}: {conditions}{over}")
    allowed = f"name one of {', '.join(sorted(usable))}" if usable else "no gateway of yours can take it"
    raise InvalidInput("gateway", f"no route fits {_described(journey)}; {allowed}")


def read_table(text: str) -> tuple[Route, ...]:
    """The table from JSON, `[{"currencies": ["INR"], "gateways": ["one", "two"]}, ...]`.

    Raises InvalidInput naming the first bad value, as in `routes.0.gateways`.
    """
    try:
        table = TypeAdapter(tuple[Route, ...]).validate_json(text)
    except ValidationError as error:
        details = error.errors(include_url=False)[0]
        raise InvalidInput(".".join(["routes", *map(str, details["loc"])]), details["msg"]) from None
    for number, route in enumerate(table):
        if not route.gateways:
            raise InvalidInput(f"routes.{number}.gateways", "must name at least one gateway")
        if route.to_minor is not None and route.to_minor < route.from_minor:
            raise InvalidInput(f"routes.{number}.to_minor", f"must be at least from_minor, {route.from_minor}")
    return table


def _conditions(route: Route, journey: Journey) -> str | None:
    """Why the route fits, in words; None when it does not."""
    asked = (
        ("currency", route.currencies, journey.currency),
        ("method", route.method_types, journey.method_type),
        ("country", route.countries, journey.country),
    )
    if any(among and value not in among for _, among, value in asked):
        return None
    if journey.amount_minor < route.from_minor:
        return None
    if route.to_minor is not None and journey.amount_minor > route.to_minor:
        return None
    told = [f"{name} {value}" for name, among, value in asked if among]
    if route.from_minor or route.to_minor is not None:
        told.append(f"amount from {route.from_minor} to {route.to_minor if route.to_minor is not None else 'any'}")
    return ", ".join(told) or "everything else"


def _described(journey: Journey) -> str:
    known = (journey.method_type, journey.country and f"from {journey.country}")
    return " ".join([f"{journey.amount_minor} {journey.currency}", *(word for word in known if word)])
