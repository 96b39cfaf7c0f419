"""One `payonce up` per state folder: who runs here, and stopping it from another terminal."""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from stack.assembly import ORDER
from stack.errors import StackError
from stack.part import end_process, living, stop_leftover
from stack.postgres import stop_server_of
from stack.state import StateFolder

SUPERVISOR = "up"
STOP_TIMEOUT_SECONDS = 150.0
"""Longer than all parts together may take to finish what they are doing."""

LEFTOVER_TIMEOUT_SECONDS = 30.0


@contextmanager
def supervising(state: StateFolder) -> Iterator[None]:
    """Be the one supervisor of this folder. Raises StackError when another one is alive."""
    state.prepare()
    file = state.run / f"{SUPERVISOR}.json"
    other = living(file)
    if other is not None:
        raise StackError(
            f"Payonce already runs from {state.path} (process {other.pid}). Stop it with `payonce down`, "
            "or start a second one with another PAYONCE_STATE and other ports."
        )
    file.write_text(json.dumps({"pid": os.getpid(), "created": psutil.Process().create_time()}))
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def stop_everything(state: StateFolder) -> list[str]:
    """Stop the supervisor of this folder and whatever a killed one left behind; the names of what was stopped."""
    stopped = []
    supervisor = living(state.run / f"{SUPERVISOR}.json")
    if supervisor is not None:
        end_process(supervisor.pid, signal.SIGTERM, timeout_seconds=STOP_TIMEOUT_SECONDS)
        stopped.append("supervisor")
    for name in reversed(ORDER):
        if stop_leftover(state.run / f"{name}.json", timeout_seconds=LEFTOVER_TIMEOUT_SECONDS):
            stopped.append(name)
    if stop_server_of(state.postgres):
        stopped.append("postgres")
    return stopped
