"""The webhook desk: verified deliveries are stored many to a commit, acknowledged, and only then acted on.

One writer takes whatever waits (while it commits, the next batch gathers), so a burst costs one fsync per batch and a
lone webhook waits for nobody. Acting is hurried but never needed: what is lost here lies in the inbox for the sweep.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime

import structlog

from api.accounts import Accounts
from api.dependencies import ApiParts
from api.metrics import ApiMetrics
from domain.errors import OwnerUnavailable, RecordUnavailable, TransitionRefused
from domain.events import OutcomeArrived
from domain.gateway import GatewayEvent
from domain.operation import OperationState
from domain.outcomes import NotFound, Unknown
from domain.payment import Payment, PaymentState
from domain.ports import Caller, Delivery, InboxEntry
from domain.transitions import apply

log = structlog.get_logger()

BATCH = 200
ACTORS = 8
WAITING = 5_000
MARKS_EVERY_SECONDS = 0.25
_LOOKS = 3
"""How often a payment whose call is on the wire right now is looked at before its owner is disturbed."""

_Accepted = tuple[Delivery, "asyncio.Future[Sequence[InboxEntry]]"]


class WebhookDesk:
    def __init__(self, parts: ApiParts, accounts: Accounts, metrics: ApiMetrics) -> None:
        self._parts = parts
        self._accounts = accounts
        self._metrics = metrics
        self._deliveries: asyncio.Queue[_Accepted] = asyncio.Queue()
        self._entries: asyncio.Queue[tuple[InboxEntry, int]] = asyncio.Queue(WAITING)
        self._closed: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
        self._tasks: list[asyncio.Task[None]] = []

    async def accept(self, delivery: Delivery) -> Sequence[InboxEntry]:
        """The delivery's new entries, once they are committed. Raises RecordUnavailable: the sender tries again."""
        if self._deliveries.qsize() >= WAITING:
            raise RecordUnavailable("webhooks come faster than the database takes them")
        self._open()
        stored: asyncio.Future[Sequence[InboxEntry]] = asyncio.get_running_loop().create_future()
        self._deliveries.put_nowait((delivery, stored))
        return await stored

    async def settled(self) -> None:
        """Returns once everything accepted so far has been acted on."""
        await self._entries.join()
        await self._closed.join()

    async def close(self) -> None:
        """Stop at once: who waits is told to send again, and what is not acted on lies in the inbox."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        left = [self._deliveries.get_nowait() for _ in range(self._deliveries.qsize())]
        _fail(left, RecordUnavailable("the API is stopping"))

    def _open(self) -> None:
        """Start the writer and the actors at the first delivery."""
        if not self._tasks:
            loop = asyncio.get_running_loop()
            clerks = (self._write(), self._mark(), *(self._act() for _ in range(ACTORS)))
            self._tasks = [loop.create_task(clerk) for clerk in clerks]

    # --- stored first ------------------------------------------------------------------------------------------------

    async def _write(self) -> None:
        while True:
            batch = [await self._deliveries.get()]
            while len(batch) < BATCH and not self._deliveries.empty():
                batch.append(self._deliveries.get_nowait())
            try:
                await self._store(batch)
            except asyncio.CancelledError:
                _fail(batch, RecordUnavailable("the API is stopping"))
                raise

    async def _store(self, batch: Sequence[_Accepted]) -> None:
        """Commit the batch and answer everybody in it; one delivery the database refuses harms no other."""
        try:
            stored = await self._parts.inbox.store_many([delivery for delivery, _ in batch])
        except RecordUnavailable as error:
            _fail(batch, error)
        except Exception as error:  # answered to its sender, who tries again
            if len(batch) == 1:
                log.exception("webhook_not_stored", account_id=batch[0][0].account_id)
                _fail(batch, error)
                return
            for one in batch:
                await self._store([one])
        else:
            for (_, future), entries in zip(batch, stored, strict=True):
                if not future.done():
                    future.set_result(entries)
                for entry in entries:
                    self._take_up(entry)

    # --- acted on third ----------------------------------------------------------------------------------------------

    def _take_up(self, entry: InboxEntry) -> None:
        """At once, unless storing it has shown already that its payment's call is on the wire."""
        if entry.on_the_wire:
            self._count(entry, self._put_off(entry, look=1))
        else:
            self._queue(entry, look=1)

    def _queue(self, entry: InboxEntry, *, look: int) -> None:
        try:
            self._entries.put_nowait((entry, look))
        except asyncio.QueueFull:
            self._count(entry, "left")  # to the sweep

    async def _act(self) -> None:
        while True:
            entry, look = await self._entries.get()
            try:
                self._count(entry, await self._handle(entry, look))
            except (RecordUnavailable, OwnerUnavailable) as error:
                log.warning("webhook_left_to_the_sweep", inbox_id=entry.id, reason=str(error))
                self._count(entry, "left")
            except Exception:  # an actor outlives whatever one event does to it; the sweep tries again
                log.exception("webhook_left_to_the_sweep", inbox_id=entry.id)
                self._count(entry, "left")
            finally:
                self._entries.task_done()

    async def _handle(self, entry: InboxEntry, look: int) -> str:
        """What became of it, as one of the words of `ApiMetrics.webhooks`."""
        if entry.payment_id is None:
            return "orphan"
        payment = await self._payment(entry, entry.payment_id)
        if payment is None:
            return self._close(entry, "refused", "refused: not a payment of this account")
        now = self._parts.clock()
        if tells_nothing_new(payment, entry.event, at=now):
            return self._close(entry, "stale", "stale")
        if on_the_wire(payment) and look <= _LOOKS:
            return self._put_off(entry, look=look)
        await self._parts.owners.notify(entry.payment_id, entry.id)
        return "notified"

    def _put_off(self, entry: InboxEntry, *, look: int) -> str:
        self._later(self._parts.webhook_patience_seconds * 2 ** (look - 1), entry, look + 1)
        return "waited"

    def _later(self, delay_seconds: float, entry: InboxEntry, look: int) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(delay_seconds, lambda: self._queue(entry, look=look))

    async def _payment(self, entry: InboxEntry, payment_id: str) -> Payment | None:
        """The payment, if it is one of the account the webhook came to: our reference in it proves nothing."""
        account = await self._accounts.by_id(entry.account_id)
        if account is None:
            return None
        caller = Caller(merchant_id=account.merchant_id, mode=account.mode, key_id="webhook")
        stored = await self._parts.archive.read(caller, payment_id)
        return stored.payment if stored is not None and stored.payment.account_id == entry.account_id else None

    def _close(self, entry: InboxEntry, word: str, result: str) -> str:
        self._closed.put_nowait((entry.id, result))
        return word

    async def _mark(self) -> None:
        """Most webhooks say what their call's reply said: many are ticked off in one commit. What a crash forgets is
        offered again by the sweep and found to be nothing new."""
        while True:
            closed = [await self._closed.get()]
            await asyncio.sleep(MARKS_EVERY_SECONDS)
            closed += [self._closed.get_nowait() for _ in range(self._closed.qsize())]
            try:
                await self._parts.inbox.mark_many_handled(dict(closed), at=self._parts.clock())
            except Exception:  # the clerk outlives whatever the database says; the sweep offers them again
                log.exception("webhooks_left_to_the_sweep", inbox_ids=[inbox_id for inbox_id, _ in closed])
            finally:
                for _ in closed:
                    self._closed.task_done()

    def _count(self, entry: InboxEntry, result: str) -> None:
        self._metrics.webhooks.labels(entry.account_id, result).inc()


def tells_nothing_new(payment: Payment, event: GatewayEvent, *, at: datetime) -> bool:
    """Whether the record already reflects the event, by the same rule its owner would use. A bare hint is news."""
    outcome = event.outcome
    if outcome is None or isinstance(outcome, Unknown | NotFound):
        return False
    try:
        return apply(payment, OutcomeArrived(outcome=outcome, source="webhook", at=at)) is None
    except (TransitionRefused, LookupError):
        return False  # its owner asks the gateway


def on_the_wire(payment: Payment) -> bool:
    """Whether a call of ours is being answered right now; its reply usually says what the webhook says."""
    return payment.state is PaymentState.CREATED or any(o.state is OperationState.SENT for o in payment.operations)


def _fail(batch: Sequence[_Accepted], error: Exception) -> None:
    for _, future in batch:
        if not future.done():
            future.set_exception(error)
