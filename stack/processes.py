"""Our own three processes as parts: simulator, worker, API. Each is a plain command that anyone could type."""

import http.client
import json
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from settings import Settings
from stack import ports
from stack.part import Recipe
from stack.state import StateFolder

ROOT = Path(__file__).resolve().parent.parent
HTTP_TIMEOUT_SECONDS = 2.0
GRACE_SECONDS = 45.0
"""Longer than the longest gateway call a worker may be in, so that no call is cut off and then sent again."""


def simulator_recipe(settings: Settings, state: StateFolder, *, durable: bool = True) -> Recipe:
    """The stand-in gateways with their own book of money; not durable: for tests, as far as power cuts go."""
    ours = settings.payonce
    control = f"http://{ports.LOOPBACK}:{ours.simulator_port}"
    flags = ["--state", str(state.simulator.absolute()), "--durability", "full" if durable else "normal"]
    flags += ["--control-port", str(ours.simulator_port), "--stripe-port", str(ours.simulator_stripe_port)]
    flags += ["--razorpay-port", str(ours.simulator_razorpay_port)]
    wires = f"Stripe wire http://{ports.LOOPBACK}:{ours.simulator_stripe_port}"
    wires += f"  Razorpay wire http://{ports.LOOPBACK}:{ours.simulator_razorpay_port}"

    def prepare() -> None:
        ports.require_free(ours.simulator_port, part="the simulator", setting="PAYONCE_SIMULATOR_PORT")
        ports.require_free(ours.simulator_stripe_port, part="the simulator", setting="PAYONCE_SIMULATOR_STRIPE_PORT")
        ports.require_free(
            ours.simulator_razorpay_port, part="the simulator", setting="PAYONCE_SIMULATOR_RAZORPAY_PORT"
        )

    return Recipe(
        name="simulator",
        command=(sys.executable, "-m", "simulator", *flags),
        address=f"{control}  {wires}",
        log=state.log("simulator"),
        ready=lambda: waiting_for_http(f"{control}/healthz"),
        environment=_python_environment(),
        prepare=prepare,
    )


def worker_recipe(settings: Settings, state: StateFolder) -> Recipe:
    """The Temporal worker; ready when its metrics page answers, which it opens once it polls."""
    port = settings.payonce.worker_metrics_port
    return Recipe(
        name="worker",
        command=(sys.executable, "-m", "cli", "worker"),
        address=f"task queue {settings.payonce.task_queue}",
        log=state.log("worker"),
        ready=lambda: waiting_for_http(worker_health_url(settings)),
        environment=_python_environment() | settings.as_environment(),
        prepare=lambda: ports.require_free(port, part="the worker", setting="PAYONCE_WORKER_METRICS_PORT"),
        stop_timeout_seconds=GRACE_SECONDS,
    )


def worker_health_url(settings: Settings) -> str:
    """The worker's metrics page."""
    return f"http://{ports.LOOPBACK}:{settings.payonce.worker_metrics_port}/metrics"


def api_recipe(settings: Settings, state: StateFolder) -> Recipe:
    """The FastAPI layer."""
    host, port = settings.payonce.host, settings.payonce.api_port
    url = f"http://{ports.LOOPBACK}:{port}"
    return Recipe(
        name="api",
        command=(sys.executable, "-m", "cli", "api"),
        address=f"{settings.public_url}  docs {settings.public_url}/docs",
        log=state.log("api"),
        ready=lambda: waiting_for_http(f"{url}/readyz"),
        environment=_python_environment() | settings.as_environment(),
        prepare=lambda: ports.require_free(port, part="the API", setting="PAYONCE_API_PORT", host=host),
        stop_timeout_seconds=GRACE_SECONDS,
    )


def waiting_for_http(url: str) -> str | None:
    """None when the address answers 200, else what it answers instead."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=HTTP_TIMEOUT_SECONDS)
    try:
        connection.request("GET", parts.path)
        answer = connection.getresponse()
        body = answer.read(300)
        return None if answer.status == 200 else f"{url} answers {answer.status} {body.decode(errors='replace')}"
    except (OSError, http.client.HTTPException) as error:
        return f"{url}: {error}"
    finally:
        connection.close()


def get_json(url: str) -> dict[str, Any]:
    """Read JSON from one of our own processes. Raises OSError when it answers anything but 2xx."""
    return _exchange("GET", url, None, timeout_seconds=HTTP_TIMEOUT_SECONDS)


def post_json(url: str, body: dict[str, object], *, timeout_seconds: float = 10.0) -> dict[str, Any]:
    """POST and read JSON from one of our own processes. Raises OSError when it answers anything but 2xx."""
    return _exchange("POST", url, json.dumps(body), timeout_seconds=timeout_seconds)


def _exchange(method: str, url: str, body: str | None, *, timeout_seconds: float) -> dict[str, Any]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=timeout_seconds)
    try:
        connection.request(method, parts.path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read().decode()
    finally:
        connection.close()
    if not 200 <= answer.status < 300:
        raise OSError(f"{url} answered {answer.status}: {text[:500]}")
    return dict(json.loads(text))


def _python_environment() -> dict[str, str]:
    return {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
