"""Loading a payment, and the transitions that need no gateway: a cancel before it heard of it, a person's decision."""

from temporalio import activity

from activities.failures import told
from activities.recorder import Recorder, closed
from domain.events import Abandoned, Resolved
from domain.gateway import Gateways
from domain.messages import AbandonRequest, DecideRequest, Loaded, PaymentStart
from domain.payment import Payment
from domain.ports import Attempt
from domain.resolving import decided
from domain.review import Resolution


class RecordActivities:
    def __init__(self, recorder: Recorder, gateways: Gateways) -> None:
        self._recorder = recorder
        self._gateways = gateways

    @activity.defn(name="load")
    @told
    async def load(self, start: PaymentStart) -> Loaded:
        """The payment as Postgres has it, with what its gateway can do."""
        payment = await self._recorder.records.load(start.payment_id)
        abilities = self._gateways.for_account(payment.account_id).capabilities.abilities
        return Loaded(payment=payment, abilities=abilities)

    @activity.defn(name="abandon")
    @told
    async def abandon(self, request: AbandonRequest) -> Payment:
        """The payment canceled before any gateway heard of it."""
        payment = await self._recorder.records.load(request.payment_id)
        abandoned = Abandoned(command_key=request.command_key, at=self._recorder.clock())
        return await self._recorder.record(payment, abandoned)

    @activity.defn(name="decide")
    @told
    async def decide(self, request: DecideRequest) -> Payment:
        """The payment after a person's decision: recorded once per command, with whom and why."""
        payment, resolution = await self._recorder.records.load(request.payment_id), request.resolution
        if payment.review.resolution_of(resolution.command_key) is not None:
            return payment
        attempt = await self._settled_attempt(payment, resolution)
        return await self._recorder.record(payment, Resolved(resolution=resolution), attempt=attempt)

    async def _settled_attempt(self, payment: Payment, resolution: Resolution) -> Attempt | None:
        """The attempt the decision answers, closed by it."""
        told = decided(payment, resolution)
        if told is None or told.operation_number is None:
            return None
        operation = payment.operation(told.operation_number)
        attempt = await self._recorder.records.attempt(payment.id, operation.number, operation.generation)
        return attempt and closed(attempt, told)
