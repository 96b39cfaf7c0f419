"""The laws of money where customers pay by themselves: an order may be paid more than once, but is captured once only.

What nobody captures is held and lapses by itself; a failed payment may be authorized days later. So a hold of which
the record does not speak is no violation while it is young, a second capture always is, and what was captured is on
record and, where it was not wanted any more, given back.
"""

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
    """One payment a customer made on our order."""

    at_seconds: float
    held_minor: int
    captured_minor: int = 0


class RazorpayReferee(Referee):
    forward = FORWARD | {state: {State.AUTHORIZED, State.CAPTURED} for state in ENDS_WITHOUT_MONEY}

    def __init__(self, payments: dict[str, Payment], keys: dict[str, Attempt], timeline: Timeline) -> None:
        super().__init__(payments, keys)
        self._timeline = timeline
        self.charges: dict[str, dict[str | None, Charge]] = {}

    # --- at every movement of money ----------------------------------------------------------------------------------

    def _authorize(self, account: Account, effect: Effect, payment: Payment) -> None:
        account.currency = effect.currency.upper()
        account.authorized_minor += effect.amount_minor
        charges = self.charges.setdefault(payment.id, {})
        if payment.state is State.CREATED:
            raise Violation("I1", payment.id, "charged by a call that no attempt on record announces")
        if effect.charge in charges or (charges and payment.off_session):
            raise Violation("I1", payment.id, f"charged again: {effect.charge} beside {sorted(map(str, charges))}")
        charges[effect.charge] = Charge(self._timeline.seconds, effect.amount_minor)

    def _capture(self, account: Account, effect: Effect, payment: Payment) -> None:
        charges = self.charges[payment.id]
        if any(charge.captured_minor for charge in charges.values()):
            raise Violation("I1", payment.id, f"captured twice: {effect.charge} is not the first")
        charges[effect.charge].held_minor -= effect.amount_minor
        charges[effect.charge].captured_minor += effect.amount_minor
        account.captured_minor += effect.amount_minor
        self._only_what_was_asked(account, payment)

    def _release(self, account: Account, effect: Effect, payment: Payment) -> None:
        super()._release(account, effect, payment)
        self.charges[payment.id][effect.charge].held_minor -= effect.amount_minor

    # --- at every commit ---------------------------------------------------------------------------------------------

    def _no_live_charge(self, transition: Transition) -> None:
        """I4: nothing ends without money while the look it goes by must have shown some."""
        payment, tried = transition.after, Try.running
        looked_at = tried.life.looked_at.get(tried)
        if looked_at is None or transition.before.state in ENDS_WITHOUT_MONEY:
            return
        for name, charge in self.charges.get(payment.id, {}).items():
            lives = charge.held_minor or charge.captured_minor
            if lives and charge.at_seconds < looked_at - OLDEST_LOOK_SECONDS:
                raise Violation("I4", payment.id, f"called {payment.state}, but {name} was there to be seen")

    # --- in the end --------------------------------------------------------------------------------------------------

    def _holds_agree(self, payment: Payment, account: Account, now: datetime) -> None:
        charges = self.charges.get(payment.id, {})
        if payment.state is State.AUTHORIZED:
            ours = charges.get(payment.references.get("payment"))
            if ours is None or ours.held_minor != payment.amounts.capturable_minor:
                raise Violation("I2", payment.id, f"authorized {payment.amounts}, the gateway holds {ours}")
        if payment.state is State.REQUIRES_ACTION and account.held_minor:
            raise Violation("I4", payment.id, f"waits for its customer, who has paid: {charges}")
        for name, charge in charges.items():
            if charge.held_minor and self._timeline.seconds - charge.at_seconds > LONGEST_HOLD_SECONDS:
                raise Violation("I4", payment.id, f"{name} is held for ever")
