"""What `payonce doctor` looks at: each check answers with one finding, and every bad finding says what to do."""

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Literal

from settings import Settings, environment_names
from stack import ports, processes
from stack.assembly import ORDER, Stack
from stack.errors import StackError
from stack.gateways import served_gateways
from stack.part import living
from stack.postgres import find_programs
from stack.preparation import webhook_endpoints
from stack.temporal import SEARCH_ATTRIBUTES, ask, find_program

if TYPE_CHECKING:
    import psycopg  # imported for real only when a database is looked at: it takes longer than all other checks

START = "Start everything with `make up`, or look into {log}."
FREE_DISK_GIB = 1
OLDEST_PYTHON = (3, 11)


@dataclass(frozen=True)
class Finding:
    """One thing looked at. `warning` is worth knowing and fails nothing."""

    name: str
    state: Literal["ok", "warning", "bad"]
    found: str
    advice: str = ""

    def as_dict(self) -> dict[str, str]:
        """For JSON."""
        return asdict(self)


def examine(settings: Settings) -> list[Finding]:
    """Every check in order; none of them changes anything."""
    stack = Stack(settings)
    findings = [python_version(), setting_names(os.environ), *programs(stack), disk(stack)]
    findings += port_findings(stack)
    for check in (database, temporal, simulator, gateways, worker, api):
        findings.append(check(stack))
    return findings


def python_version() -> Finding:
    """Python 3.11 or newer."""
    found = ".".join(str(number) for number in sys.version_info[:3])
    if sys.version_info[:2] < OLDEST_PYTHON:
        return Finding("python", "bad", found, "Install Python 3.11 or newer and run `make clean up`.")
    return Finding("python", "ok", found)


def setting_names(environment: Mapping[str, str]) -> Finding:
    """Variables of ours that no setting reads, most likely misspelt."""
    known = environment_names()
    prefixes = ("PAYONCE_", "RAZORPAY_", "STRIPE_", "TEMPORAL_")
    strange = [name for name in environment if name.startswith(prefixes) and name not in known]
    if not strange:
        return Finding("settings", "ok", "every variable set is one that is read")
    hints = [f"{name} (did you mean {close[0]}?)" for name in strange if (close := get_close_matches(name, known, n=1))]
    hints += [name for name in strange if not get_close_matches(name, known, n=1)]
    return Finding("settings", "warning", f"nothing reads {', '.join(hints)}", "Correct or unset them.")


def programs(stack: Stack) -> list[Finding]:
    """The servers that would be started here are installed."""
    needed: dict[str, Callable[[], object]] = {"postgres": find_programs, "temporal": find_program}
    findings = []
    for name in (name for name in needed if name in stack.embedded):
        try:
            findings.append(Finding(f"{name} program", "ok", str(needed[name]())))
        except StackError as error:
            findings.append(Finding(f"{name} program", "bad", "missing", str(error)))
    return findings


def disk(stack: Stack) -> Finding:
    """The state folder can grow."""
    folder = stack.state.path.absolute()
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    free_gib = shutil.disk_usage(existing).free / 2**30
    if not os.access(existing, os.W_OK):
        return Finding("state", "bad", f"{existing} cannot be written", "Choose another folder with PAYONCE_STATE.")
    if free_gib < FREE_DISK_GIB:
        return Finding("state", "bad", f"{free_gib:.1f} GiB free for {folder}", "Free some space or set PAYONCE_STATE.")
    return Finding("state", "ok", f"{folder}, {free_gib:.0f} GiB free")


def port_findings(stack: Stack) -> list[Finding]:
    """Each port is held by our own part or free to be taken."""
    ours = stack.given.payonce
    wanted = {
        "postgres": [("PAYONCE_POSTGRES_PORT", ours.postgres_port)],
        "temporal": [
            ("PAYONCE_TEMPORAL_PORT", ours.temporal_port),
            ("PAYONCE_TEMPORAL_UI_PORT", ours.temporal_ui_port),
        ],
        "simulator": [
            ("PAYONCE_SIMULATOR_PORT", ours.simulator_port),
            ("PAYONCE_SIMULATOR_STRIPE_PORT", ours.simulator_stripe_port),
            ("PAYONCE_SIMULATOR_RAZORPAY_PORT", ours.simulator_razorpay_port),
        ],
        "worker": [("PAYONCE_WORKER_METRICS_PORT", ours.worker_metrics_port)],
        "api": [("PAYONCE_API_PORT", ours.api_port)],
    }
    taken = [
        f"{port} by {ports.holder(port)} ({setting}={port + 1} chooses another)"
        for name in stack.embedded
        for setting, port in wanted[name]
        if not _is_running(stack, name) and not ports.is_free(port)
    ]
    if taken:
        return [Finding("ports", "bad", f"taken: {'; '.join(taken)}", "Stop what holds them or choose other ports.")]
    return [Finding("ports", "ok", "all ours or free")]


