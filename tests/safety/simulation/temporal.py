"""Temporal as the product sees it: the product's own PaymentWorkflow is run, in the loop of a runtime of ours.

At least once: an activity whose process died or stalled is tried again while the first try may still be going on;
completions are lost; runs are reset and then hear their messages again, or are terminated and hear nothing. The
workflow's own code is deterministic, so a crash of the process it runs in changes nothing and is not modelled.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, fields
from types import SimpleNamespace
from typing import Any

from domain.messages import EventNotice, PaymentStart, Receipt
from tests.safety.simulation.activity import Activity
from tests.safety.simulation.life import Life
from tests.safety.simulation.timeline import Timeline
from tests.safety.simulation.violation import Bug
from tests.safety.simulation.weather import Weather
from workflows.payment import PaymentWorkflow

Answer = Callable[[Receipt | None, Exception | None], None]
_BEGINS = "begins" in {field.name for field in fields(PaymentStart)}


class Again(Exception):
    """The run continues as new."""


@dataclass(slots=True)
class Strand:
    """One coroutine of a workflow run: its loop, or the handler of one update."""

    coroutine: Coroutine[Any, Any, Any]
    on_end: Callable[[Any, Exception | None], None]
    condition: Callable[[], bool] | None = None
    is_ready: bool = True
    value: Any = None
    error: Exception | None = None
    waits: int = 0  # counts what it waited for, so that a late timer knows it is late
    is_done: bool = False


class _Await:
    """What the workflow's code awaits: handed to the run that steps it."""

    __slots__ = ("start",)

    def __init__(self, start: Callable[["Run", Strand], None]) -> None:
        self.start = start

    def __await__(self) -> Any:
        return (yield self)


class Run:
    """One run of one payment's workflow, and the runtime its code finds itself in."""

    def __init__(self, temporal: "Temporal", life: Life, *, begins: bool) -> None:
        self.temporal = temporal
        self.life = life
        self.is_closed = False
        self.heard: list[Any] = []  # what a reset applies again
        self._strands: list[Strand] = []
        self._history = 0
        self._is_turning = False
        self._loop: Any = SimpleNamespace()
        setattr(self._loop, "__temporal_workflow_runtime", self)
        self.begins = begins
        start = PaymentStart(payment_id=life.payment_id, **({"begins": begins} if _BEGINS else {}))
        self.workflow = PaymentWorkflow(start)
        self._strands.append(Strand(self.workflow.run(start), self._ended))

    # --- the runtime: what `temporalio.workflow`'s functions ask ----------------------------------------------------

    def workflow_time_ns(self) -> int:
        return int(self.temporal.timeline.seconds * 1e9)

    def workflow_now(self) -> Any:
        return self.temporal.timeline.moment()

    def workflow_info(self) -> Any:
        return SimpleNamespace(get_current_history_length=lambda: self._history)

    def workflow_all_handlers_finished(self) -> bool:
        return len(self._strands) == 1

    def workflow_set_current_details(self, _details: str) -> None:
        return None

    def workflow_upsert_search_attributes(self, *_attributes: Any, **_how: Any) -> None:
        return None

    def workflow_patch(self, _id: str, **_how: Any) -> bool:
        return True

    def workflow_continue_as_new(self, *_args: Any, **_how: Any) -> None:
        raise Again

    def workflow_wait_condition(self, condition: Callable[[], bool], *, timeout: float | None = None, **_: Any) -> Any:
        return _Await(lambda run, strand: run._wait(strand, condition, timeout))

    def workflow_sleep(self, duration: float, **_: Any) -> Any:
        return _Await(lambda run, strand: run._wait(strand, lambda: False, duration, raises=False))

    def workflow_start_activity(self, activity: Any, *args: Any, **options: Any) -> Any:
        return _Await(lambda run, strand: run._do(strand, activity, args, options, local=False))

    def workflow_start_local_activity(self, activity: Any, *args: Any, **options: Any) -> Any:
        return _Await(lambda run, strand: run._do(strand, activity, args, options, local=True))

    # --- messages ----------------------------------------------------------------------------------------------------

    def signal(self, message: Any) -> None:
        self.heard.append(message)
        if isinstance(message, EventNotice):
            self.workflow.gateway_event(message)
        elif message is not None:
            self.workflow.command(message)
        self.turn()

    def update(self, command: Any, answer: Answer) -> None:
        self.heard.append(command)
        handler: Coroutine[Any, Any, Receipt] = getattr(self.workflow, command.kind)(command)
        self._strands.append(Strand(handler, answer))
        self.turn()

    def abandon(self) -> None:
        """The run is no more: reset or terminated. Whoever waits for an update is told that it failed."""
        self.is_closed = True
        for strand in self._strands[1:]:
            strand.on_end(None, RuntimeError("the workflow run is gone"))

    # --- stepping ----------------------------------------------------------------------------------------------------

    def turn(self) -> None:
        """One workflow task: every strand goes as far as it can."""
        if self._is_turning:
            return  # an activity ended at once: the loop below sees it
        self._is_turning = True
        asyncio._set_running_loop(self._loop)
        try:
            while not self.is_closed and self._advance():
                pass
        finally:
            asyncio._set_running_loop(None)
            self._is_turning = False

    def _advance(self) -> bool:
        progress = False
        for strand in tuple(self._strands):
            if strand.is_ready or (strand.condition is not None and strand.condition()):
                progress = True
                self._step(strand)
        return progress

    def _step(self, strand: Strand) -> None:
        value, error = strand.value, strand.error
        strand.is_ready, strand.condition, strand.value, strand.error = False, None, None, None
        strand.waits += 1
        try:
            awaited = strand.coroutine.send(value) if error is None else strand.coroutine.throw(error)
        except StopIteration as end:
            self._end(strand, end.value, None)
        except Exception as raised:
            self._end(strand, None, raised)
        else:
            awaited.start(self, strand)

    def _end(self, strand: Strand, value: Any, error: Exception | None) -> None:
        strand.is_done = True
        self._strands.remove(strand)
        strand.on_end(value, error)

    def _wait(
        self, strand: Strand, condition: Callable[[], bool], timeout: float | None, *, raises: bool = True
    ) -> None:
        strand.condition = condition
        if timeout is None:
            return
        waits = strand.waits

        def out_of_time() -> None:
            if strand.waits == waits and not strand.is_done and not self.is_closed:
                self._history += 4
                strand.error = TimeoutError() if raises else None
                strand.is_ready = True
                self.turn()

        self.temporal.timeline.after(timeout, out_of_time)

    def _do(self, strand: Strand, activity: Any, args: Any, options: Any, *, local: bool) -> None:
        def done(value: Any, error: Exception | None) -> None:
            if self.is_closed:
                return
            self._history += 4
            strand.value, strand.error, strand.is_ready = value, error, True
            self.turn()

        Activity(self.temporal, self.life, activity.__name__, args[0], options, done, local=local).attempt()

    def _ended(self, _value: Any, error: Exception | None) -> None:
        self.is_closed = True
        again = isinstance(error, Again)
        if error is not None and not again:
            raise Bug(self.life.payment_id, f"the workflow failed: {type(error).__name__}: {error}") from error
        self.temporal.ended(self, again=again)


