"""The load process: `python -m bench.load`. Orders come in on standard input, a line of JSON each; answers go out.

Closed loop: `concurrency` callers, each sending its next request when it has its answer. A wrong answer fails the leg:
a figure for work that was not done is worse than none.
"""

import asyncio
import sys
import time
from collections.abc import Iterator, Sequence

from temporalio.client import Client

import bootstrap
import telemetry
from bench.arms import Caller, WrongAnswer, open_callers
from bench.orders import Done, Order, Target
from settings import Settings, read_settings


async def closed_loop(callers: Sequence[Caller], names: Iterator[str]) -> Done:
    """Every name once, spread over the callers. Raises WrongAnswer and whatever breaks a connection."""
    latencies: list[float] = []

    async def work(caller: Caller) -> None:
        for name in names:
            began = time.perf_counter()
            await caller(name)
            latencies.append((time.perf_counter() - began) * 1000)

    began = time.perf_counter()
    async with asyncio.TaskGroup() as workers:
        for caller in callers:
            workers.create_task(work(caller))
    return Done(seconds=time.perf_counter() - began, latencies_milliseconds=latencies)


async def carry_out(order: Order, target: Target, client: Client) -> Done:
    """The leg, or why it failed."""
    names = (f"{order.name}-{number}" for number in range(order.count))
    try:
        async with open_callers(order, target, client) as callers:
            return await closed_loop(callers, names)
    except* (WrongAnswer, OSError, EOFError) as failures:
        failure = failures.exceptions[0]
    return Done(failure=f"{type(failure).__name__}: {failure}")


async def run(settings: Settings) -> None:
    """The first line is the target; orders follow until standard input ends."""
    target = Target.model_validate_json(await _line())
    client = await bootstrap.connect(settings, lazy=False)
    print("ready", flush=True)
    while line := await _line():
        done = await carry_out(Order.model_validate_json(line), target, client)
        print(done.model_dump_json(), flush=True)


async def _line() -> str:
    return await asyncio.to_thread(sys.stdin.readline)


def main() -> None:
    settings = read_settings(required=("TEMPORAL_ADDRESS",))
    telemetry.configure_logging(level="warning")
    bootstrap.run_to_end(run(settings))
    telemetry.leave(0)


if __name__ == "__main__":
    main()
