"""One scheduled activity and its tries: at least once, and where a worker freezes or dies, two at a time."""

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from temporalio.activity import _Context as ActivityContext  # no public way to run an activity without a loop
from temporalio.activity import _current_context
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError

from tests.safety.simulation.life import Life
from tests.safety.simulation.process import Point, Process
from tests.safety.simulation.violation import Bug

if TYPE_CHECKING:
    from tests.safety.simulation.temporal import Temporal

HEARTBEAT_TIMEOUT_SECONDS = 8.0


class Activity:
    """One scheduled activity and its tries, which may overlap."""

    def __init__(
        self, temporal: "Temporal", life: Life, name: str, argument: Any, options: Any,
        done: Callable[[Any, Exception | None], None], *, local: bool,
    ) -> None:  # fmt: skip
        self._temporal = temporal
        self._life = life
        self._name = name
        self._argument = argument
        self._policy: RetryPolicy = options["retry_policy"]
        self._closes_at = temporal.timeline.seconds + options["schedule_to_close_timeout"].total_seconds()
        self._done = done
        self._local = local
        self._number = 0
        self._current: Process | None = None  # the try Temporal listens to

    def attempt(self) -> None:
        self._number += 1
        context = _context(self._number, self._policy, self._life.payment_id)
        method = self._temporal.activities[self._name]
        process = self._current = Process(
            method(self._argument),
            life=self._life,
            name=f"{self._name}#{self._number}",
            on_end=lambda value, error: self._ended(process, value, error),
            strike=self._strike,
            enter=lambda: _current_context.set(context) and None,
            skew_seconds=self._temporal.skew_of(self._life),
        )
        process.resume()

    def _strike(self, process: Process, point: Point) -> bool:
        kind = self._temporal.weather.processes.strike(self._life.random)
        if kind is None or kind == "lost_completion":
            return False
        timeline, draw = self._temporal.timeline, self._life.random
        self._hit(kind, process.name.partition("#")[0], point.name)
        if kind == "crash_before":
            process.die()
        elif kind == "crash_after":
            process.perform(point)  # the request travels, the commit happens; nobody hears of it
            process.die()
        else:
            longest = 40.0 if kind == "stall" else 6 * 3600.0
            timeline.after(draw.random() * longest, lambda: process.go_on(point))
        timeline.after(HEARTBEAT_TIMEOUT_SECONDS, lambda: self._lost(process))
        return True

    def _lost(self, process: Process) -> None:
        """No heartbeat: Temporal gives the try up, whatever has become of it."""
        if process is not self._current:
            return
        self._current = None
        if not process.is_dead:
            self._temporal.weather.hits["overlapping_tries"] += 1
        self._again(ApplicationError("activity Heartbeat timeout", type="TimeoutError"))

    def _hit(self, kind: str, name: str, point: str) -> None:
        self._temporal.weather.hits[f"{kind} {name} {point}"] += 1
        self._life.trace.append((self._temporal.timeline.elapsed_seconds, kind, f"{name} at {point}"))

    def _ended(self, process: Process, value: Any, error: BaseException | None) -> None:
        if process is not self._current:
            return  # a zombie's word: Temporal gave this try up
        self._current = None
        if self._temporal.weather.processes.strike(self._life.random) == "lost_completion":
            self._hit("lost_completion", self._name, "end")
            timeout = ApplicationError("activity Heartbeat timeout", type="TimeoutError")
            self._temporal.timeline.after(HEARTBEAT_TIMEOUT_SECONDS, lambda: self._again(timeout))
            return
        if error is None:
            self._done(value, None)
        elif isinstance(error, ApplicationError):
            self._again(error)
        else:
            raise Bug(self._life.payment_id, f"{self._name} raised {type(error).__name__}: {error}") from error

    def _again(self, error: ApplicationError) -> None:
        policy, timeline = self._policy, self._temporal.timeline
        delay = error.next_retry_delay or min(
            policy.initial_interval * policy.backoff_coefficient ** (self._number - 1),
            policy.maximum_interval or timedelta(seconds=100),
        )
        too_late = timeline.seconds + delay.total_seconds() >= self._closes_at
        if error.non_retryable or self._number >= policy.maximum_attempts or too_late:
            self._done(None, error if self._local else _activity_error(self._name, error))
            return
        timeline.after(delay.total_seconds(), self.attempt)


def _context(number: int, policy: RetryPolicy, payment_id: str) -> Any:
    """Where an activity finds itself. Of it only `info` is asked for, and of that only these."""
    info = SimpleNamespace(attempt=number, retry_policy=policy, workflow_id=payment_id)
    nothing: Any = None
    told: Any = lambda: info  # noqa: E731 - a lambda keeps the type checker out of what is only half an Info
    return ActivityContext(told, nothing, nothing, nothing, nothing, nothing, nothing, nothing, nothing)


def no_activity() -> None:
    """The context of the doors and sweeps."""
    _current_context.set(None)  # type: ignore[arg-type]  # what `in_activity` looks for


def _activity_error(name: str, cause: ApplicationError) -> ActivityError:
    error = ActivityError(
        "Activity task failed", scheduled_event_id=1, started_event_id=2, identity="worker", activity_type=name,
        activity_id="1", retry_state=None,
    )  # fmt: skip
    error.__cause__ = cause
    return error
