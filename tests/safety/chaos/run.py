"""One chaos run: storm and stories together, then a quiet time, then the checker.

The storm ends when as many payments have begun and as many processes were killed as asked. From then on nothing
is broken any more, and every payment must come to rest; how long each one took is the recovery time.
"""

import asyncio
import random
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from cli.reconcile import run_pass
from domain.outcomes import NOT_EXECUTED
from tests.safety.chaos import evidence
from tests.safety.chaos.books import Books, read_books, unsettled
from tests.safety.chaos.checker import check
from tests.safety.chaos.client import Client, Tally
from tests.safety.chaos.draws import Pace, draws
from tests.safety.chaos.house import APIS, OURS, SERVICES, House, open_house
from tests.safety.chaos.stories import KINDS, Story
from tests.safety.chaos.storm import Storm
from tests.safety.chaos.weather import Weather
from tests.safety.proxy import Proxy

CONVERGE_SECONDS = 60.0
QUIET_SECONDS = 100.0
"""How long the checker waits for what is late, so that it can say how late."""

SETTLE_SECONDS = 120.0
"""Stripe's settle time (`gateways/stripe/adapter.py`): before it "not found" means nothing, so what can be settled by
that alone cannot come to rest earlier. Its recovery is counted from there."""

SETTLED_WITHIN_SECONDS = 150.0
"""After the last strike everything is up again in this time, or the run itself is broken and says where it stands."""

REPLAYS_AT_ONCE = 8
ACCOUNT = "stripe_test"
LINES_SHOWN_SECONDS = 4.5
"""The simulator's last refund has failed, if it will, and stands in its statement."""

Say = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Plan:
    """`at_most_seconds` bounds the storm, `spread_seconds` is how evenly payments begin over it."""

    seed: int
    payments: int
    kills: int
    spread_seconds: float
    at_most_seconds: float
    shoppers: int = 16
    pace: Pace = field(default_factory=Pace)
    replays: int = 1_000
    evidence: Path | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """Figures to print, and every violation as (payment id, sentence)."""

    figures: dict[str, Any]
    violations: Sequence[tuple[str, str]]
    evidence: Path | None


def run(plan: Plan, say: Say) -> Result:
    with open_house() as house:
        return asyncio.run(_Run(plan, house, say).all())


