"""The referee: what must hold at any moment, checked at every commit and at every movement of money.

It believes the gateway's own book. Its laws are written down here a second time, independently of the product's tables;
what one transition may do is checked by the laws of `tests/unit/domain/shell.py`.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import ClassVar

from domain.events import OperationParked
from domain.operation import OperationState, Verb
from domain.payment import Attention, Payment
from domain.payment import PaymentState as State
from domain.ports import Attempt
from domain.steps import Close, next_step
from domain.transitions import Transition
from simulator.effects import Effect
from tests.safety.simulation.violation import Violation
from tests.unit.domain.shell import check

ENDS_WITHOUT_MONEY = (State.FAILED, State.CANCELED, State.EXPIRED)
_ENDS = (*ENDS_WITHOUT_MONEY, State.CAPTURED)
FORWARD = {
    State.CREATED: {State.PROCESSING, State.CANCELED},
    State.PROCESSING: {State.REQUIRES_ACTION, State.AUTHORIZED, *_ENDS},
    State.REQUIRES_ACTION: {State.PROCESSING, State.AUTHORIZED, *_ENDS},
    State.AUTHORIZED: set(_ENDS),
    **{state: set() for state in _ENDS},
}
"""I5. At this gateway nothing that ended comes back and nothing captured is reversed."""

_NO_WEBHOOK = OperationParked(operation_number=0, reason="", at=datetime(2026, 1, 1, tzinfo=UTC))


@dataclass(slots=True)
class Account:
    """One payment in the gateway's book. `by_key`: kinds of effects each idempotency key caused."""

    currency: str = ""
    authorized_minor: int = 0
    captured_minor: int = 0
    released_minor: int = 0
    refunded_minor: int = 0
    failed_refunds_minor: int = 0
    disputed_minor: int = 0
    charges: set[str | None] = field(default_factory=set)
    by_key: set[tuple[str, str]] = field(default_factory=set)

    @property
    def held_minor(self) -> int:
        return self.authorized_minor - self.captured_minor - self.released_minor


