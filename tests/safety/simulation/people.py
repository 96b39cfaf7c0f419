"""Clients and customers: they retry with the same key, race, pay late or never, and read where their payment stands."""

from collections.abc import Callable, Coroutine
from typing import Any

from domain.errors import PayonceError
from domain.payment import Payment
from domain.payment import PaymentState as State
from simulator.stripe.errors import StripeError
from simulator.wire import WireRequest
from tests.safety.campaigns.steps import Step, allows, command_of
from tests.safety.simulation.activity import no_activity
from tests.safety.simulation.doors import Doors, HttpAnswer
from tests.safety.simulation.gateway import GatewaySide
from tests.safety.simulation.life import Life
from tests.safety.simulation.process import Point, Process
from tests.safety.simulation.timeline import Timeline
from tests.safety.simulation.violation import Bug, Violation
from tests.safety.simulation.weather import Weather

PATIENCE_SECONDS = 40.0
_UNDECIDED = (State.CREATED, State.PROCESSING, State.REQUIRES_ACTION)
_MOST_LOOKS = 12


class People:
    def __init__(
        self, timeline: Timeline, weather: Weather, doors: Doors, payments: dict[str, Payment], gateway: GatewaySide
    ) -> None:
        self._timeline = timeline
        self._weather = weather
        self._doors = doors
        self._payments = payments
        self._gateway = gateway
        self._first_answers: dict[str, bytes] = {}
        self.requests = 0

    def arrive(self, life: Life) -> None:
        for copy in range(life.plan.creations):
            self._timeline.after(life.plan.arrives_at + copy * 0.05, lambda: self._create(life))
        if life.plan.steps:
            self._timeline.after(life.plan.arrives_at + 1.0, lambda: self._follow(life, 0, 0))
        self._timeline.after(life.plan.arrives_at + life.plan.customer_delay_seconds, lambda: self._customer(life, 0))

    # --- the merchant's client ---------------------------------------------------------------------------------------

    def _create(self, life: Life) -> None:
        key, body = f"create-{life.payment_id}", "order"
        self._ask(life, key, lambda: self._doors.create(life, key=key, body=body))

    def _ask(self, life: Life, key: str, call: Callable[[], Coroutine[Any, Any, HttpAnswer]], tries: int = 0) -> None:
        """Ask until there is an answer, always under the same key; the answer never changes (I7)."""
        self.requests += 1
        is_answered = False

        def again(seconds: float) -> None:
            if tries < 30:
                self._timeline.after(seconds, lambda: self._ask(life, key, call, tries + 1))

        def ended(answer: HttpAnswer | None, error: BaseException | None) -> None:
            nonlocal is_answered
            if isinstance(error, PayonceError):
                is_answered = True
                again(0.5 + 2.0 ** min(tries, 7))
                return
            if error is not None or answer is None:
                raise Bug(life.payment_id, f"the API raised {error!r}") from error
            if self._struck(life, "reply_lost"):
                return
            is_answered = True
            if answer.body in (b"idempotency_key_in_use",):
                again(5.0)
                return
            self._same_as_before(life, key, answer)
            if life.random.random() < 0.1 and tries < 3:
                again(life.random.random() * 100)  # asks once more although it was answered

        def out_of_patience() -> None:
            if not is_answered:
                again(life.random.random() * 5)

        self._timeline.after(PATIENCE_SECONDS, out_of_patience)
        self._process(life, f"api {key[:7]}", call(), ended)

    def _same_as_before(self, life: Life, key: str, answer: HttpAnswer) -> None:
        first = self._first_answers.setdefault(key, answer.body)
        if answer.replayed and first != answer.body:
            raise Violation("I7", life.payment_id, f"{key} was answered {first!r}, then {answer.body!r}")
        if not answer.replayed:
            self._first_answers[key] = answer.body

    def _process(self, life: Life, name: str, coroutine: Coroutine[Any, Any, Any], ended: Any) -> None:
        def strike(process: Process, _point: Point) -> bool:
            if not self._struck(life, "api_crash"):
                return False
            process.die()
            return True

        Process(coroutine, life=life, name=name, on_end=ended, strike=strike, enter=no_activity).resume()

    def _struck(self, life: Life, kind: str) -> bool:
        if self._weather.clients.strike(life.random) != kind:
            return False
        self._weather.hits[kind] += 1
        return True

    def _follow(self, life: Life, position: int, looks: int) -> None:
        """The next step of the plan once the payment allows it; the client gives up waiting after a while."""
        step, payment = life.plan.steps[position], self._payments.get(life.payment_id)
        if payment is None or not allows(payment, step):
            if looks < _MOST_LOOKS:
                wait = 2.0 * 1.7**looks
                self._timeline.after(wait, lambda: self._follow(life, position, looks + 1))
            return
        for _ in range(2 if step.twice else 1):
            self._command(life, payment, step)
        if position + 1 < len(life.plan.steps):
            self._timeline.after(step.delay_seconds, lambda: self._follow(life, position + 1, 0))

    def _command(self, life: Life, payment: Payment, step: Step) -> None:
        life.commands += 1
        command = command_of(payment, step, key=f"{step.kind}-{life.commands}-{life.payment_id}")
        life.trace.append((self._timeline.elapsed_seconds, "client", command))
        self._ask(life, command.command_key, lambda: self._doors.command(life, command, body=repr(command)))

    # --- the customer ------------------------------------------------------------------------------------------------

    def _customer(self, life: Life, looks: int) -> None:
        """On the bank's page or on the hosted one, when there is something to do."""
        plan, payment = life.plan, self._payments.get(life.payment_id)
        needed = plan.hosted or plan.card.startswith(("authentication", "threeDSecure"))
        if not needed or plan.customer == "never":
            return
        if payment is None or payment.state in (State.CREATED, State.PROCESSING):
            if looks < _MOST_LOOKS:
                self._timeline.after(5.0 * 1.6**looks, lambda: self._customer(life, looks + 1))
            return
        if plan.customer == "late" and looks >= 0:
            self._timeline.after(plan.action_lifetime_seconds + 10, lambda: self._act(life, payment))
            return
        self._act(life, payment)

    def _act(self, life: Life, payment: Payment) -> None:
        session_id = payment.references.get("checkout_session")
        intent_id = payment.references.get("payment_intent")
        life.trace.append((self._timeline.elapsed_seconds, "customer", life.plan.customer))
        if session_id is not None:
            self._pay_on_page(life, session_id)
        elif intent_id is not None:
            self._authenticate(intent_id, approve=life.plan.customer != "fails")

    def _authenticate(self, intent_id: str, *, approve: bool) -> None:
        try:
            self._gateway.authenticate(intent_id, approve=approve)
        except StripeError:
            return  # the page says that there is nothing to do any more

    def _pay_on_page(self, life: Life, session_id: str) -> None:
        card = "chargeDeclined" if life.plan.customer == "fails" else "visa"
        form = f"test_card=pm_card_{card}&email=a%40b.example&name=A".encode()
        self._gateway.visit(WireRequest("POST", f"/checkout/{session_id}", "", _FORM, form))


_FORM = {"content-type": "application/x-www-form-urlencoded"}
