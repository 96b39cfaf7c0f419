"""Taking a payment in: one durable write, then its owner is asked, then the answer is stored and given."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import structlog
from fastapi import Request

from api.errors import Problem, request_id_of
from api.keys import KeyUse, complete, settled
from api.presentation import decline_object
from api.replies import Reply
from api.saved_methods import gateway_customer
from api.services import Services
from domain.errors import InvalidInput, OwnerUnavailable
from domain.gateway import Instructions, LineItem
from domain.identifiers import PREFIXES
from domain.payment import MethodChoice, Payment, PaymentState
from domain.ports import Caller, Claim, Customer, GatewayAccount, StoredPayment

log = structlog.get_logger()

Present = Callable[[StoredPayment], Reply]
"""How a door shows a payment that is not declined; the status it gives is final."""

_UNDECIDED = (PaymentState.CREATED, PaymentState.PROCESSING)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPayment:
    """A payment as any door asks for it. `payment_method` None: a page of the gateway."""

    amount_minor: int
    currency: str
    payment_method: str | None
    capture_method: Literal["automatic", "manual"] = "automatic"
    gateway: str | None = None
    customer_id: str | None = None
    off_session: bool = False
    save_method: bool = False
    return_url: str | None = None
    cancel_url: str | None = None
    description: str = ""
    statement_descriptor: str = ""
    order_reference: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    line_items: tuple[LineItem, ...] = ()
    action_lifetime_seconds: int = 3600


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
        services.spawn(_begin_later(services, caller, stored))
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
        if idempotency is None:
            raise
        claim = await parts.idempotency.claim(idempotency, at=at, lock_seconds=parts.lock_seconds)
        if claim.standing == "new":
            await parts.idempotency.release(merchant_id=caller.merchant_id, mode=caller.mode, key=idempotency.key)
            raise
        return claim, await _read(services, caller, claim.resource_id)
    return await parts.archive.create(stored, idempotency, at=at, lock_seconds=parts.lock_seconds), stored


async def _prepare(services: Services, caller: Caller, new: NewPayment, payment_id: str) -> StoredPayment:
    at = services.parts.clock()
    customer, account, method = await _choose(services, caller, new)
    payment = Payment(
        id=payment_id,
        merchant_id=caller.merchant_id,
        mode=caller.mode,
        gateway=account.gateway,
        account_id=account.id,
        amount_minor=new.amount_minor,
        currency=new.currency,
        capture_method=new.capture_method,
        method=method,
        off_session=new.off_session,
        action_lifetime_seconds=new.action_lifetime_seconds,
        created_at=at,
        changed_at=at,
    )
    return StoredPayment(payment=payment, instructions=_instructions(new, customer))


def _instructions(new: NewPayment, customer: Customer | None) -> Instructions:
    return Instructions(
        description=new.description,
        statement_descriptor=new.statement_descriptor,
        return_url=new.return_url,
        cancel_url=new.cancel_url,
        order_reference=new.order_reference,
        metadata=new.metadata,
        line_items=new.line_items,
        customer_id=customer.id if customer else None,
        save_method=new.save_method,
    )


async def _choose(
    services: Services, caller: Caller, new: NewPayment
) -> tuple[Customer | None, GatewayAccount, MethodChoice]:
    """Who pays, through which account, and how."""
    if new.save_method and new.customer_id is None:
        raise InvalidInput("customer", "is required to save the payment method")
    if new.payment_method is not None and new.payment_method.startswith(f"{PREFIXES['payment_method']}_"):
        return await _saved(services, caller, new, new.payment_method)
    customer = await _customer(services, caller, new.customer_id)
    account = await services.accounts.choose(caller, new.gateway)
    reference = customer.gateway_references.get(account.id) if customer else None
    if customer is not None and new.save_method and reference is None:
        reference = await gateway_customer(services, customer, account)
    kind: Literal["token", "hosted"] = "hosted" if new.payment_method is None else "token"
    return customer, account, MethodChoice(kind=kind, token=new.payment_method, customer_reference=reference)


async def _saved(
    services: Services, caller: Caller, new: NewPayment, method_id: str
) -> tuple[Customer, GatewayAccount, MethodChoice]:
    """A saved method brings its customer and its account."""
    method = await services.parts.customers.method(caller, method_id)
    if method is None:
        raise InvalidInput("payment_method", "no such saved payment method")
    if new.customer_id not in (None, method.customer_id):
        raise InvalidInput("customer", "the payment method belongs to another customer")
    customer = await _customer(services, caller, method.customer_id)
    account = await services.accounts.by_id(method.account_id)
    if customer is None or account is None:
        raise InvalidInput("payment_method", "its customer or gateway account is gone")
    if new.gateway not in (None, account.gateway):
        raise InvalidInput("gateway", f"the payment method is kept at {account.gateway}")
    choice = MethodChoice(
        kind="token",
        type=method.summary.type,
        token=method.token,
        customer_reference=customer.gateway_references.get(account.id),
    )
    return customer, account, choice


async def _customer(services: Services, caller: Caller, customer_id: str | None) -> Customer | None:
    if customer_id is None:
        return None
    customer = await services.parts.customers.read(caller, customer_id)
    if customer is None:
        raise InvalidInput("customer", "no such customer")
    return customer


async def _begun(services: Services, caller: Caller, stored: StoredPayment) -> StoredPayment:
    """The payment as its owner answers; as the record has it when the owner needs longer than we wait."""
    try:
        receipt = await services.parts.owners.begin(stored.payment, wait_seconds=services.parts.wait_seconds)
    except OwnerUnavailable as error:
        log.warning("payment_left_to_the_sweep", payment_id=stored.payment.id, reason=str(error))
        return stored
    if receipt is None or receipt.payment is None:
        return await _read(services, caller, stored.payment.id)
    return replace(stored, payment=receipt.payment)


async def _begin_later(services: Services, caller: Caller, stored: StoredPayment) -> None:
    await _begun(services, caller, stored)


async def _read(services: Services, caller: Caller, payment_id: str) -> StoredPayment:
    stored = await services.parts.archive.read(caller, payment_id)
    if stored is None:  # written moments ago by this merchant: only a restore of the database takes it away
        raise Problem(503, "record_unavailable", "the payment cannot be read now", headers={"Retry-After": "1"})
    return stored
