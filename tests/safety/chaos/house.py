"""The processes of a chaos run: the parts of a temporary stack, two APIs and two workers, each on links of its own.

The simulator is the referee: nobody kills it. Everything else may be killed, stopped and started again by name.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace

import psutil
from pydantic import SecretStr

from settings import Settings
from stack import preparation, processes
from stack.assembly import Stack
from stack.errors import StackError
from stack.part import Part, Recipe
from stack.ports import choose_free
from stack.temporary import temporary_stack

APIS = ("api-1", "api-2")
WORKERS = ("worker-1", "worker-2")
OURS = (*APIS, *WORKERS)
SERVICES = ("postgres", "temporal", "stripe")
"""What our processes talk to; each pair of a process and a service is a link."""

MORTAL = (*OURS, "postgres", "temporal")
START_TIMEOUT_SECONDS = 120.0
STOP_TIMEOUT_SECONDS = 45.0

Via = Callable[[str, str], int]
"""The port through which a process reaches a service."""


class House:
    """Blocking methods; call them from a thread inside async code."""

    def __init__(self, stack: Stack, *, extra: Mapping[str, Mapping[str, str]] | None = None) -> None:
        """`extra`: environment variables for single processes, by name."""
        self.stack = stack
        self.ports = dict(zip(OURS, choose_free(len(OURS)), strict=True))
        self.parts: dict[str, Part] = {}
        self.complaints: list[str] = []
        """Why a part could not be started at once, in the words of its supervisor."""
        self._extra = extra or {}

    def service_port(self, service: str) -> int:
        """Where a service really listens."""
        ours = self.stack.given.payonce
        return {
            "postgres": ours.postgres_port,
            "temporal": ours.temporal_port,
            "stripe": ours.simulator_stripe_port,
        }[service]

    def api_url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.ports[name]}"

    def prepare(self, *, door_url: str | None = None) -> None:
        """Tables, default merchant and webhook address. Raises StackError."""
        preparation.migrate(self.stack.database_url)
        self.stack.api_key = preparation.seed(self.stack.settings)
        preparation.listen_to_simulator(
            self.stack.settings, control_url=self.stack.simulator_url, api_url=door_url or self.api_url(APIS[0])
        )

    def start(self, *, via: Via | None = None) -> None:
        """All our processes at once. Raises StackError."""
        direct: Via = lambda _process, service: self.service_port(service)  # noqa: E731 - the type says what it is
        for name in OURS:
            self.parts[name] = Part(self._recipe(name, via or direct), run_folder=self.stack.state.run)
        for name in MORTAL[len(OURS) :]:
            self.parts[name] = self.stack.parts[name]
        self._start_all()

    def stop(self) -> None:
        for name in OURS:
            if name in self.parts and self.parts[name].running:
                self.resume(name)
                self.parts[name].stop()
        for name in MORTAL[len(OURS) :]:
            if name in self.parts:
                self.resume(name)

    def kill(self, name: str) -> None:
        """kill -9."""
        if self.parts[name].running:
            self.parts[name].kill()

    def terminate(self, name: str) -> None:
        """SIGTERM, and the time its work may take."""
        self.parts[name].stop()

    def revive(self, name: str) -> float:
        """Start it until it stays: what it needs may be away itself. Seconds it took. Raises StackError."""
        began = time.monotonic()
        while True:
            try:
                self.parts[name].restart()
                return time.monotonic() - began
            except StackError as error:
                self.complaints.append(f"{name}: {error}")
                if time.monotonic() - began > START_TIMEOUT_SECONDS:
                    raise
                time.sleep(0.5)

    def suspend(self, name: str) -> None:
        """SIGSTOP it and everything it started: it is there, and does nothing."""
        for process in self._family(name):
            with suppress(psutil.NoSuchProcess):
                process.suspend()

    def resume(self, name: str) -> None:
        for process in self._family(name):
            with suppress(psutil.NoSuchProcess):
                process.resume()

    def _family(self, name: str) -> list[psutil.Process]:
        part = self.parts[name]
        if not part.running:
            return []
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(part.pid)
            return [process, *process.children(recursive=True)]
        return []

    def _start_all(self) -> None:
        with ThreadPoolExecutor(len(OURS)) as threads:
            for started in [threads.submit(self.parts[name].start) for name in OURS]:
                started.result()

    def _recipe(self, name: str, via: Via) -> Recipe:
        settings, state = self._settings(name, via), self.stack.state
        make = processes.api_recipe if name in APIS else processes.worker_recipe
        recipe = make(settings, state)
        environment = {**recipe.environment, **self._extra.get(name, {})}
        return replace(recipe, name=name, log=state.log(name), environment=environment)

    def _settings(self, name: str, via: Via) -> Settings:
        """The stack's settings with the process's own port and links."""
        base, port = self.stack.settings, self.ports[name]
        url = replace(self.stack.postgres, port=via(name, "postgres")).url()
        return base.model_copy(
            update={
                "database": base.database.model_copy(update={"url": SecretStr(url)}),
                "temporal": base.temporal.model_copy(update={"address": f"127.0.0.1:{via(name, 'temporal')}"}),
                "stripe": base.stripe.model_copy(update={"api_base": f"http://127.0.0.1:{via(name, 'stripe')}"}),
                "payonce": base.payonce.model_copy(update={"api_port": port, "worker_metrics_port": port}),
            }
        )


@contextmanager
def open_house(**extra: Mapping[str, str]) -> Iterator[House]:
    """The services run; `House.prepare` and `House.start` do the rest. `extra` as in `worker_1={"NAME": "value"}`."""
    with temporary_stack("postgres", "temporal", "simulator") as stack:
        house = House(stack, extra={name.replace("_", "-"): given for name, given in extra.items()})
        try:
            yield house
        finally:
            house.stop()
