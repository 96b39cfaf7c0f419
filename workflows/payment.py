"""PaymentWorkflow: the one owner of one payment. It loads the record, acts on messages and deadlines, and sleeps
by closing.

Handlers only fill the mailbox; one loop takes the next message or deadline, asks the pure core what may be done, has it
done by one activity, and answers. It holds no truth of its own: `payment` is what Postgres said last. When nothing is
pending it completes; any later message revives the same workflow id, which loads the record first.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError
from temporalio.exceptions import TimeoutError as TimedOut

with workflow.unsafe.imports_passed_through():
    from activities.inbox import InboxActivities
    from activities.operations import OperationActivities
    from activities.records import RecordActivities
    from domain.commands import Abilities, Cancel, Capture, Command, Order, Refund, Resolve, permit
    from domain.errors import CommandRefused
    from domain.messages import (
        AbandonRequest,
        AbsorbRequest,
        DecideRequest,
        EventNotice,
        LookRequest,
        PaymentStart,
        PerformRequest,
        Receipt,
        receipt,
    )
    from domain.operation import Operation
    from domain.payment import Payment, PaymentState
    from domain.resolving import order_of, resolution
    from domain.review import Resolution
    from domain.steps import Close, Perform, Wait, next_step
    from workflows import options, status, versions
    from workflows.mailbox import Letter, Mailbox

_FAILED = (ActivityError, ApplicationError, TimedOut)
"""How a failed activity looks from here. A local one raises the ApplicationError itself, unwrapped; one that timed out
raises an ActivityError where it runs, and when it is replayed the bare timeout (docs/decisions/0009)."""


@workflow.defn(name="PaymentWorkflow")
class PaymentWorkflow:
    @workflow.init
    def __init__(self, start: PaymentStart) -> None:
        self._start = start
        self._mailbox = Mailbox()
        self._payment: Payment | None = None
        self._abilities = Abilities()
        self._shown: tuple[str, str] | None = None
        self._failures = 0
        self._due: tuple[tuple[int, str], datetime] | None = None

    @workflow.run
    async def run(self, start: PaymentStart) -> str:
        """Where the payment stood when nothing was pending any more."""
        payment = await (self._begin() if start.begins else self._load())
        while True:
            letter = self._mailbox.take()
            if letter is not None:
                payment = await self._act(payment, letter)
                continue
            # Asked here, not only after a wait that no message ended: a busy payment's history would grow without end.
            if workflow.info().get_current_history_length() > options.CONTINUE_AFTER_EVENTS:
                # Handlers whose letters are answered finish; they must be heard before this run ends.
                await workflow.wait_condition(lambda: workflow.all_handlers_finished() or not self._mailbox.is_empty)
                if self._mailbox.is_empty and workflow.all_handlers_finished():
                    workflow.continue_as_new(PaymentStart(payment_id=start.payment_id))
            step = next_step(payment, now=workflow.now(), abilities=self._abilities)
            self._show(payment, step)
            match step:
                case Perform(operation=operation):
                    payment = await self._perform(operation)
                case Wait():
                    payment = await self._wait(payment, self._not_put_off(payment, step))
                case Close():
                    await workflow.wait_condition(workflow.all_handlers_finished)
                    if self._mailbox.is_empty:  # a message may have come in during that await
                        return payment.state

    # --- messages: each only fills the mailbox and waits for the loop's answer ---------------------------------------

    @workflow.update(name="capture", description="Take authorized money; amount empty takes all that is left")
    async def capture(self, command: Capture) -> Receipt:
        return await self._answer(command)

    @workflow.update(name="cancel", description="Release the authorization, or stop waiting for the customer")
    async def cancel(self, command: Cancel) -> Receipt:
        return await self._answer(command)

    @workflow.update(name="refund", description="Give captured money back; amount empty refunds all that is left")
    async def refund(self, command: Refund) -> Receipt:
        return await self._answer(command)

    @workflow.update(name="resolve", description="A person decides what nobody else can settle, with a reason")
    async def resolve(self, command: Resolve) -> Receipt:
        return await self._answer(command)

    @workflow.signal(name="command", description="A capture, cancel, refund or decision whose sender does not wait")
    def command(self, command: Command) -> None:
        self._mailbox.put(command)

    @workflow.signal(name="gateway_event", description="A verified webhook lies in the inbox under this id")
    def gateway_event(self, notice: EventNotice) -> None:
        self._mailbox.put(notice)

    @workflow.signal(name="wake", description="Make sure the payment has an owner; changes nothing")
    def wake(self) -> None:
        """Starting the workflow was the point."""

    @workflow.query(name="payment", description="The payment as last loaded from the record")
    def payment(self) -> Payment | None:
        return self._payment

    @workflow.query(name="next", description="What the payment waits for, and until when")
    def next(self) -> str:
        return workflow.get_current_details()

    # --- what the loop does ------------------------------------------------------------------------------------------

    async def _answer(self, command: Command) -> Receipt:
        letter = self._mailbox.put(command)
        await workflow.wait_condition(lambda: letter.is_answered)
        if letter.receipt is None:
            raise ApplicationError(letter.failure or "no answer", type="CommandNotExecuted", non_retryable=True)
        return letter.receipt

    async def _act(self, payment: Payment, letter: Letter[Command | EventNotice]) -> Payment:
        if isinstance(letter.message, EventNotice):
            return await self._absorb(payment, letter.message)
        if isinstance(letter.message, Resolve):
            return await self._decide(payment, letter.message, letter)
        return await self._obey(payment, letter.message, letter)

    async def _decide(self, payment: Payment, command: Resolve, letter: Letter[Command | EventNotice]) -> Payment:
        """Record the decision, ask the gateway where that is wanted, and only then let go or give back: by an operation
        of its own, which the look may show to be impossible."""
        made = payment.review.resolution_of(command.command_key)
        if made is None:
            try:
                made = resolution(payment, command, at=workflow.now())
                request = DecideRequest(payment_id=self._start.payment_id, resolution=made)
                summary = f"{made.decision} by {made.by}"
                payment = self._know(
                    await workflow.execute_activity_method(
                        RecordActivities.decide, request, summary=summary, **options.LOOK
                    )
                )
            except CommandRefused as refused:
                letter.receipt = receipt(payment, refusal=refused)
                return payment
            except _FAILED as error:
                letter.failure = f"the decision could not be recorded: {_reason(error)}"
                return await self._load()
        if payment.operation_of(command.command_key) is None:
            payment = await self._look_for(payment, made)
        order = order_of(made)
        if order is None:
            letter.receipt = receipt(payment)
            return payment
        return await self._obey(payment, order, letter)

    async def _look_for(self, payment: Payment, made: Resolution) -> Payment:
        """A person's `look again`, and the look before `void` and `refund`."""
        if made.decision in ("confirm_charged", "confirm_not_charged"):
            return payment
        unsettled = payment.unsettled
        number = unsettled.number if unsettled else made.operation_number or 1
        until = workflow.now()
        why = f"{made.by} asks"
        return await self._look(
            payment, Wait(until=until, why=why, then="resolve" if unsettled else "check", operation_number=number)
        )

    async def _obey(
        self, payment: Payment, command: Order, letter: Letter[Command | EventNotice], *, fresh: bool = False
    ) -> Payment:
        """`fresh`: the payment was read from the record for this very command, so a refusal is the last word."""
        known = payment.operation_of(command.command_key)
        if known is not None:
            letter.receipt = receipt(payment, known)
            return payment
        if isinstance(command, Cancel) and payment.state is PaymentState.CREATED:
            return await self._abandon(payment, command, letter)
        try:
            operation = permit(payment, command, self._abilities, at=workflow.now())
        except CommandRefused as refused:
            # The record may be further than this run: Temporal was restored to an earlier copy, or the run was reset.
            if not fresh and workflow.patched(versions.REFUSED_BY_THE_RECORD):
                return await self._obey(await self._load(), command, letter, fresh=True)
            letter.receipt = receipt(payment, refusal=refused)
            return payment
        payment = await self._perform(operation)
        known = payment.operation_of(command.command_key)
        if known is None:
            letter.failure = f"the {command.kind} could not be journalled; nothing was sent to {payment.gateway}"
        else:
            letter.receipt = receipt(payment, known)
        return payment

    async def _begin(self) -> Payment:
        """A new payment: loaded and authorized by one activity, which spares the second one its way."""
        try:
            begun = await workflow.execute_activity_method(
                OperationActivities.begin, self._start, summary="load and authorize", **options.PERFORM
            )
        except _FAILED as error:
            self._failures += 1
            await self._rest(_reason(error), options.pause(self._failures))
            return await self._load()
        self._abilities = begun.abilities
        return self._know(begun.payment)

    async def _perform(self, operation: Operation) -> Payment:
        """The payment after the operation; whatever went wrong, the record says where it stands."""
        request = PerformRequest(payment_id=self._start.payment_id, operation=operation)
        try:
            payment = await workflow.execute_activity_method(
                OperationActivities.perform, request, summary=_summary(operation), **options.PERFORM
            )
        except _FAILED as error:
            self._failures += 1
            await self._rest(_reason(error), options.pause(self._failures))
            return await self._load()  # an operation left `sent` there is resolved by the loop
        self._failures = 0
        return self._know(payment)

    async def _wait(self, payment: Payment, step: Wait) -> Payment:
        try:
            await workflow.wait_condition(
                lambda: not self._mailbox.is_empty,
                timeout=max(step.until - workflow.now(), timedelta(milliseconds=1)),
                timeout_summary=f"looks again if {step.why} takes longer",
            )
        except TimeoutError:
            self._due = None
            return await self._look(payment, step)
        return payment

    def _not_put_off(self, payment: Payment, step: Wait) -> Wait:
        """The wait with the end it had before a message interrupted it. Delays are counted from now: a client that
        keeps repeating a command, as it is told to while an outcome is unknown, would put the look off for ever."""
        what = (payment.version, step.then)
        if self._due is not None and self._due[0] == what:
            step = replace(step, until=min(step.until, self._due[1]))
        self._due = (what, step.until)
        return step

    async def _look(self, payment: Payment, step: Wait) -> Payment:
        if step.then == "expire":
            return payment  # the loop asks next_step again, which now sends the fence
        request = LookRequest(payment_id=self._start.payment_id, operation_number=step.operation_number)
        activity = OperationActivities.resolve if step.then == "resolve" else InboxActivities.check
        try:
            seen = await workflow.execute_activity_method(
                activity, request, summary=f"{step.then}: {step.why}", **options.LOOK
            )
        except _FAILED:
            return payment  # next_step plans the next look
        return self._know(seen)

    async def _absorb(self, payment: Payment, notice: EventNotice) -> Payment:
        request = AbsorbRequest(payment_id=self._start.payment_id, inbox_id=notice.inbox_id)
        try:
            absorbed = await workflow.execute_activity_method(
                InboxActivities.absorb, request, summary="webhook", **options.LOOK
            )
        except _FAILED:
            return payment  # still unhandled in the inbox: the sweep sends it again
        return self._know(absorbed)

    async def _abandon(self, payment: Payment, command: Cancel, letter: Letter[Command | EventNotice]) -> Payment:
        request = AbandonRequest(payment_id=self._start.payment_id, command_key=command.command_key)
        try:
            payment = await workflow.execute_activity_method(
                RecordActivities.abandon, request, summary="cancel before the gateway heard of it", **options.LOOK
            )
        except _FAILED as error:
            letter.failure = f"the cancel could not be recorded: {_reason(error)}"
            return payment
        letter.receipt = receipt(payment)
        return self._know(payment)

    async def _load(self) -> Payment:
        """The payment from the record; while that cannot be read, waits and says so."""
        rounds = 0
        while True:
            try:
                loaded = await workflow.execute_local_activity_method(
                    RecordActivities.load, self._start, summary="load the payment", **options.LOAD
                )
            except _FAILED as error:
                rounds += 1
                await self._rest(_reason(error), options.pause(rounds))
                continue
            self._abilities = loaded.abilities
            return self._know(loaded.payment)

    async def _rest(self, reason: str, delay: timedelta) -> None:
        """Wait before another round, and say why where operators look."""
        workflow.set_current_details(status.trouble(self._start.payment_id, reason, workflow.now() + delay))
        await workflow.sleep(delay, summary=f"tries again after: {reason[:80]}")

    def _know(self, payment: Payment) -> Payment:
        self._payment = payment
        return payment

    def _show(self, payment: Payment, step: Perform | Wait | Close) -> None:
        workflow.set_current_details(status.panel(payment, step))
        shown = (str(payment.state), str(payment.attention))
        if shown != self._shown and not isinstance(step, Perform):
            self._shown = shown
            workflow.upsert_search_attributes(
                [status.PAYMENT_STATUS.value_set(shown[0]), status.PAYMENT_ATTENTION.value_set(shown[1])]
            )


def _reason(error: ActivityError | ApplicationError | TimedOut) -> str:
    return str(error.cause or error) if isinstance(error, ActivityError) else str(error)


def _summary(operation: Operation) -> str:
    return f"{operation.verb} {operation.amount_minor}" if operation.amount_minor else str(operation.verb)
