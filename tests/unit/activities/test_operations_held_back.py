"""Row 28: a gateway that rejects our credentials is not asked again for every payment. What is held back surely was not
sent; what was unknown stays unknown."""

from copy import copy

import pytest
from temporalio.exceptions import ApplicationError

from activities.operations import OperationActivities
from activities.recorder import Recorder
from domain.commands import Capture
from domain.gateway import GatewayCall
from domain.operation import OperationState
from domain.outcomes import Authorized, Captured, Decline, Declined, DeclineKind, Outcome, Unknown
from domain.payment import Attention, Payment, PaymentState
from gateways.circuit import Circuit, Silence, heard
from gateways.guarded import guarded
from tests.fakes import OneGateway, new_payment
from tests.unit.activities.conftest import Hands, make_hands

HELD = Authorized(amount_minor=1000, currency="EUR")
SOLD = Captured(captured_minor=1000, currency="EUR")


def revoked(_call: GatewayCall) -> Outcome:
    heard(401, refuses_credentials=True)
    return Declined(decline=Decline(kind=DeclineKind.CONFIGURATION, code="api_key_expired", message="Not now."))


def sold(_call: GatewayCall) -> Outcome:
    heard(200)
    return SOLD


@pytest.fixture
def hands() -> Hands:
    """The gateway behind a circuit; what the tests script and count is the gateway itself."""
    made = make_hands()
    front = copy(made.gateway)
    guarded(front, Circuit("scripted_test", clock=lambda: made.now, news=Silence()))  # type: ignore[arg-type]  # the part a payment needs
    made.operations = OperationActivities(
        Recorder(made.records, lambda: made.now), OneGateway(front), made.wire, made.evidence
    )
    return made


async def refuse(hands: Hands, *, probes: int = 0) -> None:
    """The credentials are refused, and by so many probes again: what comes next is held back."""
    hands.gateway.answers("authorize", *[revoked] * (probes + 1))
    for probe in range(probes + 1):
        payment = await hands.authorize(hands.records.add(new_payment()))
        assert payment.decline is not None
        assert (payment.decline.kind, attempt_proof(hands, payment)) == (DeclineKind.CONFIGURATION, "P2")
        hands.later(seconds=15.0 * 2**probe if probe < probes else 1)


def attempt_proof(hands: Hands, payment: Payment) -> str | None:
    return hands.records.attempts[(payment.id, 1, 1)].proof


async def test_a_new_payment_waits_for_the_probe_and_says_why(hands: Hands) -> None:
    await refuse(hands)
    payment = hands.records.add(new_payment())
    with pytest.raises(ApplicationError) as waits:
        await hands.authorize(payment)
    assert waits.value.type == "CredentialsRefused"
    assert waits.value.next_retry_delay is not None
    assert waits.value.next_retry_delay.total_seconds() == 14
    noted = hands.records.attempts[(payment.id, 1, 1)]
    assert noted.state == "not_sent"
    assert noted.evidence == (
        "scripted_test is not asked: the gateway refuses its credentials since 2026-01-01 00:00:00+00:00; "
        "next try at 2026-01-01 00:00:15+00:00"
    )
    assert len(hands.gateway.calls) == 1, "only the one that was refused"
    hands.later(seconds=14)
    hands.gateway.answers("authorize", sold)
    assert (await hands.authorize(payment)).state is PaymentState.CAPTURED


async def test_while_it_lasts_a_new_payment_ends_at_once_with_its_proof(hands: Hands) -> None:
    """The rest has grown beyond what a customer waits for: nothing left this machine, so another gateway may be
    tried."""
    await refuse(hands, probes=3)
    asked = len(hands.gateway.calls)
    over = await hands.authorize(hands.records.add(new_payment()))
    assert (over.state, attempt_proof(hands, over)) == (PaymentState.FAILED, "P1")
    assert over.decline is not None
    assert (over.decline.kind, over.decline.code) == (DeclineKind.UNREACHABLE, "CredentialsRefused")
    assert "the gateway refuses its credentials since" in over.decline.advice
    assert len(hands.gateway.calls) == asked


async def test_a_capture_is_not_given_up_for_keys_that_are_mended_soon(hands: Hands) -> None:
    hands.gateway.answers("authorize", HELD)
    payment = await hands.authorize(hands.records.add(new_payment(capture_method="manual")))
    await refuse(hands)
    with pytest.raises(ApplicationError):
        await hands.obey(payment, Capture(command_key="c1"))
    hands.later(seconds=14)
    hands.gateway.answers("capture", sold)
    taken = await hands.resolve(hands.records.payments[payment.id], 2)
    assert (taken.state, taken.operation(2).state) == (PaymentState.CAPTURED, OperationState.APPROVED)


async def test_what_was_unknown_stays_so_and_is_settled_when_the_keys_hold_again(hands: Hands) -> None:
    hands.gateway.answers("authorize", Unknown(reason="timeout"))
    lost = await hands.authorize(hands.records.add(new_payment()))
    await refuse(hands)
    asked = len(hands.gateway.calls)
    for _ in range(3):
        hands.later(seconds=1)
        lost = await hands.resolve(lost)
        assert (lost.state, lost.attention) == (PaymentState.PROCESSING, Attention.UNRESOLVED)
    assert len(hands.gateway.calls) == asked
    assert {look.answer for look in hands.evidence.looks} == {"CredentialsRefused"}
    hands.later(seconds=15)
    hands.gateway.answers("authorize", sold)
    assert (await hands.resolve(lost)).state is PaymentState.CAPTURED
