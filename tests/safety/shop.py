"""A running Payonce with its careful client, its referee and its operator's hands, for proofs that stop parts of it."""

import asyncio
import dataclasses
import json
import os
import re
import signal
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import httpx2
import psycopg
from temporalio.client import Client

from settings import Settings
from stack.assembly import ORDER, Stack
from stack.part import Part
from stack.ports import choose_free
from stack.processes import worker_recipe
from tests.client import Merchant, Referee, eventually
from workflows.converter import data_converter

T = TypeVar("T")
FINAL = (200, 201, 202, 402)
AMOUNT = 4999
INSIST_SECONDS = 60.0
BODY = {"amount": AMOUNT, "currency": "EUR", "payment_method": "pm_card_visa"}
THREE_D_SECURE = {"payment_method": "pm_card_authenticationRequired", "return_url": "https://shop.example/back"}


@dataclass(frozen=True)
class Shop:
    """Everything a proof needs of one stack."""

    stack: Stack
    merchant: Merchant
    referee: Referee

    # --- the client --------------------------------------------------------------------------------------------------

    def insist(self, path: str, body: dict[str, Any] | None = None, *, key: str | None = None) -> dict[str, Any]:
        """What a careful client does: the same request under the same key until there is a final answer."""
        key, deadline, problem = key or uuid.uuid4().hex, time.monotonic() + INSIST_SECONDS, ""
        while time.monotonic() < deadline:
            try:
                answer = self.merchant.post(path, body, key=key)
            except httpx2.TransportError as error:
                problem = str(error)
            else:
                if answer.status_code in FINAL:
                    final: dict[str, Any] = answer.json()
                    return final
                problem = answer.text
                assert answer.status_code in (409, 503), problem
            time.sleep(0.2)
        raise AssertionError(f"no final answer in {INSIST_SECONDS} s: {problem}")

    @contextmanager
    def paying(self, count: int, **fields: Any) -> Iterator[list[Future[dict[str, Any]]]]:
        """So many careful clients pay at once while the block runs; it ends when all have their answer."""
        with ThreadPoolExecutor(count) as threads:
            yield [threads.submit(self.insist, "/v1/payments", {**BODY, **fields}) for _ in range(count)]

    def pay(self, count: int, **fields: Any) -> list[str]:
        """The ids of so many payments made at once in quiet times."""
        with self.paying(count, **fields) as asked:
            return [future.result()["id"] for future in asked]

    def authenticate(self, payment: dict[str, Any]) -> None:
        """The customer passes 3-D Secure."""
        parts = payment["next_action"]["url"].replace("?", "/").split("/")
        intent = next(part for part in parts if part.startswith("pi_"))
        self.referee.post(f"/payments/{intent}/authenticate", {"result": "approve"})

    # --- the judges --------------------------------------------------------------------------------------------------

    def judge(self, payment_ids: Sequence[str], *, status: str = "captured", seconds: float = 60.0) -> float:
        """Each ends so, charged exactly once in our record and at the gateway; the seconds until the last did."""
        began = time.monotonic()
        assert len(set(payment_ids)) == len(payment_ids)
        for payment_id in payment_ids:
            payment = self.merchant.settles(payment_id, status, seconds)
            totals = self.referee.totals(payment_id)
            assert totals["charges"] == 1, (payment, totals)
            assert totals["captured_minor"] == payment["amounts"]["captured"], (payment, totals)
            assert totals["refunded_minor"] == payment["amounts"]["refunded"], (payment, totals)
            assert payment["attention"] == "none", payment
        return time.monotonic() - began

    def rows(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        """What the record itself says."""
        with psycopg.connect(self.stack.database_url, autocommit=True) as connection:
            return connection.execute(statement, parameters).fetchall()

    def sent(self, count: int, *, since: datetime) -> list[str]:
        """Waits until so many calls sent since then are under way at the gateway; their payments."""
        asked = "SELECT payment_id FROM attempts WHERE state = 'sent' AND sent_at >= %s"
        return [id_ for (id_,) in eventually(lambda: self.rows(asked, since), lambda rows: len(rows) >= count, 20)]

    def ledger_transactions(self, payment_id: str) -> int:
        return int(self.rows("SELECT count(*) FROM ledger_transactions WHERE payment_id = %s", payment_id)[0][0])

    # --- the operator ------------------------------------------------------------------------------------------------

    def temporal(self, act: Callable[..., Awaitable[T]], *arguments: object) -> T:
        """What somebody does with the Temporal command line or UI: `act` gets a client and the arguments."""

        async def connected() -> T:
            client = await Client.connect(self.stack.temporal_address, data_converter=data_converter())
            return await act(client, *arguments)

        return asyncio.run(connected())

    def figures_of(self, name: str, settings: Settings | None = None) -> dict[str, float]:
        """A series of each sweep as the worker tells it now."""
        port = (settings or self.stack.settings).payonce.worker_metrics_port
        text = httpx2.get(f"http://127.0.0.1:{port}/metrics", timeout=10).text
        found = re.findall(rf'^payonce_sweep_{name}{{sweep="(\w+)"}} (\S+)$', text, re.MULTILINE)
        return {sweep: float(value) for sweep, value in found}

    def figure(self, name: str, sweep: str, settings: Settings | None = None) -> float:
        """0 when there is none yet."""
        return self.figures_of(name, settings).get(sweep, 0.0)

    def said(self, part: str, event: str, **values: object) -> list[dict[str, Any]]:
        """What a part's log says of that, as long as it is JSON."""
        lines = self.stack.state.log(part).read_text(errors="replace").splitlines()
        records = [json.loads(line) for line in lines if line.startswith("{") and f'"{event}"' in line]
        return [r for r in records if r.get("event") == event and all(r.get(name) == v for name, v in values.items())]

    @contextmanager
    def second_worker(self) -> Iterator[tuple[Part, Settings]]:
        """Another worker of the same house, stopped at the end."""
        (port,) = choose_free(1)
        settings = self.stack.settings
        ours = settings.payonce.model_copy(update={"worker_metrics_port": port})
        other = settings.model_copy(update={"payonce": ours})
        recipe = dataclasses.replace(
            worker_recipe(other, self.stack.state), name="worker-2", log=self.stack.state.log("worker-2")
        )
        part = Part(recipe, run_folder=self.stack.state.run)
        part.start()
        try:
            yield part, other
        finally:
            part.stop()

    @contextmanager
    def frozen(self, name: str) -> Iterator[None]:
        """SIGSTOP, and SIGCONT at the end of the block."""
        pid = self.stack.pid(name)
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def whole_again(self) -> None:
        """Whatever a proof stopped runs again, also when it failed."""
        for name in ORDER:
            if not self.stack.parts[name].running:
                self.stack.restart(name)