class _Run:
    def __init__(self, plan: Plan, house: House, say: Say) -> None:
        self._plan = plan
        self._house = house
        self._say = say
        self._began = time.monotonic()
        self._weather = Weather()
        self._tally = Tally()
        self._stories: list[Story] = []
        self._clients: list[Client] = []
        self._links: dict[str, Proxy] = {}
        self._differences: Counter[str] = Counter()
        self._enough = False  # time is up: no more payments begin

    async def all(self) -> Result:
        await self._open_links()
        stack = self._house.stack
        door = f"http://127.0.0.1:{self._links['door'].port}"
        await asyncio.to_thread(self._house.prepare, door_url=door)
        await asyncio.to_thread(self._house.start, via=lambda p, s: self._links[f"{p}>{s}"].port)
        storm = Storm(
            self._house, self._links, draws(self._plan.seed, self._plan.pace), self._weather, stack.simulator_url
        )
        try:
            calm_at = await self._weather_the(storm)
            late = await self._quiet(calm_at)
            late += await self._reconcile()
            books = await asyncio.to_thread(read_books, stack.database_url, await self._effects())
            violations = [*check(books, self._stories), *await self._replays(), *late]
            violations += [("", sentence) for sentence in self._tally.complaints]
            return self._result(storm, books, violations, calm_at)
        except BaseException:
            kept = evidence.keep_logs(self._plan.evidence, self._plan.seed, self._house, storm.damage)
            self._say(f"the run itself failed; its logs and the timeline of faults are in {kept}")
            raise
        finally:
            await storm.close()
            for client in self._clients:
                await client.close()
            for proxy in self._links.values():
                await proxy.close()

    async def _open_links(self) -> None:
        for process in OURS:
            for service in SERVICES:
                self._links[f"{process}>{service}"] = Proxy(f"{process}>{service}", [self._house.service_port(service)])
        self._links["door"] = Proxy("door", [self._house.ports[name] for name in APIS])
        for proxy in self._links.values():
            await proxy.open()

    async def _weather_the(self, storm: Storm) -> float:
        """The moment from which nothing was broken any more."""
        self._say(f"seed {self._plan.seed}: {self._plan.payments} payments, at least {self._plan.kills} kills")
        raging = asyncio.create_task(storm.rage())
        living = asyncio.create_task(self._begin_stories())
        ends_at = time.monotonic() + self._plan.at_most_seconds
        while not (len(self._stories) >= self._plan.payments and storm.damage.kills.total() >= self._plan.kills):
            if raging.done():
                await raging
            if time.monotonic() > ends_at:
                self._enough = True
                break
            await asyncio.sleep(1)
            self._progress(storm)
        raging.cancel()
        await asyncio.gather(raging, return_exceptions=True)
        await asyncio.wait_for(storm.settle(), SETTLED_WITHIN_SECONDS)
        storm.damage.note("quiet from here on")
        calm_at = time.monotonic()
        self._living = living
        return calm_at

    async def _begin_stories(self) -> None:
        """All stories, no more than so many at once, begun evenly."""
        chance, places = random.Random(self._plan.seed + 1), asyncio.Semaphore(self._plan.shoppers)
        kinds, pause = list(KINDS), self._plan.spread_seconds / self._plan.payments
        self._clients = [self._client(chance) for _ in range(self._plan.shoppers)]
        async with asyncio.TaskGroup() as living:
            for number in range(self._plan.payments):
                client = self._clients[number % len(self._clients)]
                own = random.Random(chance.getrandbits(64))
                story = Story(number, kinds[number % len(kinds)], client, own, own.randrange(1_000, 50_000))
                await places.acquire()
                if self._enough:
                    return
                self._stories.append(story)
                task = living.create_task(story.live())
                task.add_done_callback(lambda _: places.release())
                await asyncio.sleep(pause * chance.uniform(0, 1.6))

    def _client(self, chance: random.Random) -> Client:
        urls = [self._house.api_url(name) for name in APIS]
        own = random.Random(chance.getrandbits(64))
        return Client(urls, self._house.stack.api_key, own, tally=self._tally, weather=self._weather)

    async def _quiet(self, calm_at: float) -> list[tuple[str, str]]:
        """Wait until every story has ended and nothing is open in the record; what stayed open, in sentences."""
        deadline = calm_at + QUIET_SECONDS + (SETTLE_SECONDS if self._plan.pace.settling else 0)
        done, _ = await asyncio.wait({self._living}, timeout=deadline - time.monotonic())
        if done:
            self._living.result()
        else:
            self._living.cancel()
            await asyncio.gather(self._living, return_exceptions=True)
        while True:
            found = await asyncio.to_thread(unsettled, self._house.stack.database_url)
            if found.is_nothing:
                return []
            if time.monotonic() > deadline:
                return [("", f"I8: {found} after the quiet time")]
            await asyncio.sleep(0.25)

    async def _reconcile(self) -> list[tuple[str, str]]:
        """What no webhook will ever tell any more (a refund that bounced while nobody listened) the books do. What
        stays open after it, in sentences: the pass waits for its repairs."""
        await asyncio.sleep(LINES_SHOWN_SECONDS)
        stack = self._house.stack
        told = await run_pass(stack.settings, ACCOUNT, None, None, 1.0)
        self._differences = Counter(f"{each['difference']} {each['status']}" for each in told["findings"])
        deadline = time.monotonic() + QUIET_SECONDS
        while not (found := await asyncio.to_thread(unsettled, stack.database_url)).is_nothing:
            if time.monotonic() > deadline:
                return [("", f"I8: {found} after the books")]
            await asyncio.sleep(0.25)
        return []

    async def _effects(self) -> list[dict[str, Any]]:
        async with httpx2.AsyncClient(base_url=self._house.stack.simulator_url, timeout=60) as control:
            effects: list[dict[str, Any]] = (await control.get("/effects")).raise_for_status().json()["effects"]
            return effects

    async def _replays(self) -> list[tuple[str, str]]:
        """Requests asked again under their keys, long after: the same bytes."""
        told = [(story.payment_id, story.client, asked) for story in self._stories for asked in story.asked]
        chosen = random.Random(self._plan.seed + 2).sample(told, min(len(told), self._plan.replays))
        places = asyncio.Semaphore(REPLAYS_AT_ONCE)

        async def one(payment_id: str, client: Client, asked: Any) -> list[tuple[str, str]]:
            async with places:
                wrong = await client.again(asked)
            return [(payment_id, wrong)] if wrong else []

        answers = await asyncio.gather(*(one(*each) for each in chosen))
        return [violation for found in answers for violation in found]

    def _progress(self, storm: Storm) -> None:
        ended = sum(story.ended_at is not None for story in self._stories)
        seconds = time.monotonic() - self._began
        self._say(
            f"{seconds:5.0f} s  {len(self._stories)} payments begun, {ended} at rest, "
            f"{storm.damage.kills.total()} kills; broken now: {', '.join(self._weather.troubles) or 'nothing'}"
        )

    def _result(self, storm: Storm, books: Books, violations: Sequence[tuple[str, str]], calm_at: float) -> Result:
        damage, tally = storm.damage, self._tally
        recoveries = sorted(_recoveries(books, self._stories, calm_at))
        recovery = [seconds for seconds, _ in recoveries]
        figures: dict[str, Any] = {
            "payments": len(books.payments),
            "stories": len(self._stories),
            "operations": sum(len(rows) for rows in books.operations.values()),
            "gateway_effects": sum(len(rows) for rows in books.effects.values()),
            "kills": dict(damage.kills) | {"total": damage.kills.total()},
            "stops": dict(damage.stops) | {"total": damage.stops.total()},
            "terminations": damage.terminations.total(),
            "link_faults": dict(damage.links) | {"total": damage.links.total()},
            "gateway_faults": dict(damage.gateway) | {"total": damage.gateway.total()},
            "webhook_faults": dict(damage.webhooks) | {"total": damage.webhooks.total()},
            "owners_meddled_with": dict(damage.owners) | {"total": damage.owners.total()},
            "never_hit": damage.never_hit,
            "died_by_themselves": damage.restart_failures,
            "requests": {"sent": tally.requests, "retried": tally.retries, "lost": tally.lost},
            "replays_compared": tally.replays,
            "restarts_tried_again": len(self._house.complaints),
            "restart_seconds": _spread(damage.restart_seconds),
            "in_flight_when_calm": len(recovery),
            "recovery_seconds": _spread(recovery),
            "slowest": {told: round(seconds, 1) for seconds, told in recoveries[-3:]},
            "found_by_reconciliation": dict(self._differences),
            "parked": sum(payment["attention"] == "parked" for payment in books.payments.values()),
            "states": _counted(str(payment["state"]) for payment in books.payments.values()),
            "violations": len(violations),
            "wall_seconds": round(time.monotonic() - self._began, 1),
        }
        kept = None
        if violations:
            kept = evidence.keep(
                self._plan.evidence, self._plan.seed, self._house, books, damage, self._stories, violations, figures
            )
        return Result(figures, violations, kept)


