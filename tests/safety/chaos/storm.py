"""Carries out the draws on the house, its links and the simulator, and counts what it did."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2

from tests.safety.chaos.draws import GATEWAY_FAULTS, HANDS, SETTLING_FAULTS, WEBHOOK_FAULTS, Draw
from tests.safety.chaos.house import MORTAL, OURS, House
from tests.safety.chaos.meddler import Meddler
from tests.safety.chaos.weather import Weather
from tests.safety.proxy import LINK_FAULTS, Proxy

SERVICE_WEIGHT = 2

PATIENCE_SECONDS = 20.0
"""A gateway fault nobody met yet (a lag of lookups, and nobody looked) stays for so long; so does who meddles."""


@dataclass(slots=True)
class Damage:
    """How often what was struck; gateway and webhook faults count the calls they hit, not the times they were set."""

    kills: Counter[str] = field(default_factory=Counter)
    stops: Counter[str] = field(default_factory=Counter)
    terminations: Counter[str] = field(default_factory=Counter)
    links: Counter[str] = field(default_factory=Counter)
    gateway: Counter[str] = field(default_factory=Counter)
    webhooks: Counter[str] = field(default_factory=Counter)
    owners: Counter[str] = field(default_factory=Counter)
    timeline: list[tuple[float, str]] = field(default_factory=list)
    restart_seconds: list[float] = field(default_factory=list)
    restart_failures: list[str] = field(default_factory=list)

    @property
    def never_hit(self) -> list[str]:
        """What may go wrong and did not in this run: a long one must leave nothing out."""
        wanted = (
            (self.kills, MORTAL),
            (self.links, LINK_FAULTS),
            (self.gateway, map(class_of, (*GATEWAY_FAULTS, *SETTLING_FAULTS))),
            (self.webhooks, map(class_of, WEBHOOK_FAULTS)),
            (self.owners, HANDS),
        )
        return [name for counts, names in wanted for name in names if not counts[name]]

    def note(self, text: str) -> None:
        self.timeline.append((time.monotonic(), text))


class Storm:
    """`rage` strikes until told to stop; `settle` waits until everything struck is up again and calm."""

    def __init__(
        self, house: House, links: Mapping[str, Proxy], draws: Iterator[Draw], weather: Weather, control_url: str
    ) -> None:
        self.damage = Damage()
        self._house = house
        self._links = links
        self._draws = draws
        self._weather = weather
        self._control = httpx2.AsyncClient(base_url=control_url, timeout=30)
        self._meddler = Meddler(house.stack.temporal_address)
        self._strikes: set[asyncio.Task[None]] = set()

    async def rage(self) -> None:
        """Until cancelled."""
        for draw in self._draws:
            await asyncio.sleep(draw.pause_seconds)
            if self._weather.is_broken(draw.target):
                continue  # it is down already: the draw is passed over, so that the list stays the seed's
            self._weather.begin(draw.target, SERVICE_WEIGHT if draw.target not in OURS else 1)
            task = asyncio.create_task(self._strike(draw))
            self._strikes.add(task)
            task.add_done_callback(self._strikes.discard)

    async def settle(self) -> None:
        """Whatever was struck is up again, every link is whole, the gateway is calm."""
        await asyncio.gather(*self._strikes)
        for proxy in self._links.values():
            await proxy.calm()
        for name in MORTAL:
            if not self._house.parts[name].running:
                self.damage.restart_failures.append(f"{name} ended by itself")
                await asyncio.to_thread(self._house.revive, name)
        await self._control.post("/webhooks/release", json={})

    async def close(self) -> None:
        await self._control.aclose()

    async def _strike(self, draw: Draw) -> None:
        shown = f"{draw.strike} {draw.target} {draw.fault or ''} {draw.seconds:.1f} s".replace("  ", " ")
        self.damage.note(f"begins {shown}")
        try:
            match draw.strike:
                case "kill" | "terminate" | "stop":
                    await self._strike_process(draw)
                case "link":
                    self.damage.links[draw.fault["kind"]] += 1
                    await self._links[draw.target].fail(draw.fault["kind"], seconds=draw.seconds, amount=draw.amount)
                case "gateway":
                    await self._break_gateway(draw)
                case "owner":
                    await self._meddle(draw.fault["kind"], draw.amount)
                case _:
                    await self._break_webhooks(draw)
        finally:
            self._weather.end(draw.target)
            self.damage.note(f"ended {shown}")

    async def _strike_process(self, draw: Draw) -> None:
        house, name = self._house, draw.target
        if draw.strike == "stop":
            self.damage.stops[name] += 1
            await asyncio.to_thread(house.suspend, name)
            await asyncio.sleep(draw.seconds)
            await asyncio.to_thread(house.resume, name)
            return
        counts, end = (
            (self.damage.kills, house.kill) if draw.strike == "kill" else (self.damage.terminations, house.terminate)
        )
        counts[name] += 1
        await asyncio.to_thread(end, name)
        await asyncio.sleep(draw.seconds)
        self.damage.restart_seconds.append(await asyncio.to_thread(house.revive, name))

    async def _break_gateway(self, draw: Draw) -> None:
        match = {"path": "/v1/**", "count": None, "probability": draw.amount, "seed": int(draw.seconds * 1_000_000)}
        await self._armed("/faults", "faults", {"wire": "stripe", "match": match, **draw.fault}, draw.seconds)

    async def _break_webhooks(self, draw: Draw) -> None:
        await self._armed("/webhook-faults", "webhook_faults", {"match": {}, "count": None, **draw.fault}, draw.seconds)

    async def _meddle(self, kind: str, share: float) -> None:
        """Sooner or later a payment is under way and Temporal is there."""
        ends_at = time.monotonic() + PATIENCE_SECONDS
        while not (done := await self._meddler.meddle(kind, share)) and time.monotonic() < ends_at:
            await asyncio.sleep(0.25)
        self.damage.owners[kind] += done

    async def _armed(self, path: str, name: str, rule: Mapping[str, Any], seconds: float) -> None:
        (await self._control.post(path, json=dict(rule))).raise_for_status()
        await asyncio.sleep(seconds)
        ends_at = time.monotonic() + PATIENCE_SECONDS
        while not (hits := await self._hits(path, name)) and time.monotonic() < ends_at:
            await asyncio.sleep(0.25)
        (await self._control.delete(path)).raise_for_status()
        counts = self.damage.gateway if path == "/faults" else self.damage.webhooks
        counts[class_of(rule)] += hits

    async def _hits(self, path: str, name: str) -> int:
        states = (await self._control.get(path)).raise_for_status().json()[name]
        return sum(int(state["hits"]) for state in states)


def class_of(rule: Mapping[str, Any]) -> str:
    """The fault's name with what distinguishes it, as in `wrong_body html`."""
    stored = {True: "kept", False: "forgotten", None: ""}[rule.get("stored")]
    detail = rule.get("body") or stored
    return f"{rule['kind']} {detail}".strip()
