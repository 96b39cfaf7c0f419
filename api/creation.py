"""Taking a payment in: one durable write, then its owner is asked, then the answer is stored and given."""

import time
from collections.abc import Callable

import structlog
from fastapi import Request

from api.choices import Chosen, NewPayment, choose
from api.errors import Problem, request_id_of
from api.keys import KeyUse, complete, release, settled
from api.presentation import decline_object
from api.replies import Reply
from api.services import Services
from domain.errors import InvalidInput, OwnerUnavailable
from domain.gateway import Instructions
from domain.payment import Payment, PaymentState
from domain.ports import Caller, Claim, StoredPayment

log = structlog.get_logger()

Present = Callable[[StoredPayment], Reply]
"""How a door shows a payment that is not declined; the status it gives is final."""

REREAD_SECONDS = 1.0
"""How often who waits reads the record when no news comes: news can be lost."""

_UNDECIDED = (PaymentState.CREATED, PaymentState.PROCESSING)


async def create_payment(
    services: Services,
    request: Request,
    caller: Caller,
    new: NewPayment,
    use: KeyUse | None,
    present: Present,
    *,
    respond_async: bool = False,
) -> Reply:
    """Raises Problem and InvalidInput with nothing written; after the write every error is safe to retry."""
    claim, stored = await _take_in(services, caller, new, use)
    if replay := settled(services, claim):
        return replay
    if claim.standing == "resume":
        stored = await _read(services, caller, claim.resource_id)
    if respond_async:
        services.spawn(_begin_later(services, stored))
    elif stored.payment.state in _UNDECIDED:
        stored = await _begun(services, caller, stored)
    services.metrics.payments.labels(stored.payment.state.value).inc()
    reply = declined(services, request, stored) or present(stored)
    return await complete(services, caller, use, reply)


def declined(services: Services, request: Request, stored: StoredPayment) -> Reply | None:
    """402 with the payment inside when it failed; None otherwise."""
    payment = stored.payment
    if payment.state is not PaymentState.FAILED:
        return None
    decline = payment.decline
    problem = Problem(
        402,
        "payment_declined",
        decline.message if decline else "the payment was declined",
        decline=decline_object(decline),
        state=payment.state.value,
        transactionId=payment.id,
        payment=services.presenter.payment(stored),
    )
    return problem.reply(request_id_of(request))


def status_of(payment: Payment) -> int:
    """202 while the gateway's answer is awaited, 201 once there is one."""
    return 202 if payment.state in _UNDECIDED else 201


async def _take_in(
    services: Services, caller: Caller, new: NewPayment, use: KeyUse | None
) -> tuple[Claim, StoredPayment]:
    """The payment and its key, committed together unless the key was used before."""
    parts = services.parts
    at, payment_id = parts.clock(), parts.new_id("payment")
    idempotency = use.request(caller, payment_id) if use else None
    try:
        stored = await _prepare(services, caller, new, payment_id)
    except (InvalidInput, Problem):
        # What the request names may be gone since its first answer: that answer still stands.
        if use is None or idempotency is None:
            raise
        claim = await parts.idempotency.claim(idempotency, at=at, lock_seconds=parts.lock_seconds)
        if claim.standing == "new":
            await release(services, caller, use, claim)
            raise
        return claim, await _read(services, caller, claim.resource_id)
    return await parts.archive.create(stored, idempotency, at=at, lock_seconds=parts.lock_seconds), stored


async def _prepare(services: Services, caller: Caller, new: NewPayment, payment_id: str) -> StoredPayment:
    at = services.parts.clock()
    chosen = await choose(services, caller, new)
    payment = Payment(
        id=payment_id,
        merchant_id=caller.merchant_id,
        mode=caller.mode,
        gateway=chosen.account.gateway,
        account_id=chosen.account.id,
        amount_minor=new.amount_minor,
        currency=new.currency,
        capture_method=new.capture_method,
        method=chosen.method,
        off_session=new.off_session,
        action_lifetime_seconds=new.action_lifetime_seconds,
        created_at=at,
        changed_at=at,
    )
    return StoredPayment(payment=payment, instructions=_instructions(new, chosen))


def _instructions(new: NewPayment, chosen: Chosen) -> Instructions:
    return Instructions(
        description=new.description,
        statement_descriptor=new.statement_descriptor,
        return_url=new.return_url,
        cancel_url=new.cancel_url,
        order_reference=new.order_reference,
        metadata=new.metadata,
        line_items=new.line_items,
        customer_id=chosen.customer.id if chosen.customer else None,
        save_method=new.save_method,
        routed_because=chosen.because,
    )


async def _begun(services: Services, caller: Caller, stored: StoredPayment) -> StoredPayment:
    """The payment with the gateway's first answer; as it is on record when that takes longer than we wait."""
    with services.parts.news.about(stored.payment.id) as waiting:
        if not await _begin(services, stored):
            return stored
        deadline = time.monotonic() + services.parts.wait_seconds
        while stored.payment.is_unanswered and (left := deadline - time.monotonic()) > 0:
            await waiting.news(within_seconds=min(left, REREAD_SECONDS))
            stored = await _read(services, caller, stored.payment.id)
    return stored


async def _begin(services: Services, stored: StoredPayment) -> bool:
    """Whether the payment's owner was started now; else a sweep does it later."""
    try:
        await services.parts.owners.begin(stored.payment)
    except OwnerUnavailable as error:
        log.warning("payment_left_to_the_sweep", payment_id=stored.payment.id, reason=str(error))
        return False
    return True


async def _begin_later(services: Services, stored: StoredPayment) -> None:
    await _begin(services, stored)


async def _read(services: Services, caller: Caller, payment_id: str) -> StoredPayment:
    stored = await services.parts.archive.read(caller, payment_id)
    if stored is None:  # written moments ago by this merchant: only a restore of the database takes it away
        raise Problem(503, "record_unavailable", "the payment cannot be read now", headers={"Retry-After": "1"})
    return stored