def _recoveries(books: Books, stories: Sequence[Story], calm_at: float) -> Iterator[tuple[float, str]]:
    """Seconds from the calm, or from the end of the gateway's settle time where only that could tell, to rest; with the
    payment and what was seen of it in that time."""
    offset = time.time() - time.monotonic()
    for story in stories:
        if story.ended_at is None or story.ended_at <= calm_at:
            continue
        could_rest_at = calm_at
        for operation in books.operations.get(story.payment_id, ()):
            if (operation["decline"] or {}).get("code") == NOT_EXECUTED.code:
                could_rest_at = max(could_rest_at, operation["started_at"].timestamp() - offset + SETTLE_SECONDS)
        name = " ".join([story.kind, story.payment_id, *(told for at, told in story.seen if at > calm_at)])
        yield max(0.0, story.ended_at - could_rest_at), name


def _spread(seconds: Sequence[float]) -> dict[str, float]:
    """p50, p99 and the longest."""
    if not seconds:
        return {"p50": 0.0, "p99": 0.0, "max": 0.0}
    ordered = sorted(seconds)
    ninety_nine = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    return {
        "p50": round(statistics.median(ordered), 2),
        "p99": round(ninety_nine, 2),
        "max": round(ordered[-1], 2),
    }


def _counted(words: Any) -> dict[str, int]:
    counted: dict[str, int] = {}
    for word in words:
        counted[word] = counted.get(word, 0) + 1
    return counted
