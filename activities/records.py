"""Loading a payment, and the one transition that needs no gateway."""

from temporalio import activity

from activities.failures import told
from activities.recorder import Recorder
from domain.events import Abandoned
from domain.gateway import Gateways
from domain.messages import AbandonRequest, Loaded, PaymentStart
from domain.payment import Payment


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
