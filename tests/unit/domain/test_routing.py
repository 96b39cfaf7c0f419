"""The routing table is data; deciding by it is pure and says why."""

from pathlib import Path

import pytest

from domain.errors import InvalidInput
from domain.routing import Decision, Journey, Route, decide, read_table

BOTH = ("east", "west")
TABLE = (
    Route(currencies=frozenset({"INR"}), gateways=("east", "west")),
    Route(method_types=frozenset({"upi"}), gateways=("east",)),
    Route(countries=frozenset({"DE"}), from_minor=100, to_minor=5_000, gateways=("north",)),
    Route(gateways=("west",)),
)


def journey(currency: str = "EUR", amount_minor: int = 4_999, **known: str) -> Journey:
    return Journey(currency=currency, amount_minor=amount_minor, **known)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (journey("INR"), Decision(gateway="east", because="route 1: currency INR")),
        (journey(method_type="upi"), Decision(gateway="east", because="route 2: method upi")),
        (journey(), Decision(gateway="west", because="route 4: everything else")),
        (journey(method_type="card"), Decision(gateway="west", because="route 4: everything else")),
    ],
)
def test_the_first_route_that_fits_decides(asked: Journey, expected: Decision) -> None:
    assert decide(TABLE, asked, BOTH) == expected


def test_a_gateway_that_cannot_take_it_is_passed_over_and_said() -> None:
    decision = decide(TABLE, journey("INR"), ["west"])
    assert decision == Decision(gateway="west", because="route 1: currency INR; east cannot take it")
    assert decide(TABLE, journey(method_type="upi"), ["west"]).because == "route 4: everything else"


@pytest.mark.parametrize(
    ("amount_minor", "country", "gateway"),
    [(99, "DE", "west"), (100, "DE", "north"), (5_000, "DE", "north"), (5_001, "DE", "west"), (100, "FR", "west")],
)
def test_both_ends_of_an_amount_belong_to_it(amount_minor: int, country: str, gateway: str) -> None:
    decision = decide(TABLE, journey(amount_minor=amount_minor, country=country), ["west", "north"])
    assert decision.gateway == gateway
    assert ("country DE, amount from 100 to 5000" in decision.because) == (gateway == "north")


def test_what_is_not_known_fits_no_route_that_asks() -> None:
    assert decide(TABLE, journey(amount_minor=100), ["west", "north"]).gateway == "west"


@pytest.mark.parametrize(("usable", "allowed"), [(["south"], "name one of south"), ([], "no gateway of yours")])
def test_no_way_is_an_error_that_says_what_is_allowed(usable: list[str], allowed: str) -> None:
    with pytest.raises(InvalidInput, match=f"no route fits 4999 EUR upi from DE; {allowed}") as refused:
        decide(TABLE, journey(method_type="upi", country="DE"), usable)
    assert refused.value.field == "gateway"


def test_a_table_is_read_from_json() -> None:
    text = '[{"currencies": ["INR"], "gateways": ["east", "west"], "to_minor": 100}, {"gateways": ["west"]}]'
    assert read_table(text) == (
        Route(currencies=frozenset({"INR"}), gateways=("east", "west"), to_minor=100),
        Route(gateways=("west",)),
    )


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("nothing", "routes"),
        ('[{"currencies": ["INR"]}]', "routes.0.gateways"),
        ('[{"gateways": []}]', "routes.0.gateways"),
        ('[{"gateways": ["a"]}, {"gateways": ["a"], "curency": ["INR"]}]', "routes.1.curency"),
        ('[{"gateways": ["a"], "from_minor": "1"}]', "routes.0.from_minor"),
        ('[{"gateways": ["a"], "from_minor": 9, "to_minor": 1}]', "routes.0.to_minor"),
    ],
)
def test_a_bad_table_names_the_bad_value(text: str, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_table(text)
    assert refused.value.field == field


def test_the_table_that_ships_sends_rupees_one_way_and_the_rest_the_other() -> None:
    table = read_table((Path(__file__).parents[3] / "gateways" / "routing.json").read_text())
    both = ["razorpay", "stripe"]
    assert decide(table, journey("INR", method_type="upi"), both).gateway == "razorpay"
    assert decide(table, journey("INR"), both).gateway == "razorpay"
    assert decide(table, journey("INR"), ["stripe"]).gateway == "stripe"
    assert decide(table, journey("EUR"), both).gateway == "stripe"
    with pytest.raises(InvalidInput):
        decide(table, journey("INR"), [])
