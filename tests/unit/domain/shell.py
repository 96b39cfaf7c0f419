"""The smallest owner of a payment: what the workflow and its activities do, without Temporal, wire or database.

Every transition it records is checked against the laws that must hold at any moment, whatever happens.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from domain.errors import TransitionRefused
from domain.events import Event, OperationStarted, OutcomeArrived
from domain.ledger import postings
from domain.operation import OPERATION_TABLE, Operation, OperationState, Verb
from domain.outcomes import Fact, Unknown
from domain.payment import Amounts, Payment
from domain.payment import PaymentState as State
from domain.transitions import EvidenceNeeded, Transition, apply
from tests.unit.domain.builders import NOON, told
from tests.unit.domain.oracle import OracleGateway

SETTLED = (State.CAPTURED, State.CANCELED, State.FAILED, State.EXPIRED)
BEFORE_AUTHORIZED = (State.CREATED, State.PROCESSING, State.REQUIRES_ACTION)


@dataclass
class Shell:
    payment: Payment
    gateway: OracleGateway
    now: datetime = NOON
    books: Counter[str] = field(default_factory=Counter)

    def record(self, event: Event) -> bool:
        """Whether the event was news. Raises TransitionRefused, with the payment proven unchanged."""
        held = self.payment, dict(self.payment.references)
        try:
            transition = apply(self.payment, event)
        except TransitionRefused:
            assert held == (self.payment, self.payment.references)
            raise
        assert held[1] == self.payment.references  # frozen, and so are its mappings
        if transition is None:
            return False
        check(transition, event)
        self.books.update({posting.account: posting.amount_minor for posting in transition.postings})
        self.payment = transition.after
        return True

    def start(self, operation: Operation) -> None:
        self.record(OperationStarted(operation=operation, at=self.now))

    def tell(self, outcome: Fact | Unknown | None, source: str, number: int | None = None) -> None:
        """Apply a reply or lookup; what contradicts the record is refused and changes nothing."""
        if outcome is None:
            return
        try:
            self.record(told(outcome, source, number, at=self.now))  # type: ignore[arg-type]  # a Source by its word
        except TransitionRefused:
            return

    def absorb(self, fact: Fact) -> bool:
        """Offer a webhook; when the record may be behind, look and offer it once more. Whether it was taken."""
        try:
            self.record(told(fact, "webhook", at=self.now))
        except EvidenceNeeded:
            self.look()
        else:
            return True
        try:
            self.record(told(fact, "webhook", at=self.now))
        except EvidenceNeeded:
            return False
        return True

    def look(self) -> None:
        """Everything a lookup may tell: the payment, its refunds, its known disputes."""
        self.tell(self.gateway.snapshot(), "lookup")
        for operation in self.payment.operations:
            if operation.verb is Verb.REFUND or operation.is_unsettled:
                self.tell(self.gateway.lookup(operation), "lookup", operation.number)
        for known in self.payment.disputes:
            self.tell(self.gateway.disputes.get(known.reference), "lookup")

    def resend(self, number: int, draw: str = "yes") -> None:
        """The same call under the same key."""
        self.tell(self.gateway.execute(self.payment.operation(number), draw), "reply", number)


def check(transition: Transition, event: Event) -> None:
    """What must hold for every transition, whatever caused it."""
    before, after = transition.before, transition.after
    assert after.version == before.version + 1
    assert after.amounts.broken_law() is None
    assert sum([posting.amount_minor for posting in transition.postings]) == 0
    assert transition.postings == postings(before.amounts, after.amounts)
    assert sum([o.is_unsettled for o in after.operations]) <= 1, "I12: one operation of unknown outcome at most"
    assert [o.number for o in after.operations] == list(range(1, len(after.operations) + 1))
    _check_operations(before, after)
    _check_agreement(after)
    if isinstance(event, OutcomeArrived) and event.source == "webhook":
        _check_never_backwards(before, after)


def _check_operations(before: Payment, after: Payment) -> None:
    states = {o.number: o.state for o in before.operations}
    for operation in after.operations:
        was = states.get(operation.number, OperationState.SENT)
        assert operation.state is was or operation.state in OPERATION_TABLE[was]
    references = [o.reference for o in after.operations if o.reference is not None]
    assert len(references) == len(set(references)), "one refund of the gateway, one operation of ours"


def _check_agreement(after: Payment) -> None:
    """The state and the amounts say the same as the operations."""
    authorize = next((o for o in after.operations if o.verb is Verb.AUTHORIZE), None)
    is_open = authorize is not None and authorize.is_open
    is_approved = authorize is not None and authorize.state is OperationState.APPROVED
    if after.state in (State.AUTHORIZED, State.CAPTURED):
        assert is_approved
    else:
        assert is_open == (after.state in (State.PROCESSING, State.REQUIRES_ACTION))
    assert (after.state is State.REQUIRES_ACTION) == (after.action is not None) == (after.action_expires_at is not None)
    refunds = [o for o in after.operations if o.verb is Verb.REFUND]
    gone = sum([o.amount_minor for o in refunds if o.state is OperationState.APPROVED])
    promised = sum([o.amount_minor for o in refunds if o.is_open])
    assert (after.amounts.refunded_minor, after.amounts.refund_pending_minor) == (gone, promised)
    if after.state in (State.CANCELED, State.FAILED, State.EXPIRED):
        assert after.amounts == Amounts(authorized_minor=after.amounts.authorized_minor), "an end without money"


def _check_never_backwards(before: Payment, after: Payment) -> None:
    if before.state in SETTLED:
        assert after.state is before.state
    if before.state is State.AUTHORIZED:
        assert after.state not in BEFORE_AUTHORIZED
    assert after.amounts.captured_minor >= before.amounts.captured_minor
    settled = {o.number: o for o in before.operations if not o.is_open}
    for number, operation in settled.items():
        if after.operation(number).state is not operation.state:
            assert operation.verb is Verb.REFUND, "only a refund may fail late on a webhook's word"
            assert after.operation(number).state is OperationState.DECLINED
