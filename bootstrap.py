"""The only module that knows everyone: settings in; database, Temporal client, gateways, activities and API out.

Every process (worker, API, command line, test) builds its parts here, so they are built one way only.
"""

import asyncio
import gc
import os
import secrets
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
import uvloop
from prometheus_client import CollectorRegistry
from temporalio.client import Client, TLSConfig
from temporalio.service import KeepAliveConfig, RetryConfig

import telemetry
from activities.circuits import CircuitReport
from activities.clock import temporal_time
from activities.failing import arm
from activities.inbox import InboxActivities
from activities.operations import OperationActivities
from activities.reconciliation import ReconciliationActivities, ReconciliationMetrics
from activities.recorder import Recorder
from activities.records import RecordActivities
from activities.sweeps.paces import paces
from activities.sweeps.rounds import Sweeps
from activities.wire import Wire
from domain import scopes
from domain.errors import RecordError
from domain.identifiers import compose_id
from domain.ports import GatewayAccount, Merchants, Mode
from domain.register import MerchantRegister
from gateways.registry import Registry
from settings import Settings
from stack.gateways import build_gateways, read_routes, served_gateways
from storage.accepted_commands import PostgresAcceptedCommands
from storage.customers import PostgresCustomers
from storage.database import Database, Limits
from storage.evidence import PostgresEvidence
from storage.idempotency import PostgresIdempotency
from storage.inbox import PostgresInbox
from storage.merchants import PostgresMerchants
from storage.news import PostgresNews, listening
from storage.payment_archive import PostgresPaymentArchive
from storage.payment_records import PostgresPaymentRecords
from storage.reconciliation import PostgresReconciliation
from storage.reconciliation_archive import PostgresReconciliationArchive
from storage.upkeep import PostgresUpkeep
from workflows.converter import data_converter
from workflows.owner import TemporalPaymentOwners
from workflows.troubles import TemporalOwnerTroubles

if TYPE_CHECKING:
    from api.dependencies import ApiParts

log = structlog.get_logger()

GATEWAY_TIMEOUT_SECONDS = 20.0
"""How long one gateway call may take; shorter than the activity's own bound (`workflows/options.py`)."""

WAIT_SECONDS = 10.0
"""How long the API waits for a payment's first answer before it says 202."""

LOCK_SECONDS = 20.0
"""How long one request may hold its Idempotency-Key: the wait, and the time to keep the command and leave it. After a
crash the next try goes on from there."""

GATEWAY_THREADS = 64
ACCOUNTS_EVERY_SECONDS = 10.0


def run_to_end(main: Coroutine[Any, Any, None]) -> None:
    """Run one of our server processes on uvloop, which costs about a third less CPU than the standard loop."""
    gc.collect()
    gc.freeze()  # what is loaded by now stays for ever: the collector need not walk it again and again
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main)


def utc_now() -> datetime:
    return datetime.now(UTC)


