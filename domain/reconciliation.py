"""compare(): one matter seen from both sides, our record and the gateway's own book. Pure; times come in.

Captures are compared as totals of the payment, refunds and disputes one by one under the gateway's id. Timing is not a
difference: what changed on either side after `settled_before`, and what an operation still open would explain, waits
for the next pass. Every other difference is a finding; none is an opinion.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum

from domain.book import money_lines, payment_reference
from domain.gateway import Movement
from domain.money import EXPONENTS, MAX_AMOUNT_MINOR, Money
from domain.operation import Operation, OperationState, Verb
from domain.payment import Payment, PaymentState


class Difference(StrEnum):
    """The classes of findings, from our side: `missing_here` is money the gateway has and we do not."""

    MISSING_HERE = "missing_here"
    MISSING_THERE = "missing_there"
    AMOUNT_DIFFERS = "amount_differs"
    CURRENCY_DIFFERS = "currency_differs"
    STATE_DIFFERS = "state_differs"
    DUPLICATE = "duplicate"
    UNKNOWN_REFERENCE = "unknown_reference"


ACTIONS: Mapping[Difference, str] = {
    Difference.MISSING_HERE: "Look at the charge at the gateway: record it if the customer owes it, else refund it.",
    Difference.MISSING_THERE: "Ask the gateway for this object. Do not deliver or refund before it is found.",
    Difference.AMOUNT_DIFFERS: "Compare both amounts with the order, then refund or claim the rest.",
    Difference.CURRENCY_DIFFERS: "Look at the object at the gateway: it was not made by this payment's own call.",
    Difference.STATE_DIFFERS: "Look at it at the gateway; the payment's owner could not take over what it says.",
    Difference.DUPLICATE: "Refund the second charge at the gateway, after comparing both with the order.",
    Difference.UNKNOWN_REFERENCE: "Made outside Payonce, by hand or another program: nothing to do if that was meant.",
}
"""What a person may do about a case."""

REPAIRABLE = frozenset({Difference.MISSING_HERE, Difference.AMOUNT_DIFFERS, Difference.STATE_DIFFERS}) | {
    Difference.MISSING_THERE
}
"""The payment's owner may find the truth by looking at the gateway; what it cannot take over becomes a case."""

_CAPTURE = ("capture", "capture_reversed")
_REFUND = ("refund", "refund_failed")
_DISPUTE = ("dispute", "dispute_reversal")

