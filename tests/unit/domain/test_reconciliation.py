"""Random books with random planted edits: the findings are the edits, none missed and none false."""

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.gateway import Movement
from domain.operation import Operation, OperationState, Verb
from domain.payment import Amounts, Dispute, Payment, PaymentState
from domain.reconciliation import ACTIONS, Difference, Matter, compare
from tests.unit.domain.builders import NOON, payment

D, S = Difference, OperationState
SETTLED = NOON + timedelta(days=1)
Found = set[tuple[str, Difference]]


def line(kind: str, source: str, amount_minor: int, *, charge: str = "pi_1", **changes: object) -> Movement:
    made = Movement(
        reference=f"txn_{kind}_{source}_{charge}",
        type=kind,
        amount_minor=amount_minor,
        fee_minor=0,
        currency="EUR",
        source_reference=source,
        payment_id=None,
        occurred_at=NOON,
        presented_minor=amount_minor,
        presented_currency="EUR",
        references={"payment_intent": charge},
        payment_reference=charge,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # tests name fields freely


def refund_operation(number: int, amount_minor: int, state: OperationState, reference: str | None) -> Operation:
    return Operation(
        number=number,
        verb=Verb.REFUND,
        amount_minor=amount_minor,
        state=state,
        command_key=f"c{number}",
        reference=reference,
        started_at=NOON,
    )


@dataclass(frozen=True)
class Obligation:
    """A payment of ours and the gateway's lines about it."""

    payment: Payment
    lines: tuple[Movement, ...]

    def judged(self) -> Found:
        verdict = compare(Matter(payment=self.payment, movements=self.lines), settled_before=SETTLED)
        assert not verdict.waiting
        for finding in verdict.findings:
            assert finding.sentence
            assert ACTIONS[finding.difference]
        return {(finding.subject, finding.difference) for finding in verdict.findings}


@st.composite
def refunds(draw: st.DrawFn, intent: str, total: int) -> tuple[list[Operation], list[Movement]]:
    """Refunds of what is left, as our operations and as the gateway's lines."""
    operations, lines, left = list[Operation](), list[Movement](), total
    for number in range(2, 2 + draw(st.integers(0, 3))):
        if not left:
            break
        amount, reference = draw(st.integers(1, left)), f"re_{intent}_{number}"
        state = draw(st.sampled_from([S.APPROVED, S.PENDING, S.DECLINED]))
        operations.append(refund_operation(number, amount, state, reference))
        booked = state is S.APPROVED or draw(st.booleans())
        if booked:
            lines.append(line("refund", reference, -amount, charge=intent))
        if booked and state is S.DECLINED:
            lines.append(line("refund_failed", reference, amount, charge=intent))
        left -= amount * (state is not S.DECLINED)
    return operations, lines


@st.composite
def obligations(draw: st.DrawFn) -> Obligation:
    """Both sides of a life that went well: captured in parts, refunded, disputed, or without money at all."""
    intent = f"pi_{draw(st.integers(0, 10**6))}"
    parts = draw(st.lists(st.integers(1, 10**6), max_size=3))
    total = sum(parts)
    lines = [line("capture", f"ch_{intent}", part, charge=intent, reference=f"t{i}") for i, part in enumerate(parts)]
    operations, booked = draw(refunds(intent, total))
    lines += booked
    refunded = sum(o.amount_minor for o in operations if o.state is S.APPROVED)
    pending = sum(o.amount_minor for o in operations if o.state is S.PENDING)
    left = total - refunded - pending
    disputes: tuple[Dispute, ...] = ()
    if left and draw(st.booleans()):
        standing, reference = draw(st.sampled_from(["open", "won", "lost"])), f"du_{intent}"
        disputes = (
            Dispute(
                reference=reference,
                standing=standing,  # type: ignore[arg-type]  # sampled from the three words
                amount_minor=left,
                withdrawn_minor=0 if standing == "won" else left,
                reason="fraudulent",
            ),
        )
        lines.append(line("dispute", reference, -left, charge=intent))
        if standing == "won":
            lines.append(line("dispute_reversal", reference, left, charge=intent))
    empty = draw(st.sampled_from([PaymentState.AUTHORIZED, PaymentState.FAILED, PaymentState.CANCELED]))
    ours = payment(
        id=f"pay_{intent}",
        state=PaymentState.CAPTURED if total else empty,
        references={"payment_intent": intent},
        amounts=Amounts(
            authorized_minor=total, captured_minor=total, refunded_minor=refunded, refund_pending_minor=pending
        ),
        operations=tuple(operations),
        disputes=disputes,
    )
    return Obligation(ours, tuple(draw(st.permutations(lines))))


def _without(lines: tuple[Movement, ...], source: str) -> tuple[Movement, ...]:
    return tuple(movement for movement in lines if movement.source_reference != source)


def edits(healthy: Obligation) -> dict[str, tuple[Obligation, Found]]:
    """Every way to spoil it that applies, and what must be found then."""
    ours, lines = healthy.payment, healthy.lines
    intent, amounts = ours.references["payment_intent"], ours.amounts
    charge = f"ch_{intent}"
    extra = line("capture", "ch_x", 777, charge="pi_extra", payment_id=ours.id)
    by_hand = line("refund", "re_by_hand", -5, charge=intent)
    chargeback = line("dispute", "du_unheard", -5, charge=intent)
    possible: dict[str, tuple[Obligation, Found]] = {}
    if not amounts.captured_minor:
        state = D.STATE_DIFFERS if ours.state is PaymentState.AUTHORIZED else D.MISSING_HERE
        taken = line("capture", charge, 500, charge=intent)
        possible["money we do not know of"] = Obligation(ours, (taken,)), {(ours.id, state)}
        dollars = replace(taken, presented_currency="USD")
        possible["of another currency"] = Obligation(ours, (dollars,)), {(ours.id, D.CURRENCY_DIFFERS)}
        possible["under another charge"] = Obligation(ours, (extra,)), {(ours.id, state)}
        return possible
    more = line("capture", charge, 3, charge=intent, reference="more")
    gone = Obligation(ours, _without(lines, charge))
    possible["the capture is gone"] = gone, {(ours.id, D.MISSING_THERE)}
    possible["more was captured"] = Obligation(ours, (*lines, more)), {(ours.id, D.AMOUNT_DIFFERS)}
    possible["a second charge"] = Obligation(ours, (*lines, extra)), {("pi_extra", D.DUPLICATE)}
    possible["a refund by hand"] = Obligation(ours, (*lines, by_hand)), {("re_by_hand", D.STATE_DIFFERS)}
    possible["a dispute not heard of"] = Obligation(ours, (*lines, chargeback)), {("du_unheard", D.STATE_DIFFERS)}
    debit = line("capture_reversed", charge, -amounts.captured_minor, charge=intent)
    possible["the debit came back"] = Obligation(ours, (*lines, debit)), {(ours.id, D.STATE_DIFFERS)}
    foreign = tuple(replace(m, presented_currency="USD") if m.source_reference == charge else m for m in lines)
    possible["of another currency"] = Obligation(ours, foreign), {(ours.id, D.CURRENCY_DIFFERS)}
    for operation in ours.operations:
        possible |= _refund_edits(healthy, operation)
    for dispute in ours.disputes:
        spoilt = Obligation(ours, _without(lines, dispute.reference))
        if dispute.standing != "won":
            possible["a dispute is gone"] = spoilt, {(dispute.reference, D.MISSING_THERE)}
            won = line("dispute_reversal", dispute.reference, dispute.amount_minor, charge=intent)
            possible["a dispute was won"] = Obligation(ours, (*lines, won)), {(dispute.reference, D.STATE_DIFFERS)}
    return possible


def _refund_edits(healthy: Obligation, operation: Operation) -> dict[str, tuple[Obligation, Found]]:
    ours, lines = healthy.payment, healthy.lines
    reference, intent = operation.reference or "", ours.references["payment_intent"]
    name = f"refund {operation.number}"
    rest = _without(lines, reference)
    gone_back = line("refund_failed", reference, operation.amount_minor, charge=intent, reference="back")
    paid = line("refund", reference, -operation.amount_minor, charge=intent, reference="paid")
    larger = replace(paid, presented_minor=-operation.amount_minor - 1)
    if operation.state is S.APPROVED:
        return {
            f"{name} is gone": (Obligation(ours, rest), {(reference, D.MISSING_THERE)}),
            f"{name} failed": (Obligation(ours, (*lines, gone_back)), {(reference, D.STATE_DIFFERS)}),
            f"{name} is larger": (Obligation(ours, (*rest, larger)), {(reference, D.AMOUNT_DIFFERS)}),
        }
    if operation.state is S.DECLINED:
        return {f"{name} was paid": (Obligation(ours, (*rest, paid)), {(reference, D.STATE_DIFFERS)})}
    return {f"{name} is larger": (Obligation(ours, (*rest, larger)), {(reference, D.AMOUNT_DIFFERS)})}


@given(st.lists(obligations(), max_size=8))
def test_books_that_agree_have_no_finding(book: list[Obligation]) -> None:
    assert [one.judged() for one in book] == [set()] * len(book)


@given(st.data(), st.lists(obligations(), min_size=1, max_size=6))
def test_the_findings_are_the_planted_edits(data: st.DataObject, book: list[Obligation]) -> None:
    for healthy in book:
        possible = edits(healthy)
        planted = data.draw(st.sampled_from([None, *sorted(possible)]))
        spoilt, expected = possible[planted] if planted else (healthy, set())
        assert spoilt.judged() == expected, planted


@given(obligations())
def test_every_edit_of_every_book_is_found(healthy: Obligation) -> None:
    for planted, (spoilt, expected) in edits(healthy).items():
        assert spoilt.judged() == expected, planted


@given(st.data(), obligations())
def test_what_is_too_fresh_is_no_finding_and_looked_at_again(data: st.DataObject, healthy: Obligation) -> None:
    planted = data.draw(st.sampled_from(sorted(edits(healthy))))
    spoilt, expected = edits(healthy)[planted]
    verdict = compare(Matter(payment=spoilt.payment, movements=spoilt.lines), settled_before=NOON)
    assert verdict.findings == ()
    assert verdict.waiting == {subject for subject, _ in expected}


@pytest.mark.parametrize("state", [S.SENT, S.UNKNOWN, S.PARKED, S.PENDING, S.ACTION_REQUIRED])
def test_an_open_operation_may_be_the_whole_difference(state: OperationState) -> None:
    begun = Operation(
        number=1, verb=Verb.AUTHORIZE, amount_minor=1000, state=state, command_key="create", started_at=NOON
    )
    ours = payment(state=PaymentState.PROCESSING, operations=(begun,))
    taken = line("capture", "ch_1", 1000)
    verdict = compare(Matter(payment=ours, movements=(taken,)), settled_before=SETTLED)
    assert not verdict.findings
    assert verdict.waiting == {ours.id}
    too_much = replace(taken, presented_minor=1001)
    told = compare(Matter(payment=ours, movements=(too_much,)), settled_before=SETTLED).findings
    assert [finding.difference for finding in told] == [D.MISSING_HERE]


def test_a_refund_the_gateway_has_not_named_to_us_is_recognised_by_its_amount() -> None:
    sale = line("capture", "ch_1", 1000)
    back = line("refund", "re_1", -300)
    unnamed = refund_operation(2, 300, S.UNKNOWN, None)
    ours = payment(
        state=PaymentState.CAPTURED,
        amounts=Amounts(authorized_minor=1000, captured_minor=1000, refund_pending_minor=300),
        references={"payment_intent": "pi_1"},
        operations=(unnamed,),
    )
    assert Obligation(ours, (sale, back)).judged() == set()
    other = Obligation(ours, (sale, replace(back, presented_minor=-301)))
    assert other.judged() == {("re_1", D.STATE_DIFFERS)}


def test_a_refund_that_failed_before_we_heard_is_its_owners_to_find() -> None:
    """It is pending here, and the gateway's lines already cancel out: nothing is wrong with the money."""
    ours = payment(
        state=PaymentState.CAPTURED,
        amounts=Amounts(authorized_minor=1000, captured_minor=1000, refund_pending_minor=300),
        references={"payment_intent": "pi_1"},
        operations=(refund_operation(2, 300, S.PENDING, "re_1"),),
    )
    lines = (line("capture", "ch_1", 1000), line("refund", "re_1", -300), line("refund_failed", "re_1", 300))
    assert Obligation(ours, lines).judged() == set()


def test_a_duplicate_that_was_refunded_whole_is_settled() -> None:
    ours = payment(
        state=PaymentState.CAPTURED,
        amounts=Amounts(authorized_minor=1000, captured_minor=1000),
        references={"payment_intent": "pi_1"},
    )
    both = (line("capture", "ch_1", 1000), line("capture", "ch_2", 1000, charge="pi_2"))
    assert Obligation(ours, both).judged() == {("pi_2", D.DUPLICATE)}
    assert Obligation(ours, (*both, line("refund", "re_9", -1000, charge="pi_2"))).judged() == set()


def test_lines_of_nobody() -> None:
    ours = line("capture", "ch_1", 1000, charge="pi_1", payment_id="pay_lost")
    theirs = line("capture", "ch_2", 500, charge="pi_2")
    fee, payout = (
        line("fee", "", -30, references={}, payment_reference=""),
        line("payout", "po_1", -900, references={}, payment_reference=""),
    )
    verdict = compare(Matter(payment=None, movements=(ours, theirs, fee, payout)), settled_before=SETTLED)
    found = {(finding.subject, finding.difference) for finding in verdict.findings}
    assert found == {("pi_1", D.MISSING_HERE), ("pi_2", D.UNKNOWN_REFERENCE)}
    assert not any(finding.is_repairable for finding in verdict.findings)
    assert verdict.findings[0].ours == {"claimed_payment": "pay_lost"}


def test_a_converted_line_without_an_amount_of_its_own_only_says_that_there_is_money() -> None:
    converted = line("capture", "ch_1", 1100, presented_minor=None, currency="USD")
    sold = payment(
        state=PaymentState.CAPTURED,
        amounts=Amounts(authorized_minor=1000, captured_minor=1000),
        references={"payment_intent": "pi_1"},
    )
    assert Obligation(sold, (converted,)).judged() == set()
    failed = payment(state=PaymentState.FAILED, references={"payment_intent": "pi_1"})
    assert Obligation(failed, (converted,)).judged() == {(failed.id, D.MISSING_HERE)}


def test_evidence_names_both_sides() -> None:
    ours = payment(state=PaymentState.FAILED, references={"payment_intent": "pi_1"})
    [finding] = compare(
        Matter(payment=ours, movements=(line("capture", "ch_1", 1000),)), settled_before=SETTLED
    ).findings
    assert finding.sentence == f"The gateway's book has EUR 10.00 captured for {ours.id}, which is failed here."
    assert finding.ours["state"] == "failed"
    assert finding.theirs["lines"] == [
        {
            "reference": "txn_capture_ch_1_pi_1",
            "type": "capture",
            "amount_minor": 1000,
            "currency": "EUR",
            "source": "ch_1",
            "at": NOON.isoformat(),
        }
    ]
