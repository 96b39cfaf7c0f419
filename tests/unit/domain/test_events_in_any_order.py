"""Webhooks in every order, each doubled, some lost for ever: the same end as in the true order (I5, T7).

For each flow the gateway's truth is complete; only the hearing of it is disturbed. One lookup ends it.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest

from domain.operation import Verb
from domain.outcomes import Fact
from domain.payment import MethodChoice, Payment, PaymentState
from tests.unit.domain.builders import (
    ACT,
    AUTHORIZE,
    AUTHORIZED,
    CAPTURED,
    DECLINED,
    HELD,
    LAPSED,
    MANUAL,
    PENDING,
    REVERSED,
    SOLD,
    VOIDED,
    after,
    capture_of,
    captured,
    dispute,
    payment,
    refund,
    refund_of,
    reply,
    void,
)
from tests.unit.domain.oracle import OracleGateway
from tests.unit.domain.shell import Shell


@dataclass
class Told(OracleGateway):
    """A gateway that has finished: it shows its last word about each thing."""

    facts: tuple[Fact, ...] = ()
    payment_fact: Fact | None = None
    by_number: dict[int, Fact] = field(default_factory=dict)

    def snapshot(self) -> Fact | None:
        return self.payment_fact

    def lookup(self, operation: object) -> Fact | None:
        number = getattr(operation, "number", 0)
        reference = getattr(operation, "reference", None)
        known = [f for f in self.facts if f.kind == "refund" and f.reference == reference]
        if known:
            return known[-1]
        return self.by_number.get(number, self.payment_fact if getattr(operation, "verb", "") != Verb.REFUND else None)


@dataclass(frozen=True)
class Flow:
    """`start` is what we know, `facts` what happened then in its true order, `lossy` those a lookup makes up for."""

    start: Payment
    facts: tuple[Fact, ...]
    lossy: tuple[int, ...] = ()
    by_number: tuple[tuple[int, Fact], ...] = ()

    def gateway(self) -> Told:
        gateway = Told(1000, True, False, facts=self.facts, by_number=dict(self.by_number))
        gateway.payment_fact = next((f for f in reversed(self.facts) if f.kind not in ("refund", "dispute")), None)
        gateway.disputes = {f.reference: f for f in self.facts if f.kind == "dispute"}
        return gateway


STARTED, MANUAL_STARTED = after(payment(), AUTHORIZE), after(MANUAL, AUTHORIZE)
HOSTED = after(payment(method=MethodChoice(kind="hosted")), AUTHORIZE)
ACTING = after(STARTED, reply(ACT))
REFUNDING = after(CAPTURED, refund_of(300))
FLOWS = {
    "a sale with 3-D Secure, its reply lost": Flow(STARTED, (ACT, PENDING, SOLD), (0, 1, 2)),
    "a sale declined at the bank": Flow(STARTED, (ACT, PENDING, DECLINED), (0, 1, 2)),
    "a hosted page with two failed tries": Flow(HOSTED, (ACT, DECLINED, PENDING, SOLD), (0, 1, 2, 3)),
    "a hosted page that runs out": Flow(HOSTED, (ACT, DECLINED, LAPSED), (0, 1, 2)),
    "a debit returned": Flow(STARTED, (PENDING, SOLD, REVERSED), (0, 1, 2)),
    "captured in parts on the dashboard": Flow(
        MANUAL_STARTED, (HELD, captured(300), captured(700), captured(1000, final=True)), (1, 2, 3)
    ),
    "the rest released": Flow(MANUAL_STARTED, (HELD, captured(300), captured(300, final=True)), (1, 2)),
    "canceled on the dashboard": Flow(MANUAL_STARTED, (ACT, HELD, VOIDED), (0, 1, 2)),
    "lapsed": Flow(MANUAL_STARTED, (HELD, LAPSED), (0, 1)),
    "our partial capture, its reply lost": Flow(
        after(AUTHORIZED, capture_of(400, final=False)), (HELD, captured(400), captured(900)), (0, 1, 2)
    ),
    "our capture after a cancel on the dashboard": Flow(after(AUTHORIZED, capture_of(1000)), (HELD, VOIDED), (0, 1)),
    "our void after a capture on the dashboard": Flow(after(AUTHORIZED, void()), (HELD, SOLD), (0, 1)),
    "our void of what a capture left": Flow(
        after(AUTHORIZED, capture_of(300, final=False), reply(captured(300), 2), void(3)),
        (HELD, captured(300), captured(300, final=True)),
        (0, 1, 2),
    ),
    "our fence as the customer succeeds": Flow(after(ACTING, void(reason="expired")), (ACT, PENDING, SOLD), (0, 1, 2)),
    "our fence in time": Flow(after(ACTING, void(reason="expired")), (ACT, VOIDED), (0, 1)),
    "our refund, by number": Flow(
        REFUNDING,
        (refund("pending", number=2), refund("succeeded", number=2), refund("failed", number=2)),
        (0, 1, 2),
        ((2, refund("failed", number=2)),),
    ),
    "our refund, by the gateway's id alone": Flow(
        REFUNDING, (refund("pending"), refund("succeeded")), (0, 1), ((2, refund("succeeded")),)
    ),
    "our refund beside one of the same amount made outside": Flow(
        REFUNDING,
        (refund("succeeded", "re_1"), refund("pending", "re_9"), refund("succeeded", "re_9")),
        (0,),
        ((2, refund("succeeded", "re_1")),),
    ),
    "two refunds made outside, one bounces": Flow(
        CAPTURED,
        (refund("succeeded", "re_8"), refund("pending", "re_9"), refund("succeeded", "re_9"), refund("failed", "re_9")),
    ),
    "a dispute lost": Flow(CAPTURED, (dispute("open", 0), dispute("open", 1000), dispute("lost", 1000))),
    "a dispute won after an inquiry": Flow(
        CAPTURED, (dispute("open", 0, "dp_0"), dispute("won", 0, "dp_0"), dispute("open"), dispute("won"))
    ),
    "everything behind a lost reply": Flow(
        MANUAL_STARTED,
        (
            HELD,
            SOLD,
            refund("pending", "re_9"),
            refund("succeeded", "re_9"),
            dispute("open", 500),
            dispute("lost", 500),
        ),
        (0, 1),
    ),
}


def hearings(flow: Flow) -> Iterator[tuple[Fact, ...]]:
    """All orders of the facts, with every lawful loss, and once with each fact heard again at the end."""
    for count in range(len(flow.lossy) + 1):
        for lost in itertools.combinations(flow.lossy, count):
            heard = [fact for index, fact in enumerate(flow.facts) if index not in lost]
            yield from itertools.permutations(heard)
    for order in itertools.permutations(flow.facts):
        for again in order:
            yield (*order, again)


def heard(flow: Flow, order: tuple[Fact, ...]) -> Payment:
    """The payment after hearing the facts as webhooks in this order; what was not taken is offered again, as the inbox
    does, and one lookup ends it."""
    shell = Shell(flow.start, flow.gateway())
    left = [fact for fact in order if not shell.absorb(fact)]
    shell.look()
    for fact in left:
        shell.absorb(fact)
    return shell.payment


def essence(paid: Payment) -> object:
    """What must agree: state, money, what became of each operation (by whose it is, not by its number).

    A hold that is gone before we heard of it is no money: whether it is on record may differ.
    """
    operations = sorted((o.verb, o.reference or o.command_key, o.amount_minor, o.state) for o in paid.operations)
    disputes = sorted((d.reference, d.standing, d.withdrawn_minor) for d in paid.disputes)
    amounts = paid.amounts
    if paid.state in (PaymentState.CANCELED, PaymentState.EXPIRED, PaymentState.FAILED):
        operations = [o for o in operations if o[0] is not Verb.AUTHORIZE]
        amounts = replace(amounts, authorized_minor=0)
    return paid.state, paid.attention, amounts, operations, disputes


@pytest.mark.parametrize("name", FLOWS)
def test_every_order_ends_the_same(name: str) -> None:
    flow = FLOWS[name]
    canonical = essence(heard(flow, flow.facts))
    orders = 0
    for order in hearings(flow):
        assert essence(heard(flow, order)) == canonical, f"heard as {[fact.kind for fact in order]}"
        orders += 1
    assert orders >= 4


@pytest.mark.parametrize(
    ("name", "state", "captured_minor", "refunded_minor"),
    [
        ("a sale with 3-D Secure, its reply lost", "captured", 1000, 0),
        ("a sale declined at the bank", "failed", 0, 0),
        ("a hosted page with two failed tries", "captured", 1000, 0),
        ("a debit returned", "failed", 0, 0),
        ("the rest released", "captured", 300, 0),
        ("our partial capture, its reply lost", "authorized", 900, 0),
        ("our void of what a capture left", "captured", 300, 0),
        ("our fence as the customer succeeds", "captured", 1000, 0),
        ("our fence in time", "expired", 0, 0),
        ("our refund, by number", "captured", 1000, 0),
        ("our refund, by the gateway's id alone", "captured", 1000, 300),
        ("our refund beside one of the same amount made outside", "captured", 1000, 600),
        ("two refunds made outside, one bounces", "captured", 1000, 300),
        ("everything behind a lost reply", "captured", 1000, 300),
    ],
)
def test_the_canonical_end_is_the_true_one(name: str, state: str, captured_minor: int, refunded_minor: int) -> None:
    paid = heard(FLOWS[name], FLOWS[name].facts)
    assert (paid.state, paid.amounts.captured_minor, paid.amounts.refunded_minor) == (
        state,
        captured_minor,
        refunded_minor,
    )
    assert paid.unsettled is None
