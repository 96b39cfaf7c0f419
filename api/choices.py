"""What is decided about a payment before it exists: who pays, through which account, and how."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from api.errors import unavailable
from api.saved_methods import gateway_customer
from api.services import Services
from domain.errors import InvalidInput, RecordNotFound
from domain.gateway import Capabilities, LineItem
from domain.identifiers import PREFIXES
from domain.payment import MethodChoice
from domain.ports import Caller, Customer, GatewayAccount
from domain.routing import AUTO, Journey, decide


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPayment:
    """A payment as any door asks for it. `payment_method` None: the customer gives it to the gateway, on a page of the
    gateway's (always when `on_page`) or by its script on the merchant's. `method_type`: what they mean to pay with."""

    amount_minor: int
    currency: str
    payment_method: str | None
    on_page: bool = False
    method_type: str | None = None
    country: str | None = None
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """`because`: why this gateway, where the choice was left to the routing table."""

    customer: Customer | None
    account: GatewayAccount
    method: MethodChoice
    because: str | None = None


async def choose(services: Services, caller: Caller, new: NewPayment) -> Chosen:
    """Raises InvalidInput naming what does not fit: customer, gateway, payment method."""
    if new.save_method and new.customer_id is None:
        raise InvalidInput("customer", "is required to save the payment method")
    if new.payment_method is not None and new.payment_method.startswith(f"{PREFIXES['payment_method']}_"):
        return await _saved(services, caller, new, new.payment_method)
    customer = await _customer(services, caller, new.customer_id)
    account, because = await _account(services, caller, new)
    kind = _kind(new, account, _capabilities(services, account))
    reference = customer.gateway_references.get(account.id) if customer else None
    if customer is not None and new.save_method and reference is None:
        reference = await gateway_customer(services, customer, account)
    method = MethodChoice(
        kind=kind, type=new.method_type or "card", token=new.payment_method, customer_reference=reference
    )
    return Chosen(customer=customer, account=account, method=method, because=because)


async def _account(services: Services, caller: Caller, new: NewPayment) -> tuple[GatewayAccount, str | None]:
    """The account, and why, where the client left the choice to the routing table."""
    if new.gateway != AUTO:
        return await services.accounts.choose(caller, new.gateway), None
    accounts = await services.accounts.of(caller)
    journey = Journey(
        currency=new.currency, amount_minor=new.amount_minor, method_type=new.method_type, country=new.country
    )
    decision = decide(services.parts.routes, journey, _usable(services, accounts, new))
    return await services.accounts.choose(caller, decision.gateway), decision.because


def _usable(services: Services, accounts: Sequence[GatewayAccount], new: NewPayment) -> set[str]:
    """The gateways that could take it at all: a token can only be charged where the server confirms."""
    able = ((account.gateway, _capabilities(services, account)) for account in accounts)
    return {name for name, can in able if can and (new.payment_method is None or can.server_can_confirm)}


def _kind(new: NewPayment, account: GatewayAccount, able: Capabilities | None) -> Literal["token", "hosted", "browser"]:
    """How the gateway gets to know the method. Raises InvalidInput for a way it does not have."""
    if new.payment_method is not None:
        if able is not None and not able.server_can_confirm and not new.off_session:
            ways = "leave it out, or name a saved method"
            raise InvalidInput("payment_method", f"{account.gateway} takes new ones from the customer only: {ways}")
        return "token"
    if new.off_session:
        raise InvalidInput("payment_method", "is required when the customer is not present")
    if able is None:
        raise unavailable("account_unavailable", f"the account at {account.gateway} is not served here yet; try again")
    if not new.on_page and not able.server_can_confirm:
        return "browser"
    if not able.hosted_checkout:
        raise InvalidInput("gateway", f"{account.gateway} has no payment page")
    if new.return_url is None:
        raise InvalidInput("return_url", "is required without a payment method: the customer comes back from a page")
    return "hosted"


def _capabilities(services: Services, account: GatewayAccount) -> Capabilities | None:
    """None for an account made moments ago, which this process has not read yet, or whose secret is not set."""
    try:
        return services.parts.gateways.for_account(account.id).capabilities
    except RecordNotFound:
        return None


async def _saved(services: Services, caller: Caller, new: NewPayment, method_id: str) -> Chosen:
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
    if new.gateway not in (None, AUTO, account.gateway):
        raise InvalidInput("gateway", f"the payment method is kept at {account.gateway}")
    choice = MethodChoice(
        kind="token",
        type=method.summary.type,
        token=method.token,
        customer_reference=customer.gateway_references.get(account.id),
    )
    because = "the saved payment method is kept there" if new.gateway == AUTO else None
    return Chosen(customer=customer, account=account, method=choice, because=because)


async def _customer(services: Services, caller: Caller, customer_id: str | None) -> Customer | None:
    if customer_id is None:
        return None
    customer = await services.parts.customers.read(caller, customer_id)
    if customer is None:
        raise InvalidInput("customer", "no such customer")
    return customer