class Referee:
    """`forward` of a gateway that does otherwise is its own."""

    forward: ClassVar[Mapping[State, Collection[State]]] = FORWARD

    def __init__(self, payments: dict[str, Payment], keys: dict[str, Attempt]) -> None:
        self._payments = payments
        self._keys = keys
        self._versions: dict[str, int] = defaultdict(int)
        self._ledger: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        self.accounts: dict[str, Account] = defaultdict(Account)
        self.checks = 0
        self.visited: set[tuple[State, State]] = set()

    # --- at every movement of money ----------------------------------------------------------------------------------

    def on_effect(self, effect: Effect, key: str | None) -> None:
        self.checks += 1
        payment_id = effect.metadata["payment_id"]
        account, payment = self.accounts[payment_id], self._payments[payment_id]
        move: Callable[[Account, Effect, Payment], None] = getattr(self, f"_{effect.kind}")
        if key is not None:
            self._journalled(payment_id, effect, key, account)
        move(account, effect, payment)
        self._nothing_denied(account, payment)

    def _journalled(self, payment_id: str, effect: Effect, key: str, account: Account) -> None:
        """I1: the call was on record before it left, and one key causes one effect of a kind."""
        attempt = self._keys.get(key.removesuffix("-cancel"))
        if attempt is None or attempt.payment_id != payment_id:
            raise Violation("I1", payment_id, f"{effect.kind} by a call that no attempt on record announces")
        if (effect.kind, key) in account.by_key:
            raise Violation("I1", payment_id, f"a second {effect.kind} under one key")
        account.by_key.add((effect.kind, key))

    def _authorize(self, account: Account, effect: Effect, payment: Payment) -> None:
        account.currency = effect.currency.upper()
        account.authorized_minor += effect.amount_minor
        account.charges.add(effect.charge)
        if len(account.charges) > 1:
            raise Violation("I1", payment.id, f"charged {len(account.charges)} times")
        if payment.state in ENDS_WITHOUT_MONEY:
            raise Violation("I4", payment.id, f"authorized at the gateway after it was called {payment.state}")

    def _capture(self, account: Account, effect: Effect, payment: Payment) -> None:
        account.captured_minor += effect.amount_minor
        if payment.state in ENDS_WITHOUT_MONEY:
            raise Violation("I4", payment.id, f"captured at the gateway after it was called {payment.state}")
        self._only_what_was_asked(account, payment)

    def _only_what_was_asked(self, account: Account, payment: Payment) -> None:
        asked = sum(o.amount_minor for o in payment.operations if o.verb is Verb.CAPTURE)
        if payment.capture_method == "manual" and account.captured_minor > _scaled(asked, account.currency):
            raise Violation("I1", payment.id, f"captured {account.captured_minor} where {asked} were asked for")

    def _nothing_denied(self, account: Account, payment: Payment) -> None:
        """I4: no operation is called declined that took place."""
        standing = {Verb.CAPTURE: 0, Verb.REFUND: 0}
        for operation in payment.operations:
            if operation.verb in standing and operation.state is not OperationState.DECLINED:
                standing[operation.verb] += operation.amount_minor
        refunded = account.refunded_minor - account.failed_refunds_minor
        if refunded > _scaled(standing[Verb.REFUND], payment.currency):
            raise Violation("I4", payment.id, f"refunded {refunded}, but of our refunds {standing[Verb.REFUND]} stand")
        captured, ours = account.captured_minor, _scaled(standing[Verb.CAPTURE], payment.currency)
        if payment.capture_method == "manual" and captured > ours:
            raise Violation("I4", payment.id, f"captured {captured}, but of our captures {ours} stand")

    def _release(self, account: Account, effect: Effect, payment: Payment) -> None:
        account.released_minor += effect.amount_minor

    def _refund(self, account: Account, effect: Effect, payment: Payment) -> None:
        account.refunded_minor += effect.amount_minor
        asked = sum(o.amount_minor for o in payment.operations if o.verb is Verb.REFUND)
        if account.refunded_minor > _scaled(asked, account.currency):
            raise Violation("I1", payment.id, f"refunded {account.refunded_minor} where {asked} were asked for")

    def _refund_failed(self, account: Account, effect: Effect, payment: Payment) -> None:
        account.failed_refunds_minor += effect.amount_minor

    def _dispute_withdrawn(self, account: Account, effect: Effect, payment: Payment) -> None:
        account.disputed_minor += effect.amount_minor

    def _dispute_reinstated(self, account: Account, effect: Effect, payment: Payment) -> None:
        account.disputed_minor -= effect.amount_minor

    # --- at every commit ---------------------------------------------------------------------------------------------

    def on_write(self, transition: Transition) -> None:
        self.checks += 1
        before, after = transition.before, transition.after
        try:
            check(transition, _NO_WEBHOOK)  # amounts, ledger, operations, one unsettled at most (I2, I6, I12)
        except AssertionError as broken:
            raise Violation("I2/I12", after.id, str(broken)) from broken
        if self._versions[after.id] != before.version:
            raise Violation("I6", after.id, f"version {before.version} written after {self._versions[after.id]}")
        self._versions[after.id] = after.version
        commands = [operation.command_key for operation in after.operations]
        if len(set(commands)) < len(commands):
            raise Violation("I7", after.id, f"one command, several operations: {commands}")
        if before.state is not after.state:
            self.visited.add((before.state, after.state))
            if after.state not in self.forward[before.state]:
                raise Violation("I5", after.id, f"{before.state} -> {after.state} ({transition.event})")
        ledger = self._ledger[after.id]
        for posting in transition.postings:
            ledger[posting.account] += posting.amount_minor
        self._never_more_than_happened(after)
        if after.state in ENDS_WITHOUT_MONEY:
            self._no_live_charge(transition)

    def _never_more_than_happened(self, payment: Payment) -> None:
        account, amounts = self.accounts[payment.id], payment.amounts
        currency = payment.currency
        self._nothing_denied(account, payment)
        if _scaled(amounts.captured_minor, currency) > account.captured_minor:
            raise Violation("I2", payment.id, f"captured {amounts}, the gateway {account.captured_minor}")
        if _scaled(amounts.refunded_minor, currency) > account.refunded_minor:
            raise Violation("I2", payment.id, f"refunded {amounts}, the gateway {account.refunded_minor}")
        if payment.state is State.CAPTURED and not account.captured_minor:
            raise Violation("I4", payment.id, "called captured, but the gateway took nothing")

    def _no_live_charge(self, transition: Transition) -> None:
        payment = transition.after
        account = self.accounts[payment.id]
        if account.held_minor or account.captured_minor:
            raise Violation("I4", payment.id, f"called {payment.state} with a live charge at the gateway")

    # --- in the end --------------------------------------------------------------------------------------------------

    def conclude(self, payment: Payment, now: datetime) -> str:
        """I2, I3, I4 and I8 once the faults have stopped: `closed`, `waiting` or `parked`."""
        if payment.attention is Attention.PARKED:
            self._has_evidence(payment)
            return "parked"
        if payment.state is State.CREATED:
            raise Violation("I3", payment.id, "accepted and never started")
        if payment.unsettled is not None:
            raise Violation(
                "I8", payment.id, f"operation {payment.unsettled.number} is still {payment.unsettled.state}"
            )
        self._books_agree(payment)
        self._holds_agree(payment, self.accounts[payment.id], now)
        if isinstance(next_step(payment, now=now), Close):
            return "closed"
        if payment.state in (State.AUTHORIZED, State.REQUIRES_ACTION) or _is_disputed(payment):
            return "waiting"
        raise Violation("I8", payment.id, f"still {payment.state}, {next_step(payment, now=now)}")

    def _has_evidence(self, payment: Payment) -> None:
        operation = payment.unsettled
        if payment.review.doubt is None and (operation is None or operation.state is not OperationState.PARKED):
            raise Violation("I3", payment.id, "parked without a parked operation and without a doubt")

    def _books_agree(self, payment: Payment) -> None:
        account, amounts, currency = self.accounts[payment.id], payment.amounts, payment.currency
        refunded = account.refunded_minor - account.failed_refunds_minor
        ours = (amounts.captured_minor, amounts.refunded_minor + amounts.refund_pending_minor)
        if (account.captured_minor, refunded) != tuple(_scaled(amount, currency) for amount in ours):
            theirs = (account.captured_minor, refunded)
            raise Violation("I2", payment.id, f"captured and refunded {ours}, the gateway {theirs}")
        if _scaled(amounts.disputed_minor + amounts.dispute_lost_minor, currency) != account.disputed_minor:
            raise Violation("I2", payment.id, f"disputed {amounts}, the gateway {account.disputed_minor}")
        gone = amounts.refunded_minor + amounts.disputed_minor + amounts.dispute_lost_minor
        ledger = self._ledger[payment.id]
        if ledger["gateway"] != amounts.captured_minor - gone or sum(ledger.values()) != 0:
            raise Violation("I2", payment.id, f"ledger {dict(ledger)} does not follow {amounts}")

    def _holds_agree(self, payment: Payment, account: Account, now: datetime) -> None:
        amounts, currency = payment.amounts, payment.currency
        if payment.state not in (State.AUTHORIZED, State.REQUIRES_ACTION) and account.held_minor:
            raise Violation("I4", payment.id, f"{payment.state}, but the gateway still holds {account.held_minor}")
        if payment.state is State.AUTHORIZED and account.held_minor != _scaled(amounts.capturable_minor, currency):
            raise Violation("I2", payment.id, f"authorized {amounts}, the gateway holds {account.held_minor}")


def _is_disputed(payment: Payment) -> bool:
    return any(dispute.standing == "open" for dispute in payment.disputes)


def _scaled(amount_minor: int, currency: str) -> int:
    """Stripe counts the krona with two decimals it does not have (docs.stripe.com/currencies, special cases)."""
    return amount_minor * 100 if currency == "ISK" else amount_minor
