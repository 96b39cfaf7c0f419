"""The parts of one Payonce on this machine, put together: which are embedded, in what order they start and stop."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Literal

from pydantic import SecretStr

from settings import Settings
from stack import preparation, processes
from stack.errors import StackError
from stack.part import Part, Recipe
from stack.postgres import EmbeddedPostgres
from stack.state import StateFolder
from stack.temporal import EmbeddedTemporal

ORDER = ("postgres", "temporal", "simulator", "worker", "api")

GATEWAY_NAMES = ("STRIPE_SECRET_KEY or RAZORPAY_KEY_ID", "STRIPE_API_BASE or RAZORPAY_API_BASE")
"""Whoever sets one of them has gateways of their own: none is simulated beside it."""

Report = Callable[[str, float, str], None]
"""Called with a part's name, the seconds it took, and its address."""


class Stack:
    """Every part with its address. `start` what you need, `kill` and `restart` what you like, `stop` at the end.

    All methods block. Parts replaced by DATABASE_URL, TEMPORAL_ADDRESS or a gateway's key are not ours to start.
    `durable=False` is for tests and benches: Temporal's and the simulator's files may lose their last commits on a
    power cut (not on kill -9); PostgreSQL always keeps its promises.
    """

    def __init__(self, settings: Settings, *, durable: bool = True) -> None:
        self.state = StateFolder(settings.payonce.state)
        self.given = settings
        """The settings as they were read; `settings` has the embedded parts filled in."""
        ours = settings.payonce
        self._durable = durable
        synchronous: Literal["FULL", "NORMAL"] = "FULL" if durable else "NORMAL"
        self.postgres = EmbeddedPostgres(self.state, ours.postgres_port, sync_first_files=durable)
        self.temporal = EmbeddedTemporal(self.state, ours.temporal_port, ours.temporal_ui_port, synchronous)
        self.parts: dict[str, Part] = {}
        self.api_key = ""
        """The default merchant's test key, once the API or the worker was started."""

    @cached_property
    def settings(self) -> Settings:
        """The given settings, with the addresses and generated secrets of the embedded parts in the empty places."""
        given, update = self.given, dict[str, object]()
        if "postgres" in self.embedded:
            update["database"] = given.database.model_copy(update={"url": SecretStr(self.postgres.url())})
        if "temporal" in self.embedded:
            update["temporal"] = given.temporal.model_copy(update={"address": self.temporal.address})
        if "simulator" in self.embedded:
            update["stripe"] = given.stripe.model_copy(update=self._simulated_stripe())
            update["razorpay"] = given.razorpay.model_copy(update=self._simulated_razorpay())
        return given.model_copy(update=update)

    def _simulated_stripe(self) -> dict[str, object]:
        return {
            "secret_key": SecretStr(self.state.secret("simulator_key", prefix="sk_test_")),
            "webhook_secrets": (SecretStr(self.state.secret("webhook_secret", prefix="whsec_")),),
            "api_base": self.stripe_url,
        }

    def _simulated_razorpay(self) -> dict[str, object]:
        return {
            "key_id": self.state.secret("razorpay_key", prefix="rzp_test_"),
            "key_secret": SecretStr(self.state.secret("razorpay_secret")),
            "webhook_secrets": (SecretStr(self.state.secret("razorpay_webhook_secret")),),
            "api_base": self.razorpay_url,
        }

    @property
    def embedded(self) -> tuple[str, ...]:
        """The names of the parts that are ours to start, in order."""
        given = self.given
        replaced = {
            "postgres": given.database.url is not None,
            "temporal": given.temporal.address is not None,
            "simulator": any(given.has_one_of(names) for names in GATEWAY_NAMES),
        }
        return tuple(name for name in ORDER if not replaced.get(name, False))

    @property
    def database_url(self) -> str:
        """Where the record is, password included."""
        return self.given.database_url if self.given.database.url else self.postgres.url()

    @property
    def temporal_address(self) -> str:
        """Where the executor is, host:port."""
        return self.given.temporal.address or self.temporal.address

    @property
    def api_url(self) -> str:
        """Where the API answers."""
        return f"http://127.0.0.1:{self.given.payonce.api_port}"

    @property
    def simulator_url(self) -> str:
        """The simulator's control address."""
        return f"http://127.0.0.1:{self.given.payonce.simulator_port}"

    @property
    def stripe_url(self) -> str:
        """The simulator's Stripe wire."""
        return f"http://127.0.0.1:{self.given.payonce.simulator_stripe_port}"

    @property
    def razorpay_url(self) -> str:
        """The simulator's Razorpay wire."""
        return f"http://127.0.0.1:{self.given.payonce.simulator_razorpay_port}"

    def start(self, *names: str, report: Report = lambda _name, _seconds, _address: None) -> None:
        """Start the named parts (all, when none is named) and everything between them. Raises StackError.

        What does not wait for another part starts at the same time; the worker and the API come last.
        """
        wanted = [name for name in (names or self.embedded) if name in self.embedded]
        unknown = set(names) - set(ORDER)
        if unknown:
            raise StackError(f"There is no part called {', '.join(sorted(unknown))}; there are {', '.join(ORDER)}.")
        self.state.prepare()
        for name in wanted:
            self.parts[name] = Part(self._recipe(name), run_folder=self.state.run)
        needs_preparation = "api" in wanted or "worker" in wanted
        with ThreadPoolExecutor(max_workers=1) as loading:
            loaded = loading.submit(preparation.load) if needs_preparation else None
            self._start_together([name for name in ORDER[:3] if name in wanted], report)
        if loaded is not None:
            loaded.result()
            self._prepare(report)
        self._start_together([name for name in ORDER[3:] if name in wanted], report)

    def stop(self, report: Report = lambda _name, _seconds, _address: None) -> None:
        """Stop what runs, in reverse order, each with the time its work may take."""
        for name in reversed(ORDER):
            part = self.parts.get(name)
            if part is not None and part.running:
                began = time.monotonic()
                part.stop()
                report(name, time.monotonic() - began, "stopped")

    def listen_to_simulator(self) -> None:
        """Have the simulator send its webhooks to our API; needed again after its `POST /reset`."""
        preparation.listen_to_simulator(self.settings, control_url=self.simulator_url, api_url=self.api_url)

    def kill(self, name: str) -> None:
        """kill -9 one part; nothing restarts it until `restart` is called."""
        self.parts[name].kill()

    def restart(self, name: str) -> float:
        """Start one part again on its old state and port; the seconds until it was ready."""
        return self.parts[name].restart()

    def pid(self, name: str) -> int:
        """The process id of one part."""
        return self.parts[name].pid

    def _start_together(self, names: list[str], report: Report) -> None:
        """Start at once, report in order; when one fails or a person interrupts, the others give up too."""
        with ThreadPoolExecutor(max_workers=len(ORDER)) as threads:
            starting = {name: threads.submit(self.parts[name].start) for name in names}
            try:
                for name, started in starting.items():
                    report(name, started.result(), self.parts[name].recipe.address)
            except BaseException:
                for name in names:
                    self.parts[name].cancel()
                raise

    def _prepare(self, report: Report) -> None:
        began = time.monotonic()
        preparation.migrate(self.database_url)
        self.api_key = preparation.seed(self.settings)
        if "simulator" in self.parts:
            self.listen_to_simulator()
        report("database", time.monotonic() - began, "tables at head, default merchant there")

    def _recipe(self, name: str) -> Recipe:
        makers: dict[str, Callable[[], Recipe]] = {
            "postgres": self.postgres.recipe,
            "temporal": self.temporal.recipe,
            "simulator": lambda: processes.simulator_recipe(self.settings, self.state, durable=self._durable),
            "worker": lambda: processes.worker_recipe(self.settings, self.state),
            "api": lambda: processes.api_recipe(self.settings, self.state),
        }
        return makers[name]()
