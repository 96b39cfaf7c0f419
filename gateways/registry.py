"""Which adapter serves a gateway account. Adding a gateway is one line in BUILDERS.

Holds secrets in memory only, by the name the account refers to; bootstrap reads them from the settings and hands them
in.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from domain.errors import RecordNotFound
from domain.gateway import Gateway
from domain.ports import GatewayAccount
from gateways.circuit import Circuit, CircuitNews, Silence
from gateways.guarded import guarded
from gateways.razorpay.adapter import RazorpayGateway
from gateways.stripe.adapter import StripeGateway


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySecrets:
    """What authenticates us to a gateway account and its webhooks to us. Several webhook secrets allow rotation."""

    secret_key: str = field(repr=False)
    key_id: str = ""  # the public half, where a key has two
    webhook_secrets: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """How every adapter reaches its gateway. `base_addresses` by gateway name lead to stand-ins."""

    base_addresses: Mapping[str, str] = field(default_factory=dict)
    timeout_seconds: float = 20.0


Builder = Callable[[GatewayAccount, GatewaySecrets, Wiring], Gateway]


def _stripe(account: GatewayAccount, secrets: GatewaySecrets, wiring: Wiring) -> Gateway:
    return StripeGateway(
        secret_key=secrets.secret_key,
        webhook_secrets=secrets.webhook_secrets,
        mode=account.mode,
        base_address=wiring.base_addresses.get("stripe"),
        timeout_seconds=wiring.timeout_seconds,
    )


def _razorpay(account: GatewayAccount, secrets: GatewaySecrets, wiring: Wiring) -> Gateway:
    return RazorpayGateway(
        key_id=secrets.key_id,
        key_secret=secrets.secret_key,
        webhook_secrets=secrets.webhook_secrets,
        mode=account.mode,
        base_address=wiring.base_addresses.get("razorpay"),
        timeout_seconds=wiring.timeout_seconds,
    )


BUILDERS: Mapping[str, Builder] = {
    "stripe": _stripe,
    "razorpay": _razorpay,
}


class Registry:
    """Implements `domain.gateway.Gateways`. Adapters are built on first use and kept; thread-safe. Each stands behind
    its account's circuit, by `clock` (UTC); `news` hears of those."""

    def __init__(
        self,
        *,
        secrets: Mapping[str, GatewaySecrets],
        accounts: Iterable[GatewayAccount] = (),
        wiring: Wiring | None = None,
        news: CircuitNews | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._secrets = dict(secrets)
        self._accounts = {account.id: account for account in accounts}
        self._wiring = wiring or Wiring()
        self._news = news or Silence()
        self._clock = clock
        self._adapters: dict[str, Gateway] = {}
        self._lock = threading.Lock()

    def add(self, account: GatewayAccount) -> None:
        """Makes an account known; an adapter built for an older version of it is built anew."""
        with self._lock:
            if self._accounts.get(account.id) != account:
                self._accounts[account.id] = account
                self._adapters.pop(account.id, None)

    @property
    def has_accounts(self) -> bool:
        return bool(self._accounts)

    def knows(self, account_id: str) -> bool:
        return account_id in self._accounts

    def for_account(self, account_id: str) -> Gateway:
        """Raises RecordNotFound naming what is missing: the account, its secrets, or its gateway."""
        with self._lock:
            adapter = self._adapters.get(account_id)
            if adapter is None:
                adapter = self._adapters[account_id] = self._build(account_id)
            return adapter

    def _build(self, account_id: str) -> Gateway:
        account = self._accounts.get(account_id)
        if account is None:
            raise RecordNotFound(f"gateway account {account_id} is not configured")
        builder = BUILDERS.get(account.gateway)
        if builder is None:
            raise RecordNotFound(f"gateway {account.gateway!r} is not built in; there are: {', '.join(BUILDERS)}")
        secrets = self._secrets.get(account.secret_name)
        if secrets is None:
            raise RecordNotFound(
                f"gateway account {account_id} needs the secret {account.secret_name!r}; it is not set"
            )
        circuit = Circuit(account_id, clock=self._clock, news=self._news)
        return guarded(builder(account, secrets, self._wiring), circuit)