NEVER = datetime.min.replace(tzinfo=UTC)
_S = OperationState


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """One obligation from both sides: a payment and every movement of it, or movements that belong to none."""

    payment: Payment | None
    movements: tuple[Movement, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One difference. `subject` is the payment, refund, dispute or charge; both sides' facts are the evidence."""

    subject: str
    difference: Difference
    payment_id: str | None
    sentence: str
    ours: Mapping[str, object] = field(default_factory=dict)
    theirs: Mapping[str, object] = field(default_factory=dict)

    @property
    def is_repairable(self) -> bool:
        return self.difference in REPAIRABLE and self.payment_id is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`waiting`: subjects that differ for now and are looked at again in the next pass: too fresh to tell."""

    findings: tuple[Finding, ...] = ()
    waiting: frozenset[str] = frozenset()


def compare(matter: Matter, *, settled_before: datetime) -> Verdict:
    """What differs for good, and what only for now."""
    lines = tuple(money_lines(matter.movements))
    matter = replace(matter, movements=lines)
    found = list(_of_payment(matter.payment, lines) if matter.payment else _of_nobody(matter))
    fresh = _changed_at(matter) >= settled_before
    waiting = {finding.subject for finding, explained in found if explained or fresh}
    return Verdict(
        findings=tuple(finding for finding, explained in found if not explained and not fresh),
        waiting=frozenset(waiting),
    )


Seen = tuple[Finding, bool]
"""A difference, and whether an operation still open explains it."""


def _of_nobody(matter: Matter) -> Iterator[Seen]:
    """Lines no payment of ours answers for: ours by their reference and lost here, or never ours."""
    for reference, lines in _grouped(matter.movements, payment_reference).items():
        claimed = next((line.payment_id for line in lines if line.payment_id), None)
        told = _told(lines)
        if claimed:
            sentence = f"The gateway's book has {told} for {claimed}, a payment that is not on record here."
            yield _finding(reference, Difference.MISSING_HERE, None, sentence, lines, claimed=claimed), False
        else:
            sentence = f"The gateway's book has {told} under {reference}, which carries no reference of ours."
            yield _finding(reference, Difference.UNKNOWN_REFERENCE, None, sentence, lines), False


def _of_payment(payment: Payment, lines: Sequence[Movement]) -> Iterator[Seen]:
    own, extras = _split(payment, lines)
    yield from _capture(payment, [line for line in own if line.type in _CAPTURE])
    yield from _refunds(payment, [line for line in own if line.type in _REFUND])
    yield from _disputes(payment, [line for line in own if line.type in _DISPUTE])
    for reference, extra in extras.items():
        left = _total(extra)
        if left is None or left != 0:
            sentence = f"The gateway took {_told(extra)} a second time for {payment.id}, as {reference}."
            yield _finding(reference, Difference.DUPLICATE, payment, sentence, extra), False


def _split(payment: Payment, lines: Sequence[Movement]) -> tuple[list[Movement], dict[str, list[Movement]]]:
    """The payment's own charge, and charges beside it. With no money of ours the first charge there is the own one."""
    groups = _grouped(lines, payment_reference)
    own = [reference for reference in groups if reference in payment.references.values()]
    if not own and groups and (not payment.amounts.captured_minor or not payment.references):
        own = [next(iter(groups))]
    extras = {reference: found for reference, found in groups.items() if reference not in own}
    return [line for reference in own for line in groups[reference]], extras


def _capture(payment: Payment, lines: Sequence[Movement]) -> Iterator[Seen]:
    ours, theirs = payment.amounts.captured_minor, _total(lines)
    if _foreign(payment, lines):
        yield _currency(payment.id, payment, lines), False
        return
    if theirs == ours or (theirs is None and ours):
        return
    here, there = _money(ours, payment.currency), _told(lines)
    if not theirs and theirs is not None:
        reversed_ = any(line.type == "capture_reversed" for line in lines)
        difference = Difference.STATE_DIFFERS if reversed_ else Difference.MISSING_THERE
        sentence = f"The ledger has {here} captured for {payment.id}; the gateway's book has {there}."
    elif ours:
        difference = Difference.AMOUNT_DIFFERS
        sentence = f"The ledger has {here} captured for {payment.id}; the gateway's book has {there}."
    else:
        held = payment.state is PaymentState.AUTHORIZED
        difference = Difference.STATE_DIFFERS if held else Difference.MISSING_HERE
        sentence = f"The gateway's book has {there} captured for {payment.id}, which is {payment.state} here."
    yield _finding(payment.id, difference, payment, sentence, lines), _is_under_way(payment, theirs)


def _is_under_way(payment: Payment, theirs: int | None) -> bool:
    """An authorization or capture that has not been decided here may be the whole difference."""
    possible = 0
    for operation in payment.operations:
        if operation.is_open and operation.verb is Verb.CAPTURE:
            possible += operation.amount_minor
        elif operation.is_open and operation.verb is Verb.AUTHORIZE:
            possible += payment.amount_minor
    ours = payment.amounts.captured_minor
    return possible > 0 and (theirs is None or ours < theirs <= ours + possible)


def _refunds(payment: Payment, lines: Sequence[Movement]) -> Iterator[Seen]:
    refunds = [o for o in payment.operations if o.verb is Verb.REFUND]
    ours = {o.reference: o for o in refunds if o.reference}
    nameless = [o for o in refunds if not o.reference and (o.is_open or o.state is _S.APPROVED)]
    for reference, group in _grouped(lines, lambda line: line.source_reference).items():
        operation = ours.pop(reference, None) or _take_nameless(nameless, _total(group))
        yield from _refund(payment, operation, reference, group)
    for operation in [*ours.values(), *nameless]:
        if operation.state is _S.APPROVED:
            yield from _refund(payment, operation, operation.reference or f"{payment.id}-{operation.number}", [])


def _take_nameless(nameless: list[Operation], total: int | None) -> Operation | None:
    """A refund of ours the gateway has not named to us yet, of the same amount: the very one, as far as we know."""
    found = next((o for o in nameless if total is not None and o.amount_minor == -total), None)
    if found:
        nameless.remove(found)
    return found


def _refund(payment: Payment, operation: Operation | None, reference: str, lines: Sequence[Movement]) -> Iterator[Seen]:
    if _foreign(payment, lines):
        yield _currency(reference, payment, lines), False
        return
    total = _total(lines)
    theirs = -total if total is not None else 0
    expected = _expected(operation)
    if theirs in expected:
        return
    ours = f"{operation.state} with {_money(operation.amount_minor, payment.currency)}" if operation else "unknown"
    sentence = f"Refund {reference} of {payment.id} is {ours} here; the gateway's book has {_told(lines)}."
    if not lines:
        difference = Difference.MISSING_THERE
    elif theirs == 0 or max(expected) == 0:
        difference = Difference.STATE_DIFFERS
    else:
        difference = Difference.AMOUNT_DIFFERS
    explained = operation is not None and operation.is_unsettled
    yield _finding(reference, difference, payment, sentence, lines, operation=operation), explained


def _expected(operation: Operation | None) -> frozenset[int]:
    """What the gateway's book may show as refunded. A pending refund may be booked already, or not yet."""
    if operation is None or operation.state in (_S.DECLINED, _S.CANCELED):
        return frozenset({0})
    if operation.is_open:
        return frozenset({0, operation.amount_minor})
    return frozenset({operation.amount_minor})


def _disputes(payment: Payment, lines: Sequence[Movement]) -> Iterator[Seen]:
    ours = {d.reference: 0 if d.standing == "won" else d.withdrawn_minor for d in payment.disputes}
    groups = _grouped(lines, lambda line: line.source_reference)
    for reference in dict.fromkeys((*groups, *ours)):
        group, known = groups.get(reference, []), ours.get(reference, 0)
        total = _total(group)
        if _foreign(payment, group):
            yield _currency(reference, payment, group), False
            continue
        if total is None or -total == known:
            continue
        here = _money(known, payment.currency)
        sentence = f"Dispute {reference} took {here} of {payment.id} here; the gateway's book has {_told(group)}."
        if not group:
            difference = Difference.MISSING_THERE
        else:
            difference = Difference.AMOUNT_DIFFERS if known and total else Difference.STATE_DIFFERS
        yield _finding(reference, difference, payment, sentence, group), False


# --- what a finding says --------------------------------------------------------------------------------------------


def _currency(subject: str, payment: Payment, lines: Sequence[Movement]) -> Finding:
    sentence = f"{payment.id} is in {payment.currency}; the gateway's book has {_told(lines)} for it."
    return _finding(subject, Difference.CURRENCY_DIFFERS, payment, sentence, lines)


def _finding(
    subject: str,
    difference: Difference,
    payment: Payment | None,
    sentence: str,
    lines: Sequence[Movement],
    *,
    operation: Operation | None = None,
    claimed: str | None = None,
) -> Finding:
    ours: dict[str, object] = {"claimed_payment": claimed} if claimed else {}
    if payment:
        ours = {"state": str(payment.state), "currency": payment.currency, "version": payment.version}
        ours |= {"captured_minor": payment.amounts.captured_minor, "refunded_minor": payment.amounts.refunded_minor}
        ours |= {"disputed_minor": payment.amounts.disputed_minor + payment.amounts.dispute_lost_minor}
        ours |= {"references": dict(payment.references)}
    if operation:
        ours |= {"refund": operation.number, "refund_state": str(operation.state)}
    theirs: dict[str, object] = {"lines": [_evidence(line) for line in lines[:20]], "line_count": len(lines)}
    return Finding(
        subject=subject,
        difference=difference,
        payment_id=payment.id if payment else None,
        sentence=sentence,
        ours=ours,
        theirs=theirs,
    )


def _evidence(line: Movement) -> dict[str, object]:
    return {
        "reference": line.reference,
        "type": line.type,
        "amount_minor": line.presented_minor if line.presented_minor is not None else line.amount_minor,
        "currency": line.presented_currency or line.currency,
        "source": line.source_reference,
        "at": line.occurred_at.isoformat(),
    }


def _told(lines: Sequence[Movement]) -> str:
    total = _total(lines)
    if not lines:
        return "nothing"
    return _money(total, lines[0].presented_currency or lines[0].currency)


def _money(amount_minor: int | None, currency: str) -> str:
    if amount_minor is None:
        return f"an amount of {currency} it does not name"
    sign = "-" if amount_minor < 0 else ""
    sayable = currency in EXPONENTS and abs(amount_minor) <= MAX_AMOUNT_MINOR
    return f"{sign}{Money(abs(amount_minor), currency)}" if sayable else f"{amount_minor} {currency} (minor units)"


# --- leaves ---------------------------------------------------------------------------------------------------------


def _grouped(lines: Iterable[Movement], key: Callable[[Movement], str]) -> dict[str, list[Movement]]:
    groups: defaultdict[str, list[Movement]] = defaultdict(list)
    for line in lines:
        groups[key(line)].append(line)
    return dict(groups)


def _total(lines: Sequence[Movement]) -> int | None:
    """Signed, in the payment's own currency; None where a line does not say."""
    if any(line.presented_minor is None for line in lines):
        return None
    return sum(line.presented_minor or 0 for line in lines)


def _foreign(payment: Payment, lines: Sequence[Movement]) -> bool:
    return any((line.presented_currency or line.currency) != payment.currency for line in lines)


def _changed_at(matter: Matter) -> datetime:
    """The last change on either side."""
    moments = [line.occurred_at for line in matter.movements]
    return max([*moments, matter.payment.changed_at] if matter.payment else moments, default=NEVER)
