"""What operators are told when a gateway rejects an account's credentials: a log line, and figures for Prometheus."""

from datetime import datetime

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge

log = structlog.get_logger()


class CircuitReport:
    """Hears what becomes of the circuits of this process (`gateways/circuit.py`). Others have their own picture: take
    the maximum over processes."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._open = Gauge(
            "payonce_gateway_circuit_open",
            "1 while calls for an account are held back because the gateway rejects its credentials",
            ["account"],
            registry=registry,
        )
        self._held_back = Counter(
            "payonce_gateway_held_back", "Calls not sent for an open circuit", ["account"], registry=registry
        )

    def watched(self, account_id: str) -> None:
        """The series exist from the account's first call."""
        self._open.labels(account_id).set(0)
        self._held_back.labels(account_id)

    def opened(self, account_id: str, *, since: datetime, until: datetime) -> None:
        self._open.labels(account_id).set(1)
        log.error(
            "gateway_circuit_open",
            account_id=account_id,
            reason="the gateway rejects the credentials of this account; its calls are held back",
            since=since.isoformat(),
            next_try_at=until.isoformat(),
        )

    def closed(self, account_id: str, *, since: datetime) -> None:
        self._open.labels(account_id).set(0)
        log.info("gateway_circuit_closed", account_id=account_id, was_open_since=since.isoformat())

    def held_back(self, account_id: str) -> None:
        self._held_back.labels(account_id).inc()
