"""What is decided about a payment before it exists: who pays, through which account, and how."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from api.errors import Problem, invalid, unavailable
from api.saved_methods import UNSUPPORTED, gateway_customer
from api.services import Services
from domain.errors import InvalidInput
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
    """Raises InvalidInput or Problem 422 naming what does not fit: customer, gateway, payment or capture method."""
    if new.save_method and new.customer_id is None:
        raise InvalidInput("customer", "is required to save the payment method")
    if new.payment_method is not None and new.payment_method.startswith(f"{PREFIXES['payment_method']}_"):
        return await _saved(services, caller, new, new.payment_method)
    customer = await _customer(services, caller, new.customer_id)
    account, because = await _account(services, caller, new)
    kind = _kind(new, account, services.capabilities_of(account))
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
    able = ((account.gateway, services.capabilities_of(account)) for account in accounts)
    fits = ((name, can) for name, can in able if can and _impossible(new, name, can) is None)
    return {name for name, can in fits if new.payment_method is None or can.server_can_confirm}


def _kind(new: NewPayment, account: GatewayAccount, able: Capabilities | None) -> Literal["token", "hosted", "browser"]:
    """How the gateway gets to know the method. Raises InvalidInput and Problem for a way it does not have."""
    if new.off_session and new.payment_method is None:
        raise InvalidInput("payment_method", "is required when the customer is not present")
    if able is not None and (problem := _impossible(new, account.gateway, able)):
        raise problem
    if new.payment_method is not None:
        return "token"
    if able is None:
        raise unavailable("account_unavailable", f"the account at {account.gateway} is not served here yet; try again")
    if not _on_page(new, able):
        return "browser"
    if new.return_url is None:
        raise InvalidInput("return_url", "is required without a payment method: the customer comes back from a page")
    return "hosted"


def _impossible(new: NewPayment, gateway: str, able: Capabilities) -> Problem | None:
    """What is asked and this gateway cannot do, said before anything is written; None when it can."""
    if new.save_method and not able.stored_methods:
        return _unsupported("save_payment_method", f"{gateway} cannot keep payment methods", allowed=["false"])
    if new.payment_method is not None:
        if able.server_can_confirm or new.off_session:
            return None
        ways = "leave it out, or name a saved method"
        return invalid("payment_method", f"{gateway} takes new ones from the customer only: {ways}")
    if not _on_page(new, able):
        return None
    if not able.hosted_checkout:
        return invalid("gateway", f"{gateway} has no payment page")
    if new.capture_method == "manual" and not able.hosted_holds:
        why = f"{gateway}'s payment page takes the money at once and cannot hold it for a later capture"
        return _unsupported("capture_method", why, allowed=["automatic"])
    return None


def _unsupported(field: str, why: str, *, allowed: Sequence[str]) -> Problem:
    return invalid(field, f"{why}; allowed: {', '.join(allowed)}", allowed=allowed, code=UNSUPPORTED)


def _on_page(new: NewPayment, able: Capabilities) -> bool:
    """Whether the customer pays on a page of the gateway's, and not by its script on the merchant's."""
    return new.on_page or able.server_can_confirm


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
