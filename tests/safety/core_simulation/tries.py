"""An activity and its tries, driven by hand: `send(None)` until the coroutine is done, no event loop, no runtime.

The ports below it never suspend, so a calm try is one `send`. A crash is an exception no code of the product catches; a
stall suspends the try, which goes on later as a zombie beside the next one; a slow gateway suspends it as well.
"""

from collections.abc import Callable, Coroutine, Generator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, ClassVar

from temporalio.activity import _Context as ActivityContext  # no public way to run an activity without a loop
from temporalio.activity import _current_context
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError

from tests.safety.core_simulation.life import Life
from tests.safety.core_simulation.weather import Weather
from tests.safety.simulation.timeline import Timeline
from tests.safety.simulation.violation import Bug

HEARTBEAT_TIMEOUT_SECONDS = 8.0
_MOST_POINTS = 7
"""A try that is struck is struck at one of its first port calls; most have fewer than this."""

Activity = Callable[[Any], Coroutine[Any, Any, Any]]
Done = Callable[[Any, Exception | None], None]


class Crash(BaseException):
    """The worker's process ends here. No Exception: nobody may handle it."""


class Suspended:
    """Awaited by a port: the try goes on after some time. `beats`: its heart goes on meanwhile (it waits for the
    gateway); without, Temporal gives it up."""

    __slots__ = ("beats", "seconds")

    def __init__(self, seconds: float, *, beats: bool) -> None:
        self.seconds = seconds
        self.beats = beats

    def __await__(self) -> Generator["Suspended", None, None]:
        yield self


class Try:
    """One run of an activity's code. `points_left` counts port calls down to the one that is struck."""

    running: ClassVar["Try"]
    __slots__ = ("coroutine", "fault", "life", "name", "number", "points_left", "task")

    def __init__(self, task: "Task", number: int, fault: str | None, points_left: int) -> None:
        self.task = task
        self.life: Life = task.life
        self.name: str = task.name
        self.number = number
        self.fault = fault
        self.points_left = points_left
        self.coroutine = task.method(task.argument)

    def is_struck(self) -> bool:
        self.points_left -= 1
        return self.points_left == 0

    async def strike(self, point: str) -> bool:
        """What happens at a port call that is struck; whether the try dies right after doing what it asked for."""
        fault, weather = self.fault, self.task.weather
        weather.hits[f"{fault} {self.name} {point}"] += 1
        self.life.trace.append((self.task.timeline.elapsed_seconds, str(fault), f"{self.name} at {point}"))
        if fault == "crash_before":
            raise Crash
        if fault == "crash_after":
            return True
        longest = 40.0 if fault == "stall" else 6 * 3_600.0
        await Suspended(self.life.random.random() * longest, beats=False)
        return False


class Task:
    """One scheduled activity: tried again as Temporal would, until it is done, refused for good or out of tries."""

    __slots__ = (
        "argument", "closes_at", "current", "done", "life", "method", "name", "number", "options", "started_at",
        "timeline", "weather",
    )  # fmt: skip

    def __init__(
        self, timeline: Timeline, weather: Weather, life: Life, name: str, method: Activity, argument: Any,
        options: Any, done: Done,
    ) -> None:  # fmt: skip
        self.timeline = timeline
        self.weather = weather
        self.life = life
        self.name = name
        self.method = method
        self.argument = argument
        self.options = options
        self.done = done
        self.number = 0
        self.closes_at = timeline.seconds + options["schedule_to_close_timeout"].total_seconds()
        self.started_at = 0.0
        self.current: Try | None = None

    def attempt(self) -> None:
        self.number += 1
        self.started_at = self.timeline.seconds
        draw = self.life.random
        fault = self.weather.tries.strike(draw)
        points = 0 if fault is None else 1 + int(draw.random() * _MOST_POINTS)
        self.current = Try(self, self.number, fault, points)
        self.go_on(self.current)

    def abandon(self) -> None:
        """Nobody listens any more; a suspended try lives on as a zombie."""
        self.current = None
        self.done = _nobody

    def go_on(self, tried: Try) -> None:
        Try.running = tried
        _current_context.set(_context(tried.number, self.options["retry_policy"]))
        try:
            suspended: Suspended = tried.coroutine.send(None)
        except StopIteration as end:
            self._ended(tried, end.value, None)
        except Crash:
            self.timeline.after(HEARTBEAT_TIMEOUT_SECONDS, lambda: self._lost(tried))
        except ApplicationError as error:
            self._ended(tried, None, error)
        except Exception as error:
            raise Bug(self.life.payment_id, f"{self.name} raised {type(error).__name__}: {error}") from error
        else:
            self._sleep(tried, suspended)

    def _sleep(self, tried: Try, suspended: Suspended) -> None:
        self.timeline.after(suspended.seconds, lambda: self.go_on(tried))
        longest = self.options["start_to_close_timeout"].total_seconds() - (self.timeline.seconds - self.started_at)
        given_up = longest if suspended.beats else min(HEARTBEAT_TIMEOUT_SECONDS, longest)
        if suspended.seconds > given_up:
            self.timeline.after(given_up, lambda: self._lost(tried))

    def _lost(self, tried: Try) -> None:
        """No heartbeat, or too slow: Temporal gives the try up, whatever has become of it."""
        if tried is self.current:
            self.current = None
            if tried.fault in ("stall", "long_stall"):
                self.weather.hits["overlapping_tries"] += 1
            self._again(ApplicationError("activity timeout", type="TimeoutError"))

    def _ended(self, tried: Try, value: Any, error: ApplicationError | None) -> None:
        if tried is not self.current:
            return  # a zombie's word: Temporal gave this try up
        if self.weather.completions.strike(self.life.random) is not None:
            self.weather.hits[f"lost_completion {self.name}"] += 1
            self.timeline.after(HEARTBEAT_TIMEOUT_SECONDS, lambda: self._lost(tried))
            return
        self.current = None
        if error is None:
            self._close(value, None)
        else:
            self._again(error)

    def _again(self, error: ApplicationError) -> None:
        policy: RetryPolicy = self.options["retry_policy"]
        delay = error.next_retry_delay or min(
            policy.initial_interval * policy.backoff_coefficient ** (self.number - 1),
            policy.maximum_interval or timedelta(seconds=100),
        )
        seconds = delay.total_seconds()
        if (
            error.non_retryable
            or self.number >= policy.maximum_attempts
            or self.timeline.seconds + seconds >= self.closes_at
        ):
            self._close(None, error)
            return
        self.timeline.after(seconds, self._retry)

    def _close(self, value: Any, error: Exception | None) -> None:
        """Told once. It holds its owner no longer, who holds it: circles are left to the garbage collector."""
        done, self.done = self.done, _nobody
        done(value, error)

    def _retry(self) -> None:
        if self.done is not _nobody:
            self.attempt()


def _nobody(_value: Any, _error: Exception | None) -> None:
    return None


_contexts: dict[tuple[int, int], Any] = {}


def _context(number: int, policy: RetryPolicy) -> Any:
    """Where an activity finds itself. Of it only `info` is asked for, and of that only these."""
    key = (number, policy.maximum_attempts)
    context = _contexts.get(key)
    if context is None:
        info = SimpleNamespace(attempt=number, retry_policy=policy, workflow_id="")
        nothing: Any = None
        told: Any = lambda: info  # noqa: E731 - a lambda keeps the type checker out of what is only half an Info
        context = ActivityContext(told, nothing, nothing, nothing, nothing, nothing, nothing, nothing, nothing)
        _contexts[key] = context
    return context
