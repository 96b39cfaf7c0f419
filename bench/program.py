"""One bench run on a stack of its own: legs in turns, then the lives, then the report."""

import os
import platform
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from bench.children import Child, LoadProcess
from bench.desks import let_go
from bench.figures import Comparison, Leg, Report, compare_latencies, compare_rates
from bench.lives import observe_lives
from bench.orders import Arm, Order, Target
from bench.plan import Plan
from bench.processors import measured
from bench.record import Record
from stack.assembly import ORDER, Stack
from stack.ports import LOOPBACK, choose_free
from stack.temporary import temporary_stack

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Tools:
    """What runs beside the stack for every plan: the bare arms, and a look into the database."""

    bare: Child
    inserts: Child
    insert_url: str
    record: Record

    def target(self, stack: Stack, plan: Plan) -> Target:
        return Target(
            api_url=stack.api_url,
            api_key=stack.api_key,
            insert_url=self.insert_url,
            customer_url=stack.simulator_url,
            purchase=plan.purchase,
        )


def run_bench(plans: Sequence[Plan], say: Say) -> tuple[Report, ...]:
    """Start everything, measure one plan after another, stop everything; the plans differ in their gateway only. Raises
    StackError when a part or an answer fails."""
    began = time.monotonic()
    say("starting a stack of its own")
    with temporary_stack(durable=plans[0].durable) as stack, _tools(stack) as tools:
        reports = []
        for plan in plans:
            reports.append(_report(stack, plan, tools, say, began))
            began = time.monotonic()
        return tuple(reports)


def _report(stack: Stack, plan: Plan, tools: Tools, say: Say, began: float) -> Report:
    say(f"gateway: {plan.gateway}")
    with LoadProcess(tools.target(stack, plan), stack.settings.as_environment()) as load:
        comparisons = Bench(plan, say, load, tools, stack).compare()
    say("lives")
    lives = observe_lives(stack, plan, tools.record)
    conditions = {
        "processors": os.cpu_count(),
        "python": platform.python_version(),
        "concurrency": plan.concurrency,
        "gateway": plan.gateway,
        "durable": plan.durable,
        "seconds": round(time.monotonic() - began, 1),
    }
    return Report(conditions=conditions, comparisons=comparisons, lives=lives, notes=plan.purchase.notes)


class Bench:
    """The running parts and the legs taken on them."""

    def __init__(self, plan: Plan, say: Say, load: LoadProcess, tools: Tools, stack: Stack) -> None:
        self._plan = plan
        self._say = say
        self._load = load
        self._record = tools.record
        self._stack = stack
        self._pids: dict[str, Callable[[], int]] = {name: partial(stack.pid, name) for name in ORDER}
        self._pids |= {"bare worker": lambda: tools.bare.pid, "bare api": lambda: tools.inserts.pid}
        self._pids |= {"load": lambda: load.pid}
        self._orders = 0

    def compare(self) -> tuple[Comparison, ...]:
        plan = self._plan
        self._say("warming up")
        for arm in ("payments", "bare", "inserts"):
            self.leg(arm, plan.warm_up, plan.concurrency, quiet=True)
        return (self._throughput(), self._latency(), self._acceptance())

    def leg(self, arm: Arm, count: int, concurrency: int, *, quiet: bool = False) -> Leg:
        """One arm alone, from a machine at rest back to a machine at rest."""
        self._orders += 1
        order = Order(arm=arm, name=f"{self._plan.gateway}-{arm}-{self._orders}", count=count, concurrency=concurrency)
        with measured(self._pids) as usage:
            done = self._load.carry_out(order)
            drain_seconds = self._record.drain() if arm in ("payments", "accepts") else 0.0
        let_go(self._stack, self._record.awaiting_customers())
        leg = Leg(
            arm=arm,
            count=count,
            concurrency=concurrency,
            seconds=done.seconds,
            drain_seconds=drain_seconds,
            latencies_milliseconds=tuple(done.latencies_milliseconds),
            processor_milliseconds_each=usage.milliseconds_each(count),
            others=usage.others,
        )
        if not quiet:
            self._say(f"{arm:<9} {leg.per_second:8.1f} /s   {count} at {concurrency} in {leg.seconds:.1f} s")
        return leg

    def _throughput(self) -> Comparison:
        plan = self._plan
        legs = self._turns(("payments", plan.payments), ("bare", plan.bare), concurrency=plan.concurrency)
        at_once = "payments/s from POST to captured, divided by bare one-activity workflows/s"
        by_customer = (
            "payments/s from POST, over the customer's paying, to captured, divided by bare workflows/s of one"
            " activity, one answer and one signal"
        )
        return compare_rates(legs, ours="payments", name="R1", **self._goal(at_once, by_customer, 0.75))

    def _latency(self) -> Comparison:
        singles = self._plan.singles
        legs = self._turns(("payments", singles), ("bare", singles), concurrency=1)
        at_once = "p50 latency of POST to captured, one at a time, divided by that of the bare workflow"
        by_customer = (
            "p50 latency of POST, over the customer's paying at once, to captured, one at a time, divided by that of"
            " the bare workflow with its answer and its signal"
        )
        goal = self._goal(at_once, by_customer, 1.6)
        return compare_latencies(legs, ours="payments", name="R2", lower_is_better=True, **goal)

    def _goal(self, at_once: str, by_customer: str, target: float) -> dict[str, Any]:
        """Targets are for gateways that answer at once."""
        if self._plan.purchase.by_customer:
            return {"meaning": by_customer}
        return {"meaning": at_once, "target": target}

    def _acceptance(self) -> Comparison:
        plan = self._plan
        legs = self._turns(("accepts", plan.accepts), ("inserts", plan.inserts), concurrency=plan.concurrency)
        return compare_rates(
            legs,
            ours="accepts",
            name="R4",
            meaning="payments/s durably accepted (202, everything else running), divided by bare FastAPI INSERTs/s",
        )

    def _turns(self, *arms: tuple[Arm, int], concurrency: int) -> list[Leg]:
        return [self.leg(arm, count, concurrency) for _ in range(self._plan.rounds) for arm, count in arms]


@contextmanager
def _tools(stack: Stack) -> Iterator[Tools]:
    environment = stack.settings.as_environment()
    port = choose_free(1)[0]
    with ExitStack() as parts:
        yield Tools(
            bare=parts.enter_context(Child("bench.bare_worker", environment=environment)),
            inserts=parts.enter_context(Child("bench.bare_api", str(port), environment=environment)),
            insert_url=f"http://{LOOPBACK}:{port}",
            record=parts.enter_context(Record(stack.database_url)),
        )
