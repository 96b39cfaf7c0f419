"""`payonce up` from the outside: one command, a payment, a part killed, the supervisor killed, the same state again."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest

from stack.ports import choose_free
from stack.temporary import PORT_SETTINGS

START_SECONDS = 60
STOP_SECONDS = 60


class Terminal:
    """A terminal in which `payonce` commands are typed, with a state folder and ports of its own."""

    def __init__(self, folder: Path) -> None:
        names = [f"PAYONCE_{name.upper()}" for name in PORT_SETTINGS]
        ports = map(str, choose_free(len(names)))
        self.environment = {
            **os.environ,
            "PAYONCE_STATE": str(folder / "state"),
            **dict(zip(names, ports, strict=True)),
        }
        self.state = folder / "state"
        self._started: list[subprocess.Popen[str]] = []

    def up(self) -> tuple[subprocess.Popen[str], dict[str, Any]]:
        """Type `payonce up --json` and wait for its line."""
        command = [sys.executable, "-m", "cli", "up", "--json"]
        process = subprocess.Popen(
            command,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._started.append(process)
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.communicate(timeout=STOP_SECONDS)
        return process, json.loads(line)

    def type(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Type another command and wait for its end."""
        return subprocess.run(
            [sys.executable, "-m", "cli", *words],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=STOP_SECONDS,
        )

    def close(self) -> None:
        self.type("down", "--wipe")
        for process in self._started:
            process.kill()
            process.communicate()


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    with tempfile.TemporaryDirectory(prefix="payonce-up-") as folder:
        made = Terminal(Path(folder))
        yield made
        made.close()


@pytest.mark.timeout(240)
def test_up_pays_survives_and_comes_back(terminal: Terminal) -> None:
    supervisor, told = terminal.up()
    assert pay(told, key="first-1") == ("captured", 201)
    assert terminal.type("doctor").returncode == 0
    refused = terminal.type("up")
    assert (refused.returncode, "already runs" in refused.stderr) == (1, True)

    os.kill(told["pids"]["worker"], signal.SIGKILL)
    os.kill(told["pids"]["postgres"], signal.SIGKILL)
    wait_until(lambda: terminal.type("doctor").returncode == 0)
    assert pay(told, key="second-1") == ("captured", 201)

    supervisor.kill()
    supervisor.communicate()
    successor, again = terminal.up()
    assert again["api_key"] == told["api_key"]
    assert not any(is_running(pid) for name, pid in told["pids"].items() if pid != again["pids"][name])
    assert pay(again, key="first-1") == ("captured", 201), "the same key after a restart is the same payment"

    successor.send_signal(signal.SIGTERM)
    assert successor.wait(STOP_SECONDS) == 0
    assert not any(is_running(pid) for pid in again["pids"].values())
    assert terminal.state.exists()
    assert terminal.type("down", "--wipe").returncode == 0
    assert not terminal.state.exists()


def pay(told: dict[str, Any], *, key: str) -> tuple[str, int]:
    """The payment of the printed curl line; its status and the answer's."""
    answer = httpx2.post(
        f"{told['api_url']}/v1/payments",
        headers={"Authorization": f"Bearer {told['api_key']}", "Idempotency-Key": key},
        json={"amount": 4999, "currency": "EUR", "payment_method": "pm_card_visa"},
        timeout=30,
    )
    return str(answer.json().get("status")), answer.status_code


def wait_until(true: Callable[[], bool], *, seconds: float = START_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.5)


def is_running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
