"""The laws of money where customers pay by themselves: an order may be paid more than once, but is captured once only.

What nobody captures is held and lapses by itself; a failed payment may be authorized days later. So a hold of which
the record does not speak is no violation while it is young, a second capture always is, and what was captured is on
record and, where it was not wanted any more, given back.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from domain.payment import Payment
from domain.payment import PaymentState as State
from domain.ports import Attempt
from domain.transitions import Transition
from simulator.effects import Effect
from tests.safety.core_simulation.tries import Try
from tests.safety.simulation.referee import ENDS_WITHOUT_MONEY, FORWARD, Account, Referee
from tests.safety.simulation.timeline import Timeline
from tests.safety.simulation.violation import Violation

LONGEST_HOLD_SECONDS = 5 * 86_400.0 + 3_600.0
OLDEST_LOOK_SECONDS = 100.0
"""A lookup may lag by this much: it need not show what is younger."""


@dataclass(slots=True)
class Charge:
    """One payment a customer made on our order, from when it was authorized."""

    at_seconds: float
    held_minor: int
    captured_minor: int = 0


class RazorpayReferee(Referee):
    forward = FORWARD | {state: {State.AUTHORIZED, State.CAPTURED} for state in ENDS_WITHOUT_MONEY}

    def __init__(self, payments: dict[str, Payment], keys: dict[str, Attempt], timeline: Timeline) -> None:
        super().__init__(payments, keys)
        self._timeline = timeline
        self._ended_by: dict[str, float] = {}  # payments called ended, and the look that went by
        self.charges: dict[str, dict[str | None, Charge]] = {}
        self.late: set[str | None] = set()  # payments of Razorpay's whose bank said yes after they were called failed
        self.made_at: Callable[[str | None], float] = lambda _charge: 0.0

    # --- at every movement of money ----------------------------------------------------------------------------------

    def on_effect(self, effect: Effect, key: str | None) -> None:
        if effect.kind == "refund" and key is None:
            raise Violation("I1", effect.metadata["payment_id"], "a refund without its key")
        super().on_effect(effect, key)

    def _authorize(self, account: Account, effect: Effect, payment: Payment) -> None:
        account.currency = effect.currency.upper()
        account.authorized_minor += effect.amount_minor
        charges = self.charges.setdefault(payment.id, {})
        if payment.state is State.CREATED:
            raise Violation("I1", payment.id, "charged by a call that no attempt on record announces")
        if effect.charge in charges or (charges and payment.off_session):
            raise Violation("I1", payment.id, f"charged again: {effect.charge} beside {sorted(map(str, charges))}")
        if payment.state in ENDS_WITHOUT_MONEY and effect.charge not in self.late:
            self._was_under_way(payment, effect.charge)
        charges[effect.charge] = Charge(self._timeline.seconds, effect.amount_minor)

    def _capture(self, account: Account, effect: Effect, payment: Payment) -> None:
        charges = self.charges[payment.id]
        if any(charge.captured_minor for charge in charges.values()):
            raise Violation("I1", payment.id, f"captured twice: {effect.charge} is not the first")
        charges[effect.charge].held_minor -= effect.amount_minor
        charges[effect.charge].captured_minor += effect.amount_minor
        account.captured_minor += effect.amount_minor
        self._only_what_was_asked(account, payment)

    def _was_under_way(self, payment: Payment, charge: str | None) -> None:
        """I4: a customer may pay after the end, for an order cannot be closed. What they had begun before, or what only
        we can begin, must not be called ended. (A page is closed by Razorpay, whoever is paying on it: what comes then
        is given back.)"""
        hosted = payment.method is not None and payment.method.kind == "hosted"
        looked_at = None if hosted else self._ended_by.get(payment.id)
        begun = looked_at is not None and self.made_at(charge) < looked_at - OLDEST_LOOK_SECONDS
        if begun or payment.off_session:
            raise Violation("I4", payment.id, f"called {payment.state} while {charge} was under way")

    def _release(self, account: Account, effect: Effect, payment: Payment) -> None:
        super()._release(account, effect, payment)
        self.charges[payment.id][effect.charge].held_minor -= effect.amount_minor

    # --- at every commit ---------------------------------------------------------------------------------------------

    def _no_live_charge(self, transition: Transition) -> None:
        """I4: nothing ends without money while the look it goes by must have shown some."""
        payment, tried = transition.after, Try.running
        if payment.state is State.FAILED and not payment.off_session and "order" in payment.references:
            raise Violation("I4", payment.id, "called failed, but its customer may still pay the order")
        looked_at = tried.life.looked_at.get(tried)
        if looked_at is None or transition.before.state in ENDS_WITHOUT_MONEY:
            return
        for name, charge in self.charges.get(payment.id, {}).items():
            lives = charge.held_minor or charge.captured_minor
            if lives and charge.at_seconds < looked_at - OLDEST_LOOK_SECONDS:
                raise Violation("I4", payment.id, f"called {payment.state}, but {name} was there to be seen")
        self._ended_by[payment.id] = looked_at

    # --- in the end --------------------------------------------------------------------------------------------------

    def _holds_agree(self, payment: Payment, account: Account, now: datetime) -> None:
        charges = self.charges.get(payment.id, {})
        if payment.state is State.AUTHORIZED:
            ours = charges.get(payment.references.get("payment"))
            if ours is None or ours.held_minor != payment.amounts.capturable_minor:
                raise Violation("I2", payment.id, f"authorized {payment.amounts}, the gateway holds {ours}")
        if payment.state is State.REQUIRES_ACTION and account.held_minor:
            raise Violation("I4", payment.id, f"waits for its customer, who has paid: {charges}")
        if payment.state is State.CAPTURED and payment.review.given_up in (State.CANCELED, State.EXPIRED):
            self._given_back(payment)
        for name, charge in charges.items():
            if charge.held_minor and self._timeline.seconds - charge.at_seconds > LONGEST_HOLD_SECONDS:
                raise Violation("I4", payment.id, f"{name} is held for ever")

    def _given_back(self, payment: Payment) -> None:
        """What came after a cancel or our end of the customer's time is not kept."""
        amounts = payment.amounts
        if amounts.refunded_minor + amounts.refund_pending_minor < amounts.captured_minor:
            raise Violation("I4", payment.id, f"{payment.review.given_up}, captured late and kept: {amounts}")
