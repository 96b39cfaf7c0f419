"""Customers and tokens at the gateways. The gateway port blocks, so it is asked in a thread, bounded by its own
timeouts; keys are derived, so asking twice makes nothing twice."""

import asyncio
import base64
import hashlib
from datetime import datetime

from api.errors import Problem, invalid
from api.services import Services
from domain.gateway import MethodSetup, StoredMethod
from domain.ports import Caller, Customer, GatewayAccount, PaymentMethod

UNSUPPORTED = "unsupported_by_gateway"


async def gateway_customer(services: Services, customer: Customer, account: GatewayAccount) -> str:
    """The gateway's id of our customer, made there when it is first needed."""
    known = customer.gateway_references.get(account.id)
    if known is not None:
        return known
    gateway = services.parts.gateways.for_account(account.id)
    if not gateway.capabilities.stored_methods:
        raise Problem(422, UNSUPPORTED, f"{account.gateway} cannot keep payment methods")
    reference = await asyncio.to_thread(
        gateway.create_customer, customer_id=customer.id, email=customer.email, name=customer.name
    )
    customers = services.parts.customers
    return await customers.set_gateway_reference(customer.id, account_id=account.id, reference=reference)


async def saving_account(services: Services, caller: Caller, gateway: str | None) -> GatewayAccount:
    """The account a method is saved at without a payment. Raises Problem 422 naming those that can."""
    account = await services.accounts.choose(caller, gateway)
    if _saves_alone(services, account):
        return account
    can = sorted({other.gateway for other in await services.accounts.of(caller) if _saves_alone(services, other)})
    able = services.capabilities_of(account)
    why = f"{account.gateway} cannot keep payment methods"
    if able is not None and able.stored_methods:
        why = f"{account.gateway} keeps a method only with a payment: pay there with `save_payment_method`"
    raise invalid("gateway", f"{why}; allowed: {', '.join(can) or 'none of yours'}", allowed=can, code=UNSUPPORTED)


def _saves_alone(services: Services, account: GatewayAccount) -> bool:
    """One that this process has not read yet keeps nobody out: the gateway itself will say."""
    able = services.capabilities_of(account)
    return able is None or (able.stored_methods and able.saves_without_payment)


async def save_method(
    services: Services, customer: Customer, account: GatewayAccount, token: str, return_url: str | None
) -> MethodSetup:
    reference = await gateway_customer(services, customer, account)
    gateway = services.parts.gateways.for_account(account.id)
    return await asyncio.to_thread(
        gateway.save_method,
        customer_reference=reference,
        token=token,
        key=_setup_key(customer.id, account.id, token),
        return_url=return_url,
    )


async def keep(
    services: Services, customer_id: str, account_id: str, stored: StoredMethod, *, at: datetime
) -> PaymentMethod:
    """`at`: before the gateway was asked, so that a slow answer does not bring back what was removed meanwhile."""
    parts = services.parts
    return await parts.customers.add_method(parts.new_id("payment_method"), customer_id, account_id, stored, at=at)


async def keep_all_at_gateways(services: Services, customer: Customer) -> None:
    """Methods the gateways hold for this customer and we do not know yet: saved with a payment or after a redirect."""
    for account_id, reference in customer.gateway_references.items():
        gateway, at = services.parts.gateways.for_account(account_id), services.parts.clock()
        for stored in await asyncio.to_thread(gateway.stored_methods, customer_reference=reference):
            await keep(services, customer.id, account_id, stored, at=at)


async def forget(services: Services, method: PaymentMethod) -> None:
    gateway = services.parts.gateways.for_account(method.account_id)
    await asyncio.to_thread(gateway.forget_method, token=method.token)


def _setup_key(customer_id: str, account_id: str, token: str) -> str:
    digest = hashlib.sha256(f"{customer_id}|{account_id}|{token}".encode()).digest()
    return "po_" + base64.b32encode(digest[:20]).decode().lower()
