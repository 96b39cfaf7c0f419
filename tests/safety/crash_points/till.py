"""A merchant's program that never gives up, with a look into the record for the test: hundreds of cells at a time."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
import psycopg
from psycopg.rows import dict_row
from temporalio.client import Client

from stack.assembly import Stack
from tests.safety.crash_points.control import Control
from workflows.converter import data_converter

PATIENCE_SECONDS = 2.3
"""A little longer than the API's shortened wait, a little shorter than a hang: some answers are not waited for."""

HEALED_SECONDS = 60.0
"""How long healing may take from when trouble ends: the death of a process under other cells begins it anew, and each
cell causes one death at most."""

LOOK_SECONDS = 0.3
AGAIN_SECONDS = 0.3
AGAIN = (409, 429, 500, 502, 503)

_STANDING = """
SELECT order_reference, id, state, attention, captured_minor, refunded_minor, is_open,
    (SELECT count(*) FROM webhook_inbox w WHERE w.payment_id = p.id AND w.handled_at IS NULL) AS unhandled,
    (SELECT count(*) FROM accepted_commands c WHERE c.payment_id = p.id AND c.answered_at IS NULL) AS unanswered
FROM payments p WHERE order_reference = ANY(%s)
"""
_UNDER_WAY = """
SELECT attention <> 'none' OR state IN ('created', 'processing') AS under_way FROM payments WHERE id = %s
"""
_METHODS = """
SELECT count(DISTINCT c.id) AS customers, count(m.id) AS methods, count(m.removed_at) AS removed
FROM customers c LEFT JOIN payment_methods m ON m.customer_id = c.id WHERE c.name = %s
"""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """The final answer of a request, and the request, to send it again."""

    path: str
    body: dict[str, Any]
    key: str
    status: int
    content: bytes

    def json(self) -> Any:
        return json.loads(self.content)


