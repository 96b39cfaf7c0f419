"""One bench run on a stack of its own: legs in turns, then the lives, then the report."""

import os
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

from bench.children import Child, LoadProcess
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


def run_bench(plan: Plan, say: Say) -> Report:
    """Start everything, measure, stop everything. Raises StackError when a part or an answer fails."""
    began = time.monotonic()
    say("starting a stack of its own")
    with temporary_stack(durable=plan.durable) as stack, _bench(stack, plan, say) as bench:
        comparisons = bench.compare()
        say("lives: automatic capture, manual capture, 3-D Secure")
        lives = observe_lives(stack, plan, bench.record)
        seconds = round(time.monotonic() - began, 1)
        conditions = {
            "processors": os.cpu_count(),
            "python": platform.python_version(),
            "concurrency": plan.concurrency,
            "gateway": plan.gateway,
            "durable": plan.durable,
            "seconds": seconds,
        }
        return Report(conditions=conditions, comparisons=comparisons, lives=lives)


class Bench:
    """The running parts and the legs taken on them."""

    def __init__(self, plan: Plan, say: Say, load: LoadProcess, record: Record, pids: dict[str, Callable[[], int]]):
        self._plan = plan
        self._say = say
        self._load = load
        self._pids = pids
        self._orders = 0
        self.record = record

    def compare(self) -> tuple[Comparison, ...]:
        plan = self._plan
        self._say("warming up")
        for arm in ("payments", "bare", "inserts"):
            self.leg(arm, plan.warm_up, plan.concurrency, quiet=True)
        return (self._throughput(), self._latency(), self._acceptance())

    def leg(self, arm: Arm, count: int, concurrency: int, *, quiet: bool = False) -> Leg:
        """One arm alone, from a machine at rest back to a machine at rest."""
        self._orders += 1
        order = Order(arm=arm, name=f"{arm}-{self._orders}", count=count, concurrency=concurrency)
        with measured(self._pids) as usage:
            done = self._load.carry_out(order)
            drain_seconds = self.record.drain() if arm in ("payments", "accepts") else 0.0
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
        return compare_rates(
            legs,
            ours="payments",
            name="R1",
            meaning="payments/s from POST to captured, divided by bare one-activity workflows/s",
            target=0.75,
        )

    def _latency(self) -> Comparison:
        singles = self._plan.singles
        legs = self._turns(("payments", singles), ("bare", singles), concurrency=1)
        return compare_latencies(
            legs,
            ours="payments",
            name="R2",
            meaning="p50 latency of POST to captured, one at a time, divided by that of the bare workflow",
            target=1.6,
            lower_is_better=True,
        )

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
def _bench(stack: Stack, plan: Plan, say: Say) -> Iterator[Bench]:
    """The bench's own processes beside the stack's."""
    environment = stack.settings.as_environment()
    port = choose_free(1)[0]
    target = Target(
        api_url=stack.api_url,
        api_key=stack.api_key,
        insert_url=f"http://{LOOPBACK}:{port}",
        gateway=plan.gateway,
        payment_method=plan.payment_method,
    )
    with ExitStack() as parts:
        bare = parts.enter_context(Child("bench.bare_worker", environment=environment))
        inserts = parts.enter_context(Child("bench.bare_api", str(port), environment=environment))
        load = parts.enter_context(LoadProcess(target, environment))
        record = parts.enter_context(Record(stack.database_url))
        pids: dict[str, Callable[[], int]] = {name: partial(stack.pid, name) for name in ORDER}
        pids |= {"bare worker": lambda: bare.pid, "bare api": lambda: inserts.pid, "load": lambda: load.pid}
        yield Bench(plan, say, load, record, pids)
