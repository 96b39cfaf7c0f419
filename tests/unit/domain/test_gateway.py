"""A gateway call derives everything from the record, so that a re-send is the same call."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.commands import ABLE
from domain.gateway import Capabilities, GatewayCall, Instructions
from domain.identifiers import gateway_key
from domain.operation import Verb
from domain.payment import MethodChoice
from tests.unit.domain.builders import AUTHORIZED, LOST, after, capture_of, reply


def test_the_key_is_that_of_payment_operation_and_generation() -> None:
    paid = after(AUTHORIZED, capture_of(400))
    call = GatewayCall(payment=paid, instructions=Instructions(), operation=paid.operation(2))
    assert call.key == gateway_key(payment_id=paid.id, operation_number=2, generation=1)
    assert call.reference == f"{paid.id}-2"


def test_whatever_happens_to_the_operation_its_key_stays() -> None:
    paid = after(AUTHORIZED, capture_of(400))
    doubtful = after(paid, reply(LOST, 2))
    calls = [GatewayCall(payment=p, instructions=Instructions(), operation=p.operation(2)) for p in (paid, doubtful)]
    assert calls[0].key == calls[1].key


def test_a_new_generation_is_a_new_key() -> None:
    first = AUTHORIZED.operation(1)
    calls = [
        GatewayCall(payment=AUTHORIZED, instructions=Instructions(), operation=replace(first, generation=generation))
        for generation in (1, 2)
    ]
    assert calls[0].key != calls[1].key


@pytest.mark.parametrize(
    ("verbs", "kind", "may"),
    [
        ({Verb.AUTHORIZE}, "browser", True),
        ({Verb.AUTHORIZE}, "hosted", True),
        ({Verb.AUTHORIZE}, "token", False),
        ({Verb.CAPTURE}, "browser", False),
        (set(), "browser", False),
    ],
)
def test_without_a_key_only_what_the_customer_decides_may_be_repeated(verbs: set[Verb], kind: str, may: bool) -> None:
    """A charge of a token without its key could be a second charge; an order nobody has paid could not."""
    capabilities = Capabilities(
        abilities=ABLE,
        keyed_verbs=frozenset(),
        key_life=timedelta(),
        repeatable_verbs=frozenset(verbs),
        finds_by_reference=True,
        settle_time=timedelta(),
    )
    method = MethodChoice(kind=kind, token="tok" if kind == "token" else None)  # type: ignore[arg-type]  # one of its words
    asked = GatewayCall(
        payment=replace(AUTHORIZED, method=method), instructions=Instructions(), operation=AUTHORIZED.operation(1)
    )
    assert capabilities.may_repeat(asked) is may
