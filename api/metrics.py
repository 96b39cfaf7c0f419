"""What the API counts, for Prometheus: by route template, never by id."""

from prometheus_client import CollectorRegistry, Counter, Histogram

_LATENCY_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class ApiMetrics:
    """`webhook` results: accepted, duplicate, forged, refused, stale, waited, notified, orphan, left."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.requests = Counter(
            "payonce_api_requests", "Requests by route and status", ["method", "route", "status"], registry=registry
        )
        self.latency = Histogram(
            "payonce_api_request_seconds",
            "Time from the request's first byte to the answer's last",
            ["route"],
            registry=registry,
            buckets=_LATENCY_SECONDS,
        )
        self.webhooks = Counter(
            "payonce_api_webhooks", "Webhooks and their events by result", ["account", "result"], registry=registry
        )
        self.payments = Counter(
            "payonce_api_payments", "Payments created, by how they were first answered", ["status"], registry=registry
        )
        self.replays = Counter("payonce_api_replays", "Answers repeated for an Idempotency-Key", registry=registry)

    def answered(self, *, method: str, route: str, status: int, seconds: float) -> None:
        self.requests.labels(method, route, str(status)).inc()
        self.latency.labels(route).observe(seconds)
