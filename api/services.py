"""What one running API keeps between requests, built once by `create_app` from its parts."""

import asyncio
from collections import Counter
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

import structlog
from fastapi import Request

from api.accounts import Accounts
from api.authentication import Authenticator
from api.dependencies import ApiParts
from api.errors import Problem, not_found
from api.metrics import ApiMetrics
from api.presentation import Presenter
from api.webhook_desk import WebhookDesk
from domain.errors import RecordNotFound
from domain.gateway import Capabilities, Gateway, SignedCallbacks
from domain.payment import Payment
from domain.ports import GatewayAccount

log = structlog.get_logger()

COMMANDS_AT_ONCE = 5
"""Per payment and process. Temporal takes ten updates in flight per workflow and stalls the eleventh for seconds."""


class Services:
    """Caches, figures, background work and the webhook desk, beside the parts themselves."""

    def __init__(self, parts: ApiParts) -> None:
        self.parts = parts
        self.metrics = ApiMetrics(parts.registry)
        self.accounts = Accounts(
            parts.merchants, defaults=parts.default_accounts, clock=parts.clock, cache_seconds=parts.cache_seconds
        )
        self.authenticator = Authenticator(
            parts.merchants, mode=parts.mode, clock=parts.clock, cache_seconds=parts.cache_seconds
        )
        self.presenter = Presenter(
            temporal_ui_url=parts.temporal_ui_url,
            temporal_namespace=parts.temporal_namespace,
            callback_of=self._callback_of,
        )
        self.desk = WebhookDesk(parts, self.accounts, self.metrics)
        self._background: set[asyncio.Task[None]] = set()
        self._commands: Counter[str] = Counter()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run it after the answer. What it does must be safe to lose: a sweep does it again."""
        task = asyncio.get_running_loop().create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    @contextmanager
    def commanding(self, payment_id: str) -> Iterator[None]:
        """Holds a place among the commands on this payment. Raises Problem 429 when there is none."""
        if self._commands[payment_id] >= COMMANDS_AT_ONCE:
            detail = "too many commands on this payment at once; try again"
            raise Problem(429, "too_many_commands", detail, headers={"Retry-After": "1"})
        self._commands[payment_id] += 1
        try:
            yield
        finally:
            self._commands[payment_id] -= 1
            if not self._commands[payment_id]:
                del self._commands[payment_id]

    def gateway_at(self, gateway_name: str, account_id: str) -> Gateway:
        """The same Problem 404 for an account that is not there and for one at another gateway."""
        try:
            gateway = self.parts.gateways.for_account(account_id)
        except RecordNotFound:
            raise not_found("gateway account") from None
        if gateway.name != gateway_name:
            raise not_found("gateway account")
        return gateway

    def capabilities_of(self, account: GatewayAccount) -> Capabilities | None:
        """None for an account made moments ago, which this process has not read yet, or whose secret is not set."""
        try:
            return self.parts.gateways.for_account(account.id).capabilities
        except RecordNotFound:
            return None

    def _callback_of(self, payment: Payment) -> str | None:
        """It names the payment beside what the gateway signs: a browser that brings nothing signed goes home too."""
        try:
            gateway = self.parts.gateways.for_account(payment.account_id)
        except RecordNotFound:
            return None
        if not isinstance(gateway, SignedCallbacks):
            return None
        return f"{self.parts.public_url}/v1/callbacks/{payment.gateway}/{payment.account_id}?payment={payment.id}"

    async def close(self) -> None:
        """Finish what was accepted: the webhooks in hand and the payments being begun."""
        await self.desk.close()
        if self._background:
            await asyncio.wait(self._background, timeout=self.parts.wait_seconds)


def services_of(request: Request) -> Services:
    services: Services = request.app.state.services
    return services