class Temporal:
    """All runs, one open per payment at most; `activities` are the product's methods by name."""

    def __init__(self, timeline: Timeline, weather: Weather) -> None:
        self.timeline = timeline
        self.weather = weather
        self.activities: dict[str, Callable[[Any], Coroutine[Any, Any, Any]]] = {}
        self.runs: dict[str, Run] = {}
        self.runs_begun = 0
        self.on_work: Callable[[], None] = lambda: None  # the sweeps' turn
        self.left_alone: dict[str, None] = {}  # payments whose run is gone; most of them need none any more

    def skew_of(self, life: Life) -> float:
        """Each try may land on another worker, with another clock."""
        return self.weather.skews_seconds[int(life.random.random() * len(self.weather.skews_seconds))]

    def run_of(self, life: Life, *, begins: bool = False) -> Run:
        """The open run of a payment; a new one where there is none."""
        run = self.runs.get(life.payment_id)
        if run is None:
            run = self._new(life, begins=begins)
        return run

    def is_running(self, payment_id: str) -> bool:
        return payment_id in self.runs

    def ended(self, run: Run, *, again: bool) -> None:
        if self.runs.get(run.life.payment_id) is run:
            del self.runs[run.life.payment_id]
            self.leave_alone(run.life.payment_id)
            if again:
                self._new(run.life, begins=False)

    def reset(self, life: Life) -> None:
        """An operator resets to the beginning: a fresh run hears every message of the old one again."""
        old = self.runs.pop(life.payment_id)
        old.abandon()
        run = self._new(life, begins=old.begins)
        for message in old.heard:
            run.signal(message)

    def terminate(self, life: Life) -> None:
        self.runs.pop(life.payment_id).abandon()
        self.leave_alone(life.payment_id)

    def leave_alone(self, payment_id: str) -> None:
        self.left_alone[payment_id] = None
        self.on_work()

    def _new(self, life: Life, *, begins: bool) -> Run:
        self.runs_begun += 1
        run = self.runs[life.payment_id] = Run(self, life, begins=begins)
        self.timeline.after(0.0, run.turn)
        return run
