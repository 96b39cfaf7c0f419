"""A merchant's program: it sends the same request under the same key until there is a final answer, however long."""

import asyncio
import json
import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx2

from tests.safety.chaos.weather import Weather

PATIENCE_SECONDS = 15.0
"""Longer than the API's own wait for a first answer (10 s)."""

IMPATIENCE_SECONDS = 0.4
"""Some clients hang up on an answer that is under way, and ask again."""

LONGEST_PAUSE_SECONDS = 2.0
BEARABLE_SECONDS = 60.0
"""In so much bearable time every request must have its final answer."""

UNRESOLVED_SECONDS = BEARABLE_SECONDS + 150.0
"""Where an operation of the payment is unresolved: an error the gateway keeps is believed after its settle time of two
minutes only, and until then no other operation may begin."""

RETRY = (409, 429, 503)
FINAL = (200, 201, 202, 402, 404, 409, 422)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request and its final answer: whoever sends it again must get these very bytes."""

    path: str
    body: bytes
    key: str
    status: int
    answer: bytes

    def json(self) -> Any:
        return json.loads(self.answer)


@dataclass(slots=True)
class Tally:
    """What all clients together did, and what they were told that nobody may be told."""

    requests: int = 0
    retries: int = 0
    lost: int = 0
    replays: int = 0
    complaints: list[str] = field(default_factory=list)


_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Client:
    """One shopper's way to the APIs, over several addresses; shared `tally` and `weather`."""

    def __init__(
        self, urls: Sequence[str], api_key: str, chance: random.Random, *, tally: Tally, weather: Weather
    ) -> None:
        self._urls = urls
        self._chance = chance
        self._tally = tally
        self._weather = weather
        headers = {"Authorization": f"Bearer {api_key}", "Content-Type": "application/json"}
        self._http = httpx2.AsyncClient(headers=headers, timeout=PATIENCE_SECONDS)

    async def close(self) -> None:
        await self._http.aclose()

    async def insist(self, path: str, body: dict[str, Any], *, key: str | None = None) -> Asked:
        """The final answer: 2xx, or a no that asking again cannot change."""
        key, raw = key or uuid.UUID(int=self._chance.getrandbits(128)).hex, json.dumps(body).encode()
        asked_at, tries = self._weather.bearable_seconds(), 0
        while True:
            answer = await self._post(path, raw, key)
            if answer is not None and is_final(answer):
                return Asked(path, raw, key, answer.status_code, answer.content)
            tries += 1
            self._tally.retries += 1
            told = "nothing" if answer is None else f"{answer.status_code} {answer.text[:200]}"
            within = UNRESOLVED_SECONDS if "operation_unresolved" in told else BEARABLE_SECONDS
            if self._weather.bearable_seconds() - asked_at > within:
                self._tally.complaints.append(
                    f"I8: {path} under {key} had no answer in {within:.0f} s of bearable time: {told}"
                )
                asked_at = self._weather.bearable_seconds()
            await asyncio.sleep(min(0.15 * 1.5**tries, LONGEST_PAUSE_SECONDS) * self._chance.uniform(0.5, 1))

    async def again(self, asked: Asked) -> str | None:
        """Send what was answered once more; what differs, in a sentence, or None. Only where nothing is broken."""
        self._tally.replays += 1
        answer = await self._post(asked.path, asked.body, asked.key, patience_seconds=PATIENCE_SECONDS)
        if answer is None:
            return f"I7: {asked.path} under {asked.key} could not be replayed"
        if (answer.status_code, answer.content) != (asked.status, asked.answer):
            was, now = asked.answer.decode(errors="replace"), answer.text
            return f"I7: {asked.path} under {asked.key} was {asked.status} {was}, is {answer.status_code} {now}"
        return None

    async def read(self, path: str) -> Any | None:
        """What a GET tells, or None while it cannot be told."""
        try:
            answer = await self._http.get(self._chance.choice(self._urls) + path)
        except httpx2.TransportError:
            return None
        if answer.status_code == 200:
            return answer.json()
        if answer.status_code == 404:
            self._tally.complaints.append(f"I3: {path} was answered once and is not there any more")
        elif answer.status_code != 503:
            self._tally.complaints.append(f"{path} answered {answer.status_code} {answer.text[:300]}")
        return None

    async def visit(self, url: str, form: dict[str, str]) -> bool:
        """The customer's browser; whether the page took it."""
        try:
            answer = await self._http.post(url, data=form, headers=_FORM)
        except httpx2.TransportError:
            return False
        return answer.status_code < 400

    async def _post(
        self, path: str, raw: bytes, key: str, *, patience_seconds: float | None = None
    ) -> httpx2.Response | None:
        self._tally.requests += 1
        hurried = IMPATIENCE_SECONDS if self._chance.random() < 0.1 else PATIENCE_SECONDS
        try:
            answer = await self._http.post(
                self._chance.choice(self._urls) + path,
                content=raw,
                headers={"Idempotency-Key": key},
                timeout=patience_seconds or hurried,
            )
        except httpx2.TransportError:
            self._tally.lost += 1
            return None
        if answer.status_code not in {*FINAL, *RETRY}:
            self._tally.complaints.append(f"{path} under {key} answered {answer.status_code} {answer.text[:300]}")
        return answer


def is_final(answer: httpx2.Response) -> bool:
    """A 409 that says when to come back is about this moment only."""
    return answer.status_code in FINAL and "Retry-After" not in answer.headers
