"""Customers at Checkout: they pay, come back after a decline, open two tabs, fall silent, pay when it is too late; and
their banks, which answer after minutes, or after days when the payment was called failed long ago."""

from typing import TYPE_CHECKING, Any

from domain.errors import SignatureInvalid
from domain.operation import Verb
from domain.payment import PaymentState as State
from tests.safety.core_simulation.life import Life
from tests.safety.core_simulation.people import MOST_LOOKS, People
from tests.safety.core_simulation.razorpay.bank import RazorpayBank
from tests.safety.core_simulation.razorpay.life import RazorpayPlan
from tests.safety.core_simulation.razorpay.line import CoreGateway
from tests.safety.core_simulation.razorpay.referee import RazorpayReferee
from tests.safety.simulation.violation import Violation

if TYPE_CHECKING:
    from tests.safety.core_simulation.world import World

INSTRUMENTS: dict[str, dict[str, Any]] = {
    "upi": {"method": "upi", "vpa": "customer@okbank"},
    "card": {"method": "card"},
    "netbanking": {"method": "netbanking", "bank": "HDFC"},
    "wallet": {"method": "wallet", "wallet": "phonepe"},
}
SILENCE_SECONDS = 600.0
_BROUGHT_BACK_SHARE = 0.5
_FORGED_SHARE = 0.05


class RazorpayPeople(People):
    def __init__(self, world: "World") -> None:
        super().__init__(world)
        assert isinstance(world.bank, RazorpayBank)
        assert isinstance(world.referee, RazorpayReferee)
        self._bank, self._referee = world.bank, world.referee
        self._referee.made_at = self._bank.made_at

    def arrive(self, life: Life) -> None:
        super().arrive(life)
        plan = _plan(life)
        if plan.off_session and plan.late_delay_seconds is not None:
            self.world.timeline.after(plan.arrives_at + plan.late_delay_seconds, lambda: self._debited_late(life))
        if plan.refund_fails and any(step.kind == "refund" for step in plan.steps):
            delay = 120.0 + life.random.random() ** 3 * 7_200.0
            self.world.timeline.after(plan.arrives_at + delay, lambda: self._refunds_fail(life))

    def customer(self, life: Life, looks: int) -> None:
        """Where the merchant's page shows them Checkout, or sends them to a page of Razorpay's."""
        after, plan = self.world.timeline.after, _plan(life)
        payment = self.world.store.payments.get(life.payment_id)
        action = payment.action if payment else None
        if payment is None or payment.state in (State.CREATED, State.PROCESSING):
            if looks < MOST_LOOKS:
                after(5.0 * 1.6**looks, lambda: self.customer(life, looks + 1))
        elif action is not None:
            reference, delay = action.data.get("order_id") or str(action.url).rpartition("/")[2], 0.0
            if plan.customer == "late":
                delay = plan.action_lifetime_seconds + 10 + life.random.random() * 900
            after(delay, lambda: self._act(life, reference))

    def _act(self, life: Life, reference: str) -> None:
        after, does = self.world.timeline.after, _plan(life).customer
        if does == "silent":
            self._begin(life, reference, answer=None)
        elif does in ("fails", "again"):
            self._begin(life, reference, answer=False)
        else:
            self._begin(life, reference, answer=True)
        if does in ("again", "twice"):
            after(life.random.random() * 60, lambda: self._begin(life, reference, answer=True))
        if does in ("late", "twice"):
            self.world.weather.hits[f"customer_{does}"] += 1

    # --- one try at Checkout -----------------------------------------------------------------------------------------

    def _begin(self, life: Life, reference: str, *, answer: bool | None) -> None:
        """On an order or a page; `answer` None: neither the customer nor their bank ever says a word."""
        plan, at_once = _plan(life), _plan(life).bank_delay_seconds == 0.0
        order_id = self._bank.order_of_page(reference) if plan.hosted else reference
        if order_id is None:
            self._tell(life, "the page is closed")
            return
        self.world.weather.hits["customer_hosted"] += plan.hosted
        outcome = ("success" if answer else "failure") if answer is not None and at_once else None
        paid = self._bank.begin(order_id, INSTRUMENTS[plan.card], outcome=outcome)
        self._tell(life, f"{plan.customer}: {outcome or 'waits for the bank'}" if paid else "the order takes none")
        if paid is None:
            return
        payment_id = paid["payment"]["id"]
        if paid["callback"] and not plan.hosted and life.random.random() < _BROUGHT_BACK_SHARE:
            self.world.timeline.after(life.random.random() * 3, lambda: self._brings_back(life, paid["callback"]))
        if answer is not None and not at_once:
            self.world.timeline.after(plan.bank_delay_seconds, lambda: self._bank_answers(life, payment_id, answer))
        if not answer and plan.late_delay_seconds is not None:
            delay = SILENCE_SECONDS + plan.late_delay_seconds
            self.world.timeline.after(delay, lambda: self._authorized_late(life, payment_id))

    def _bank_answers(self, life: Life, payment_id: str, approve: bool) -> None:
        """A yes after the ten minutes of silence is a late authorization."""
        self._tell(life, f"the bank says {'yes' if approve else 'no'}")
        self._bank.decide(payment_id, approve=approve)
        if approve:
            self._authorized_late(life, payment_id)

    def _authorized_late(self, life: Life, payment_id: str) -> None:
        if self._bank.has_failed(payment_id):
            self._referee.late.add(payment_id)
            self._bank.authorize_late(payment_id)
            state = self.world.store.payments[life.payment_id].state
            self.world.weather.hits[f"late_authorization in {state}"] += 1
            self._tell(life, "the bank says yes, late")

    def _debited_late(self, life: Life) -> None:
        payment_id = self.world.store.payments[life.payment_id].references.get("payment")
        if payment_id is not None:
            self._authorized_late(life, payment_id)

    def _refunds_fail(self, life: Life) -> None:
        for operation in self.world.store.payments[life.payment_id].operations:
            if operation.verb is Verb.REFUND and operation.reference is not None:
                self._tell(life, f"the bank returns {operation.reference}")
                self.world.weather.hits["refund_returned"] += 1
                self._bank.fail_refund(operation.reference)

    # --- what the browser brings back --------------------------------------------------------------------------------

    def _brings_back(self, life: Life, fields: dict[str, str]) -> None:
        """Signed with the key's secret; somebody without it claims the same, and nobody may listen."""
        gateway, now = self.world.gateway, self.world.timeline.moment()
        assert isinstance(gateway, CoreGateway)
        if life.random.random() < _FORGED_SHARE:
            self._forged(life, fields)
        told = gateway.parse_callback(fields=fields, now=now)
        assert told is not None
        self.world.weather.hits["signed_callback"] += 1
        self.world.post.take(told)

    def _forged(self, life: Life, fields: dict[str, str]) -> None:
        self.world.weather.hits["forged_callback"] += 1
        forged = {**fields, "razorpay_signature": fields["razorpay_signature"][::-1]}
        try:
            self.world.gateway.parse_callback(fields=forged, now=self.world.timeline.moment())
        except SignatureInvalid:
            return
        raise Violation("T7b", life.payment_id, "a forged callback was believed")

    def _tell(self, life: Life, what: str) -> None:
        life.trace.append((self.world.timeline.elapsed_seconds, "customer", what))


def _plan(life: Life) -> RazorpayPlan:
    assert isinstance(life.plan, RazorpayPlan)
    return life.plan