@dataclass
class Till:
    """Everything a cell needs; one for all of them."""

    http: httpx2.AsyncClient
    referee: httpx2.AsyncClient
    temporal: Client
    control: Control
    record: psycopg.AsyncConnection[Row]
    saved_methods: dict[str, tuple[str, str]] = field(default_factory=dict)
    _watched: dict[str, Row] = field(default_factory=dict)

    async def insist(self, path: str, body: dict[str, Any], *, key: str, final: tuple[int, ...] = ()) -> Answer:
        """The same request under the same key until there is a final answer: 2xx, 402, or one of `final`."""
        began, problem = time.time(), ""
        while self.patient(began):
            answer = await self.post(path, body, key=key)
            if answer is not None and is_final(answer, also=final):
                return Answer(path, body, key, answer.status_code, answer.content)
            problem = answer.text if answer is not None else "no answer"
            if answer is not None and answer.status_code not in AGAIN:
                break
            await asyncio.sleep(AGAIN_SECONDS)
        raise AssertionError(f"{path} {key}: {problem}")

    async def settled(self, payment_id: str) -> dict[str, Any]:
        """The payment once nothing is under way with it and it waits for somebody else."""
        began = time.time()
        while self.patient(began):
            rows = await self.rows(_UNDER_WAY, [payment_id])
            if not rows[0]["under_way"]:
                return await self.read(f"/v1/payments/{payment_id}")
            await asyncio.sleep(LOOK_SECONDS)
        raise AssertionError(f"{payment_id} is still under way")

    async def reaches(self, payment_id: str, state: str) -> None:
        """Once the payment is in that state and nothing is in doubt."""
        began, statement = time.time(), "SELECT state, attention FROM payments WHERE id = %s"
        while self.patient(began):
            stands = tuple((await self.rows(statement, [payment_id]))[0].values())
            if stands == (state, "none"):
                return
            await asyncio.sleep(LOOK_SECONDS)
        raise AssertionError(f"{payment_id} is {stands}, not {state}")

    def patient(self, began: float) -> bool:
        """Whether somebody who waits since `began` (time.time) has to wait on."""
        return time.time() - max(began, self.control.last_death_at()) < HEALED_SECONDS

    async def post(self, path: str, body: dict[str, Any], *, key: str) -> httpx2.Response | None:
        """One try; None when nobody answered in time."""
        try:
            return await self.http.post(path, json=body, headers={"Idempotency-Key": key})
        except httpx2.TransportError:
            return None

    async def read(self, path: str) -> dict[str, Any]:
        """A GET, repeated until it is answered."""
        began, problem = time.time(), ""
        while self.patient(began):
            try:
                answer = await self.http.get(path)
            except httpx2.TransportError as error:
                problem = repr(error)
            else:
                if answer.status_code == 200:
                    shown: dict[str, Any] = answer.json()
                    return shown
                problem = answer.text
            await asyncio.sleep(AGAIN_SECONDS)
        raise AssertionError(f"{path}: {problem}")

    async def tell(self, path: str, body: Mapping[str, Any]) -> Any:
        """The simulator, which no trouble of ours befalls: its answer."""
        return (await self.referee.post(path, json=dict(body))).raise_for_status().json()

    async def bring(self, url: str, fields: dict[str, str]) -> None:
        """What a customer's browser brings back from a gateway, as a form, reloaded until a page comes."""
        began, problem = time.time(), ""
        while self.patient(began):
            try:
                answer = await self.http.post(url, data=fields)
            except httpx2.TransportError as error:
                problem = repr(error)
            else:
                if answer.status_code in (200, 303):
                    return
                problem = f"{answer.status_code} {answer.text}"
            await asyncio.sleep(AGAIN_SECONDS)
        raise AssertionError(f"{url}: {problem}")

    async def methods_of(self, customer_name: str) -> tuple[int, int, int]:
        """How many customers of that name, of their saved methods, and of those removed again."""
        found = (await self.rows(_METHODS, [customer_name]))[0]
        return found["customers"], found["methods"], found["removed"]

    async def delete(self, path: str) -> int:
        """A request without a key: repeated until it is done, or was done by an earlier try."""
        while True:
            try:
                answer = await self.http.delete(path)
            except httpx2.TransportError:
                answer = None
            if answer is not None and answer.status_code in (204, 404):
                return answer.status_code
            await asyncio.sleep(AGAIN_SECONDS)

    async def watch(self) -> None:
        """For ever: look at every payment somebody waits for, all at once."""
        while True:
            if self._watched:
                rows = await self.rows(_STANDING, [list(self._watched)])
                self._watched.update({row["order_reference"]: row for row in rows})
            await asyncio.sleep(LOOK_SECONDS)

    def standing(self, cell: str) -> Row:
        """How the cell's payment stood at the last look; empty before the first."""
        return self._watched.setdefault(cell, {})

    def forget(self, cell: str) -> None:
        self._watched.pop(cell, None)

    async def rows(self, statement: str, parameters: list[Any]) -> list[Row]:
        cursor = await self.record.execute(statement.encode(), parameters)
        return await cursor.fetchall()


def is_final(answer: httpx2.Response, *, also: tuple[int, ...] = ()) -> bool:
    """A no that names a time to ask again is none yet."""
    return answer.status_code in (200, 201, 202, 402, *also) and "Retry-After" not in answer.headers


@asynccontextmanager
async def open_till(stack: Stack, control: Control) -> AsyncIterator[Till]:
    limits = httpx2.Limits(max_connections=200, max_keepalive_connections=80)
    headers = {"Authorization": f"Bearer {stack.api_key}"}
    async with (
        httpx2.AsyncClient(base_url=stack.api_url, headers=headers, timeout=PATIENCE_SECONDS, limits=limits) as http,
        httpx2.AsyncClient(base_url=stack.simulator_url, timeout=30) as referee,
        await psycopg.AsyncConnection.connect(stack.database_url, autocommit=True, row_factory=dict_row) as record,
    ):
        temporal = await Client.connect(stack.temporal_address, data_converter=data_converter())
        till = Till(http, referee, temporal, control, record)
        watching = asyncio.create_task(till.watch())
        yield till
        watching.cancel()
