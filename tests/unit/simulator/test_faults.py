"""Fault rules strike whom they name, when they say, as often as they say, and remember it."""

import pytest

from simulator.book import Book
from simulator.clock import ManualClock
from simulator.exchange import perform
from simulator.faults import FaultMatch, FaultPlan, FaultRule, path_matcher
from simulator.stripe.wire import StripeWire
from simulator.wire import WireRequest

PAY = (
    b"amount=1000&currency=usd&confirm=true&payment_method=pm_card_visa&payment_method_types[]=card&metadata[id]=pay_1"
)
HEADERS = {"authorization": "Bearer sk_test_faults"}
CREATE = WireRequest("POST", "/v1/payment_intents", "", HEADERS, PAY)


@pytest.fixture
def wire() -> StripeWire:
    return StripeWire(Book(), ManualClock())


@pytest.fixture
def plan() -> FaultPlan:
    return FaultPlan(Book())


def strikes(plan: FaultPlan, wire: StripeWire, count: int = 10) -> list[int]:
    return [number for number in range(1, count + 1) if plan.strike(wire, CREATE)]


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("/v1/refunds", "/v1/refunds", True),
        ("/v1/refunds", "/v1/refunds/re_1", False),
        ("/v1/payment_intents/*", "/v1/payment_intents/pi_1", True),
        ("/v1/payment_intents/*", "/v1/payment_intents/pi_1/capture", False),
        ("/v1/payment_intents/*/capture", "/v1/payment_intents/pi_1/capture", True),
        ("/v1/**", "/v1/payment_intents/pi_1/capture", True),
        ("/v1/charges.", "/v1/chargesX", False),
    ],
)
def test_a_star_is_one_segment_and_two_are_any(pattern: str, path: str, matches: bool) -> None:
    assert path_matcher(pattern)(path) is matches


@pytest.mark.parametrize(
    ("match", "struck"),
    [
        (FaultMatch(), [1]),
        (FaultMatch(count=3), [1, 2, 3]),
        (FaultMatch(count=None), list(range(1, 11))),
        (FaultMatch(nth=4), [4]),
        (FaultMatch(nth=4, count=2), [4, 5]),
        (FaultMatch(method="GET"), []),
        (FaultMatch(path="/v1/refunds"), []),
        (FaultMatch(reference="pay_1"), [1]),
        (FaultMatch(reference="pay_2"), []),
    ],
)
def test_a_rule_strikes_as_it_says(plan: FaultPlan, wire: StripeWire, match: FaultMatch, struck: list[int]) -> None:
    plan.add(FaultRule(kind="drop_reply", match=match))
    assert strikes(plan, wire) == struck


def test_chance_is_repeatable_and_about_right(wire: StripeWire) -> None:
    rule = FaultRule(kind="drop_reply", match=FaultMatch(probability=0.3, seed=5, count=None))
    runs = []
    for _ in range(2):
        plan = FaultPlan(Book())
        plan.add(rule)
        runs.append(strikes(plan, wire, 1000))
    assert runs[0] == runs[1]
    assert 250 < len(runs[0]) < 350


def test_the_first_rule_that_strikes_wins_and_counts_survive_reopening(wire: StripeWire) -> None:
    book = Book()
    plan = FaultPlan(book)
    plan.add(FaultRule(kind="drop_reply", match=FaultMatch(nth=2)))
    plan.add(FaultRule(kind="rate_limit", match=FaultMatch(count=None)))
    kinds = [rule.kind if (rule := plan.strike(wire, CREATE)) else None for _ in range(3)]
    assert kinds == ["rate_limit", "drop_reply", "rate_limit"]
    assert [(state.seen, state.hits) for state in FaultPlan(book).all()] == [(3, 1), (2, 2)]


def test_a_reference_is_known_from_the_request_the_object_or_its_intent(plan: FaultPlan, wire: StripeWire) -> None:
    created = wire.handle(CREATE).body.decode()
    intent, charge = (created[created.index(prefix) :][:27] for prefix in ("pi_", "ch_"))
    plan.add(FaultRule(kind="drop_reply", match=FaultMatch(reference="pay_1", count=None)))
    about = [
        WireRequest("GET", f"/v1/payment_intents/{intent}", "", HEADERS),
        WireRequest("GET", f"/v1/charges/{charge}", "", HEADERS),
        WireRequest("POST", "/v1/refunds", "", HEADERS, f"payment_intent={intent}".encode()),
        WireRequest("GET", "/v1/payment_intents/search", "query=metadata%5B'id'%5D:'pay_1'", HEADERS),
    ]
    assert all(plan.strike(wire, request) for request in about)
    assert plan.strike(wire, WireRequest("GET", "/v1/payment_intents", "", HEADERS)) is None
    assert plan.strike(wire, WireRequest("POST", "/v1/refunds", "", HEADERS, b"a[b=1")) is None


def test_a_calm_exchange_is_the_wires_own_answer(wire: StripeWire) -> None:
    exchange = perform(wire, CREATE, None)
    assert exchange.response is not None
    assert (exchange.connection, exchange.response.status) == ("answer", 200)


@pytest.mark.parametrize(
    ("kind", "connection", "status", "charges"),
    [
        ("before_commit_timeout", "hold", None, 0), ("after_commit_timeout", "hold", None, 1),
        ("reset_before", "reset", None, 0), ("drop_reply", "reset", None, 1), ("before_commit_500", "answer", 500, 0),
        ("after_commit_500", "answer", 500, 1), ("rate_limit", "answer", 429, 0), ("unavailable_503", "answer", 503, 0),
        ("in_flight_409", "answer", 409, 0), ("wrong_body", "answer", 200, 1), ("slow", "answer", 200, 1),
    ],
)  # fmt: skip
def test_every_fault_says_what_becomes_of_money_and_connection(
    wire: StripeWire, kind: str, connection: str, status: int | None, charges: int
) -> None:
    exchange = perform(wire, CREATE, FaultRule.model_validate({"kind": kind}))
    assert exchange.connection == connection
    assert (exchange.response.status if exchange.response else None) == status
    assert sum(total["charges"] for total in wire.parts.effects.totals()) == charges
