"""What the sweeps count, for Prometheus: one label, the sweep's name."""

from collections.abc import Callable, Iterable
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from activities.sweeps.seen import Seen

_ROUND_SECONDS = (0.005, 0.02, 0.1, 0.5, 2, 10, 30, 60)

Clock = Callable[[], datetime]


class SweepMetrics:
    """`waiting` and `oldest` are what the last round saw of the whole house, the same in every worker: take the maximum
    over workers. `found` is what this worker did about it: take the sum."""

    def __init__(self, registry: CollectorRegistry, clock: Clock, sweeps: Iterable[str]) -> None:
        self._clock = clock
        self._found = Counter(
            "payonce_sweep_found_total", "What a sweep acted on or spoke of", ["sweep"], registry=registry
        )
        self._failures = Counter(
            "payonce_sweep_failures_total", "Rounds of a sweep that failed", ["sweep"], registry=registry
        )
        self._seconds = Histogram(
            "payonce_sweep_round_seconds",
            "How long a round of a sweep took",
            ["sweep"],
            registry=registry,
            buckets=_ROUND_SECONDS,
        )
        self._waiting = Gauge("payonce_sweep_waiting", "How much a sweep saw waiting", ["sweep"], registry=registry)
        self._oldest = Gauge(
            "payonce_sweep_oldest_seconds", "Age of the oldest that a sweep saw waiting", ["sweep"], registry=registry
        )
        self._success_age = Gauge(
            "payonce_sweep_last_success_age_seconds",
            "Seconds since a round of a sweep succeeded, or since the worker started",
            ["sweep"],
            registry=registry,
        )
        self._succeeded_at = dict.fromkeys(sweeps, clock())
        for sweep in self._succeeded_at:
            self._begin(sweep)

    def succeeded(self, sweep: str, seen: Seen, *, seconds: float) -> None:
        now = self._clock()
        self._succeeded_at[sweep] = now
        self._seconds.labels(sweep).observe(seconds)
        self._found.labels(sweep).inc(seen.found)
        self._waiting.labels(sweep).set(seen.waiting)
        self._oldest.labels(sweep).set((now - seen.oldest_at).total_seconds() if seen.oldest_at else 0)

    def failed(self, sweep: str, *, seconds: float) -> None:
        self._seconds.labels(sweep).observe(seconds)
        self._failures.labels(sweep).inc()

    def _begin(self, sweep: str) -> None:
        """Series exist from the start, so that an alert on their rise sees the first failure too."""
        self._found.labels(sweep)
        self._failures.labels(sweep)
        self._success_age.labels(sweep).set_function(lambda: self._since_success(sweep))

    def _since_success(self, sweep: str) -> float:
        return (self._clock() - self._succeeded_at[sweep]).total_seconds()
