"""Many seeds over some processes, their figures added up, and for every failure the way to see it again.

A seed is wholly determined by its number, so a failure needs no shrinking of choices: it is lived again with the one
payment alone (each payment has its own randomness), and its trace printed. Where the payment alone does not fail, the
whole seed is named. Each form of the simulation gives its worlds, and what a run of many seeds must have seen.
"""

import gc
import itertools
import logging
import multiprocessing
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import structlog

from tests.safety.campaigns.outcome import Figures, Outcome
from tests.safety.simulation.trace import readable
from tests.safety.simulation.violation import Violation

ENOUGH_SEEDS = 100
"""A run of so many that never hits a named class fails."""


class Life(Protocol):
    """One payment's, as a failure tells of it."""

    index: int

    @property
    def plan(self) -> Any: ...
    @property
    def trace(self) -> list[tuple[float, str, Any]]: ...


class World(Protocol):
    @property
    def lives(self) -> Mapping[str, Life]: ...
    def run(self) -> Outcome:
        """Raises Violation (or whatever the product may never raise)."""
        ...

    def forget(self) -> None:
        """Let go of everything: the world is over."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """`build(seed, payments, only)` makes a world; `only`: of this one payment. `command` runs it again; `chunk`: seeds
    a process takes at a time."""

    proof: str
    command: str
    build: Callable[[int, int, int | None], World]
    classes: Collection[str]
    ends: Collection[str]
    chunk: int

    def run(self, seeds: Sequence[int], payments: int, *, processes: int) -> Figures:
        """In some processes, with a line of progress."""
        total, started = Figures(), time.monotonic()
        run_chunk = partial(self.run_here, payments=payments)
        with multiprocessing.get_context("fork").Pool(processes) as pool:
            for figures in pool.imap_unordered(run_chunk, list(_chunks(seeds, self.chunk))):
                total.merge(figures)
                _show_progress(total, len(seeds), time.monotonic() - started)
        sys.stderr.write("\n")
        return total

    def run_here(self, seeds: Sequence[int], payments: int) -> Figures:
        """In this process."""
        figures = Figures()
        with quiet():
            for seed in seeds:
                self._run_seed(seed, payments, figures)
        figures.rates.append(figures.payments / max(figures.cpu_seconds, 1e-9))
        return figures

    def never_hit(self, figures: Figures) -> list[str]:
        """Fault classes and ends nobody has seen: a run of many seeds must have none."""
        return figures.never_hit(self.classes, self.ends)

    def told(self, figures: Figures) -> dict[str, Any]:
        return {**figures.told(), "never_hit": self.never_hit(figures)}

    def _run_seed(self, seed: int, payments: int, figures: Figures) -> None:
        """One seed, added to the figures; a failure is described there."""
        started = time.process_time()
        world = self.build(seed, payments, None)
        try:
            figures.add(world.run())
        except Violation as violation:
            figures.seeds += 1
            figures.payments += payments
            figures.failures.append(self._described(seed, payments, world, violation))
        finally:
            world.forget()
        figures.cpu_seconds += time.process_time() - started

    def _described(self, seed: int, payments: int, world: World, violation: Violation) -> str:
        """The failure, how to see it again, and the trace: of the payment alone where that is enough."""
        life = world.lives[violation.payment_id]
        how = f"{self.command} --seed {seed} --payments {payments}"
        alone = self.build(seed, payments, life.index)
        try:
            alone.run()
        except Violation as again:
            life, violation, how = alone.lives[again.payment_id], again, f"{how} --only {life.index}"
        return f"{violation}\n  again: {how}\n{readable(life.trace)}\n"


class quiet:  # noqa: N801 - reads as a word: with quiet()
    """No log lines and hardly any garbage collection while seeds run: everything of a seed goes at once."""

    def __enter__(self) -> None:
        self._config = structlog.get_config()
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
        self._thresholds = gc.get_threshold()
        gc.set_threshold(200_000, 10, 100)

    def __exit__(self, *_error: object) -> None:
        structlog.configure(**self._config)
        gc.set_threshold(*self._thresholds)


def _show_progress(total: Figures, seeds: int, seconds: float) -> None:
    sys.stderr.write(
        f"\r{total.seeds}/{seeds} seeds, {total.payments:,} payments,"
        f" {sum(total.faults.values()):,} faults, {len(total.failures)} violations,"
        f" {total.payments / seconds:,.0f} payments/s "
    )
    sys.stderr.flush()


def _chunks(seeds: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    iterator = iter(seeds)
    while chunk := list(itertools.islice(iterator, size)):
        yield chunk
