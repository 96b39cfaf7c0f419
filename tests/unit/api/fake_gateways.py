"""A gateway as the doors use it: webhooks, customers and saved methods."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from domain.commands import Abilities
from domain.errors import RecordNotFound, SignatureInvalid
from domain.gateway import Capabilities, GatewayEvent, MethodSetup, StoredMethod
from domain.operation import Verb
from tests.unit.api.fakes import VISA


@dataclass
class FakeGateway:
    """Only what the doors use. A webhook is good when it carries the header `signature: good`."""

    name: str = "stripe"
    events: dict[bytes, tuple[GatewayEvent, ...]] = field(default_factory=dict)
    setup: MethodSetup | None = None
    held: list[StoredMethod] = field(default_factory=list)
    customers: dict[str, str] = field(default_factory=dict)
    forgotten: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    error: Exception | None = None
    urls: list[str] = field(default_factory=list)
    server_can_confirm: bool = True
    hosted_checkout: bool = True
    hosted_holds: bool = True
    keeps_methods: bool = True
    saves_without_payment: bool = True

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            abilities=Abilities(),
            keyed_verbs=frozenset(Verb),
            key_life=timedelta(hours=24),
            finds_by_reference=True,
            settle_time=timedelta(seconds=1),
            server_can_confirm=self.server_can_confirm,
            hosted_checkout=self.hosted_checkout,
            hosted_holds=self.hosted_holds,
            stored_methods=self.keeps_methods,
            saves_without_payment=self.saves_without_payment,
        )

    def create_customer(self, *, customer_id: str, email: str | None, name: str | None) -> str:
        return self.customers.setdefault(customer_id, f"cus_{len(self.customers) + 1}")

    def save_method(self, *, customer_reference: str, token: str, key: str, return_url: str | None) -> MethodSetup:
        self.keys.append(key)
        if self.error is not None:
            raise self.error
        method = StoredMethod(token=f"{token}_saved", customer_reference=customer_reference, summary=VISA)
        return self.setup or MethodSetup(reference="seti_1", standing="succeeded", method=method)

    def stored_methods(self, *, customer_reference: str) -> Sequence[StoredMethod]:
        return self.held

    def forget_method(self, *, token: str) -> None:
        self.forgotten.append(token)

    def parse_webhook(
        self, *, headers: Mapping[str, str], raw: bytes, url: str, now: datetime
    ) -> Sequence[GatewayEvent]:
        self.urls.append(url)
        if headers.get("signature") != "good":
            raise SignatureInvalid("no")
        return self.events.get(raw, ())


@dataclass
class FakeScriptGateway(FakeGateway):
    """A gateway whose script runs in the customer's browser and signs the result: good when `seal` is `good`."""

    name: str = "east"
    server_can_confirm: bool = False
    returns: list[Mapping[str, str]] = field(default_factory=list)

    def parse_callback(self, *, fields: Mapping[str, str], now: datetime) -> GatewayEvent | None:
        self.returns.append(fields)
        if "error" in fields:
            return None
        if fields.get("seal") != "good":
            raise SignatureInvalid("no")
        return GatewayEvent(
            dedupe_key=f"callback_{fields['order']}",
            type="callback",
            occurred_at=now,
            outcome=None,
            references={"order": fields["order"]},
        )


class FakeGateways:
    def __init__(self, accounts: Mapping[str, FakeGateway]) -> None:
        self.by_account = dict(accounts)

    def for_account(self, account_id: str) -> Any:
        if account_id not in self.by_account:
            raise RecordNotFound(account_id)
        return self.by_account[account_id]