def database(stack: Stack) -> Finding:
    """PostgreSQL answers, keeps its promises, and has the newest tables."""
    if "postgres" in stack.embedded and not stack.state.exists:
        return Finding("database", "bad", "never started", _advice(stack, "postgres"))
    import psycopg

    from storage.migrations import is_at_head

    try:
        with psycopg.connect(stack.database_url, connect_timeout=3) as connection:
            version = connection.info.server_version // 10000
            unsafe = _switched_off(connection)
        at_head = is_at_head(stack.database_url)
    except psycopg.Error as error:
        return Finding("database", "bad", str(error).splitlines()[0], _advice(stack, "postgres"))
    if unsafe:
        advice = "Turn them on: with them off, an answered payment can be lost in a power cut."
        return Finding("database", "bad", f"{', '.join(unsafe)} is off", advice)
    if not at_head:
        return Finding(
            "database", "bad", "the tables are older than this program", "Run `payonce up`, which upgrades them."
        )
    return Finding("database", "ok", f"PostgreSQL {version}, tables at head")


def temporal(stack: Stack) -> Finding:
    """The server answers and knows our search attributes."""
    connection = stack.given.temporal.model_copy(update={"address": stack.temporal_address})
    try:
        listed = ask(["operator", "search-attribute", "list"], connection)
    except StackError as error:
        return Finding("temporal", "bad", f"{connection.address}: {error}", _advice(stack, "temporal"))
    missing = [name for name in SEARCH_ATTRIBUTES if name not in listed.split()]
    if missing:
        flags = " ".join(f"--name {name} --type {SEARCH_ATTRIBUTES[name]}" for name in missing)
        return Finding(
            "temporal",
            "bad",
            f"no search attribute {', '.join(missing)}",
            f"Create them: temporal operator search-attribute create {flags}",
        )
    return Finding("temporal", "ok", f"{connection.address}, namespace {connection.namespace}, search attributes there")


def simulator(stack: Stack) -> Finding:
    """The stand-in gateways answer, where they are used."""
    if "simulator" not in stack.embedded:
        return Finding("simulator", "ok", "not used: the environment names a gateway")
    return _answers(stack, "simulator", f"{stack.simulator_url}/healthz")


def gateways(stack: Stack) -> Finding:
    """Every gateway that is served can send us its webhooks."""
    served = ", ".join(served_gateways(stack.settings if stack.state.exists else stack.given))
    if "simulator" not in stack.embedded:
        deaf = [f"{name}_WEBHOOK_SECRETS" for name in _deaf(stack.given)]
        advice = "Without a secret every webhook is refused: set it to the one the gateway shows."
        return Finding("gateways", "warning", f"{served}; {', '.join(deaf)} not set", advice) if deaf else _ok(served)
    try:
        told = processes.get_json(f"{stack.simulator_url}/endpoints")["endpoints"]
    except OSError as error:
        return Finding("gateways", "bad", f"{stack.simulator_url}: {error}", _advice(stack, "simulator"))
    there = {endpoint["url"] for endpoint in told if endpoint["enabled"]}
    wanted = webhook_endpoints(stack.settings, api_url=stack.api_url)
    missing = [str(endpoint["wire"]) for endpoint in wanted if endpoint["url"] not in there]
    if missing:
        advice = "Restart `payonce up`, which registers them."
        return Finding("gateways", "bad", f"the simulator sends no webhooks of {', '.join(missing)}", advice)
    return _ok(served)


def _deaf(settings: Settings) -> list[str]:
    """Gateways with a key and no webhook secret, as their settings begin."""
    found = {"STRIPE": settings.stripe.webhook_secrets, "RAZORPAY": settings.razorpay.webhook_secrets}
    names = {gateway.upper() for gateway in served_gateways(settings)}
    return [name for name, secrets in found.items() if name in names and not secrets]


def _ok(served: str) -> Finding:
    return Finding("gateways", "ok", served)


def worker(stack: Stack) -> Finding:
    """The worker's metrics page answers."""
    return _answers(stack, "worker", processes.worker_health_url(stack.given))


def api(stack: Stack) -> Finding:
    """The API says it is ready."""
    return _answers(stack, "api", f"{stack.api_url}/readyz")


def _answers(stack: Stack, name: str, url: str) -> Finding:
    waiting_for = processes.waiting_for_http(url)
    return Finding(name, "bad", waiting_for, _advice(stack, name)) if waiting_for else Finding(name, "ok", url)


def _advice(stack: Stack, name: str) -> str:
    if name in ("postgres", "temporal") and name not in stack.embedded:
        setting = "DATABASE_URL" if name == "postgres" else "TEMPORAL_ADDRESS"
        return f"Look at the server that {setting} names, or unset it to use the embedded one."
    return START.format(log=stack.state.log(name))


def _switched_off(connection: "psycopg.Connection") -> list[str]:
    """Settings without which a committed payment may be lost."""
    names = ["fsync", "full_page_writes", "synchronous_commit"]
    query = "SELECT name FROM pg_settings WHERE name = ANY(%s) AND setting = 'off' ORDER BY name"
    return [row[0] for row in connection.execute(query, [names])]


def _is_running(stack: Stack, name: str) -> bool:
    return name in ORDER and living(stack.state.run / f"{name}.json") is not None
