"""A gateway call derives everything from the record, so that a re-send is the same call."""

from dataclasses import replace

from domain.gateway import GatewayCall, Instructions
from domain.identifiers import gateway_key
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
