"""The simulator as others meet it: its own process, Stripe's own SDK over a socket, and a merchant's webhook sink."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
import stripe

Json = dict[str, Any]
READ_TIMEOUT_SECONDS = 2.0


class RunningSimulator:
    """`python -m simulator` on free ports over a state folder."""

    def __init__(self, state: Path, *arguments: str) -> None:
        command = [sys.executable, "-m", "simulator", "--state", str(state), *(arguments or FREE_PORTS)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"the simulator did not start: exit code {self._process.wait(10)}"
        ready = json.loads(line)
        self.stripe_url: str = ready["stripe"]
        self.razorpay_url: str = ready["razorpay"]
        self.control = httpx2.Client(base_url=ready["control"], timeout=10)

    def sdk(self, key: str = "sk_test_process") -> stripe.StripeClient:
        """As the engine builds it: version pinned, retries off, timeouts explicit."""
        url = self.stripe_url
        return stripe.StripeClient(
            key, stripe_version="2026-05-27.dahlia", max_network_retries=0,
            base_addresses={"api": url, "files": url, "connect": url, "meter_events": url},
            http_client=stripe.RequestsClient(timeout=(3.05, READ_TIMEOUT_SECONDS)),
        )  # fmt: skip

    def razorpay(self, key: str = "rzp_test_process", secret: str = "process-secret") -> httpx2.Client:
        """A plain client of the Razorpay wire."""
        return httpx2.Client(base_url=self.razorpay_url, auth=(key, secret), timeout=READ_TIMEOUT_SECONDS)

    def ask(self, method: str, path: str, body: Json | None = None) -> Any:
        """The control API; fails on anything but success."""
        response = self.control.request(method, path, json=body)
        assert response.status_code < 300, response.text
        return response.json() if response.content else None

    def fault(self, kind: str, **rule: Any) -> None:
        match = {"method": "POST", "path": "/v1/payment_intents", **rule.pop("match", {})}
        self.ask("POST", "/faults", {"kind": kind, "match": match, **rule})

    def total(self, reference: str) -> Json:
        """The referee's word on one payment; zeros when nothing happened."""
        totals: list[Json] = self.ask("GET", f"/totals?wire=stripe&reference={reference}")["totals"]
        return totals[0] if totals else {"charges": 0, "captured_minor": 0}

    def kill(self) -> None:
        self._process.kill()
        self._finish()

    def stop(self) -> int:
        self._process.terminate()
        return self._finish()

    def _finish(self) -> int:
        code = self._process.wait(10)
        self.control.close()
        if self._process.stdout is not None:
            self._process.stdout.close()
        return code


FREE_PORTS = ("--control-port", "0", "--stripe-port", "0", "--razorpay-port", "0")


@dataclass(frozen=True)
class Received:
    body: bytes
    headers: dict[str, str]

    @property
    def signature(self) -> str:
        return self.headers["stripe-signature"]

    @property
    def event(self) -> Json:
        event: Json = json.loads(self.body)
        return event


@dataclass
class Sink:
    """A merchant's endpoint; answers with the statuses it was told to, then 200."""

    statuses: list[int] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)

    def start(self) -> None:
        sink = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                sink.received.append(Received(body, {name.lower(): value for name, value in self.headers.items()}))
                self.send_response(sink.statuses.pop(0) if sink.statuses else 200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_given: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/hooks"

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def types(self) -> list[str]:
        return [received.event["type"] for received in self.received]


def eventually(condition: Callable[[], Any], *, seconds: float = 10.0) -> Any:
    """The first truthy value of the condition; fails when there is none in time."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.02)
    return value