def new_id(noun: str) -> str:
    return compose_id(noun, at_milliseconds=time.time_ns() // 1_000_000, entropy=os.urandom(10))


@dataclass(frozen=True, slots=True)
class House:
    """What every process shares."""

    settings: Settings
    database: Database
    client: Client
    gateways: Registry
    metrics: CollectorRegistry

    @property
    def owners(self) -> TemporalPaymentOwners:
        return TemporalPaymentOwners(self.client, task_queue=self.settings.payonce.task_queue)


@asynccontextmanager
async def open_house(settings: Settings, metrics: CollectorRegistry, *, lazy: bool = True) -> AsyncIterator[House]:
    """The shared parts, closed again at the end. `lazy`: Temporal is connected to on first use; it may come later."""
    arm(settings.payonce.fail)
    async with AsyncExitStack() as parts:
        database = await parts.enter_async_context(open_database(settings))
        gateways = build_gateways(settings, timeout_seconds=GATEWAY_TIMEOUT_SECONDS, news=CircuitReport(metrics))
        keeper = asyncio.create_task(_keep_accounts(settings, database, gateways))
        parts.callback(keeper.cancel)
        yield House(settings, database, await connect(settings, lazy=lazy), gateways, metrics)


def open_database(settings: Settings, limits: Limits | None = None) -> Database:
    return Database(_database_url(settings), limits)


def _database_url(settings: Settings) -> str:
    url = settings.database.url
    if url is None:
        raise ValueError("DATABASE_URL is not set")
    return url.get_secret_value()


async def connect(settings: Settings, *, lazy: bool) -> Client:
    """A Temporal client that gives up soon: what it cannot deliver now, a sweep delivers later."""
    temporal = settings.temporal
    return await Client.connect(
        temporal.address or "",
        namespace=temporal.namespace,
        data_converter=data_converter(),
        api_key=temporal.api_key.get_secret_value() if temporal.api_key else None,
        tls=_tls(settings),
        lazy=lazy,
        retry_config=RetryConfig(max_elapsed_time_millis=2_000, max_retries=4),
        keep_alive_config=KeepAliveConfig(interval_millis=10_000, timeout_millis=5_000),
    )


def _tls(settings: Settings) -> TLSConfig | bool:
    temporal = settings.temporal
    if temporal.tls_cert is None and temporal.tls_ca is None:
        return temporal.tls or temporal.api_key is not None
    return TLSConfig(
        server_root_ca_cert=_bytes(temporal.tls_ca),
        client_cert=_bytes(temporal.tls_cert),
        client_private_key=_bytes(temporal.tls_key),
    )


def _bytes(path: Path | None) -> bytes | None:
    return path.read_bytes() if path else None


async def load_accounts(settings: Settings, database: Database, gateways: Registry) -> None:
    """Make every account of this mode known. Raises RecordUnavailable."""
    for account in await PostgresMerchants(database).all_accounts(settings.payonce.mode):
        gateways.add(account)


async def _keep_accounts(settings: Settings, database: Database, gateways: Registry) -> None:
    """Accounts created later are served without a restart."""
    while True:
        try:
            await load_accounts(settings, database, gateways)
        except RecordError as error:
            log.warning("accounts_not_read", reason=str(error))
        await asyncio.sleep(ACCOUNTS_EVERY_SECONDS if gateways.has_accounts else 0.5)


# --- the worker -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WorkerParts:
    """What one Temporal worker runs."""

    activities: tuple[Callable[..., Any], ...]
    sweeps: Sweeps


def build_worker_parts(house: House, threads: ThreadPoolExecutor) -> WorkerParts:
    records, inbox = PostgresPaymentRecords(house.database), PostgresInbox(house.database)
    recorder, wire = Recorder(records, temporal_time), Wire(threads)
    operations = OperationActivities(recorder, house.gateways, wire, PostgresEvidence(house.database))
    absorbing = InboxActivities(recorder, inbox, house.gateways, wire)
    loading = RecordActivities(recorder, house.gateways)
    sweeps = Sweeps(
        records=records,
        upkeep=PostgresUpkeep(house.database),
        inbox=inbox,
        accepted_commands=PostgresAcceptedCommands(house.database),
        owners=house.owners,
        troubles=TemporalOwnerTroubles(house.client, task_queue=house.settings.payonce.task_queue),
        clock=utc_now,
        registry=house.metrics,
        paces=paces(house.settings.payonce.sweep_factor),
    )
    activities: tuple[Callable[..., Any], ...] = (
        operations.begin,
        operations.perform,
        operations.resolve,
        absorbing.absorb,
        absorbing.check,
        loading.load,
        loading.abandon,
        loading.decide,
        *_reconciling(house, inbox, wire),
    )
    return WorkerParts(activities, sweeps)


def _reconciling(house: House, inbox: PostgresInbox, wire: Wire) -> tuple[Callable[..., Any], ...]:
    records, metrics = PostgresReconciliation(house.database), ReconciliationMetrics(house.metrics, utc_now)
    parts: dict[str, Any] = {"inbox": inbox, "owners": house.owners, "gateways": house.gateways, "wire": wire}
    hands = ReconciliationActivities(records=records, clock=temporal_time, new_id=new_id, metrics=metrics, **parts)
    return (hands.due, hands.begin, hands.walk, hands.walked, hands.compare, hands.mend, hands.end)


# --- the API --------------------------------------------------------------------------------------------------------


def build_api_parts(house: House, news: PostgresNews) -> "ApiParts":
    from api.dependencies import ApiParts

    settings, database = house.settings, house.database
    return ApiParts(
        archive=PostgresPaymentArchive(database),
        evidence=PostgresEvidence(database),
        idempotency=PostgresIdempotency(database),
        merchants=PostgresMerchants(database),
        customers=PostgresCustomers(database),
        inbox=PostgresInbox(database),
        accepted_commands=PostgresAcceptedCommands(database),
        reconciliations=PostgresReconciliationArchive(database),
        owners=house.owners,
        news=news,
        gateways=house.gateways,
        health=database,
        clock=utc_now,
        new_id=new_id,
        registry=house.metrics,
        mode=settings.payonce.mode,
        public_url=settings.public_url,
        temporal_ui_url=settings.temporal_ui_url,
        temporal_namespace=settings.temporal.namespace,
        wait_seconds=WAIT_SECONDS,
        lock_seconds=LOCK_SECONDS,
        default_accounts={name: default_account_id(name, settings.payonce.mode) for name in served_gateways(settings)},
        routes=read_routes(settings),
    )


def _news_lost(reason: str) -> None:
    """Clients get their answers later, by reading the record; nothing else is lost."""
    log.warning("payment_news_lost", reason=reason)


async def serve_api(settings: Settings) -> None:
    """One API process, until it is told to stop."""
    import uvicorn

    from api.app import create_app

    metrics = telemetry.new_registry()
    async with open_house(settings, metrics) as house, listening(_database_url(settings), _news_lost) as news:
        config = uvicorn.Config(
            create_app(build_api_parts(house, news)),
            host=settings.payonce.host,
            port=settings.payonce.api_port,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=40,
            server_header=False,
        )
        await uvicorn.Server(config).serve()


# --- merchants ------------------------------------------------------------------------------------------------------

DEFAULT_MERCHANT_ID = "mer_00000000000000000000000000"


def default_account_id(gateway: str, mode: Mode) -> str:
    """The account `payonce up` creates; also the last part of its webhook address."""
    return f"{gateway}_{mode}"


def api_key_hash(api_key: str) -> str:
    return sha256(api_key.encode()).hexdigest()


def new_api_key(mode: Mode) -> str:
    return f"sk_{mode}_{secrets.token_urlsafe(24)}"


async def create_merchant(settings: Settings, merchants: MerchantRegister, name: str) -> str:
    """A merchant with an account at each gateway, in the mode of the settings; the merchant's id."""
    merchant_id, now = new_id("merchant"), utc_now()
    await merchants.create_merchant(merchant_id=merchant_id, name=name, at=now)
    for account in new_accounts(settings, merchant_id, lambda _gateway: new_id("account")):
        await merchants.create_account(account, at=now)
    return merchant_id


async def create_api_key(
    merchants: Merchants, merchant_id: str, mode: Mode, scopes: frozenset[str] = scopes.DEFAULT
) -> tuple[str, str]:
    """The new key's id and the key itself, which is nowhere kept: only its hash is in the database."""
    key_id, api_key = new_id("api_key"), new_api_key(mode)
    hashed, last4 = api_key_hash(api_key), api_key[-4:]
    await merchants.create_api_key(
        key_id=key_id, merchant_id=merchant_id, mode=mode, key_hash=hashed, last4=last4, at=utc_now(), scopes=scopes
    )
    return key_id, api_key


def new_accounts(settings: Settings, merchant_id: str, id_for: Callable[[str], str]) -> list[GatewayAccount]:
    """The merchant's account at each gateway that is served, the default one first."""
    return [
        GatewayAccount(
            id=id_for(gateway),
            merchant_id=merchant_id,
            mode=settings.payonce.mode,
            gateway=gateway,
            secret_name=secret_name,
            is_default=number == 0,
        )
        for number, (gateway, secret_name) in enumerate(served_gateways(settings).items())
    ]
