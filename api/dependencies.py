"""What the doors are handed: ports, a clock, an id maker and plain values. Bootstrap fills it in; tests use fakes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from prometheus_client import CollectorRegistry

from domain.accepted_commands import AcceptedCommands
from domain.evidence import EvidenceRecords
from domain.gateway import Gateways
from domain.news import PaymentNews
from domain.owners import PaymentOwners
from domain.passes import ReconciliationArchive
from domain.ports import (
    Customers,
    DeliveryInbox,
    Health,
    Idempotency,
    Merchants,
    Mode,
    PaymentArchive,
)
from domain.routing import Route


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiParts:
    """Everything the API needs and nothing it builds itself. URLs have no slash at the end.

    `new_id` makes an id of a noun of `domain.identifiers.PREFIXES`. `default_accounts`: per gateway, the account that
    serves the routes that name a gateway but no account (`POST /api/webhooks/{gateway}`) and that takes a payment when
    a merchant has several and marks none as default. `routes`: the table behind `"gateway": "auto"`. `lock_seconds`
    must exceed `wait_seconds`.
    """

    archive: PaymentArchive
    evidence: EvidenceRecords
    idempotency: Idempotency
    merchants: Merchants
    customers: Customers
    inbox: DeliveryInbox
    accepted_commands: AcceptedCommands
    reconciliations: ReconciliationArchive
    owners: PaymentOwners
    news: PaymentNews
    gateways: Gateways
    health: Health
    clock: Callable[[], datetime]
    new_id: Callable[[str], str]
    registry: CollectorRegistry
    mode: Mode
    public_url: str
    temporal_ui_url: str
    temporal_namespace: str = "default"
    default_accounts: Mapping[str, str] = field(default_factory=dict)
    routes: tuple[Route, ...] = ()
    max_body_bytes: int = 1_000_000
    wait_seconds: float = 10.0
    lock_seconds: float = 30.0
    ping_seconds: float = 2.0
    cache_seconds: float = 5.0
    webhook_patience_seconds: float = 1.0
