"""A whole Payonce, or some of its parts, in a temporary folder on free ports: for tests, chaos runs and benches."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from settings import TemporalSettings, read_settings
from stack.assembly import Stack
from stack.part import stop_leftover
from stack.ports import choose_free
from stack.postgres import stop_server_of

PREFIX = "payonce-temporary-"
PORT_SETTINGS = (
    "api_port",
    "worker_metrics_port",
    "postgres_port",
    "temporal_port",
    "temporal_ui_port",
    "simulator_port",
    "simulator_stripe_port",
    "simulator_razorpay_port",
)


@contextmanager
def temporary_stack(*names: str, durable: bool = False, **payonce: Any) -> Iterator[Stack]:
    """Start the named parts (all, when none is named), hand over the running stack, stop it and delete its folder.

    What `durable` means is said at `Stack`. `payonce` are settings of that group, as in `task_queue="chaos"`.
    DATABASE_URL, TEMPORAL_ADDRESS, the gateways' keys and their like are ignored: what is temporary never touches what
    is real.
    """
    sweep_abandoned(Path(tempfile.gettempdir()))
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
    stack: Stack | None = None
    try:
        stack = build_temporary(folder, durable=durable, **payonce)
        stack.start(*names)
        yield stack
    finally:
        if stack is not None:
            stack.stop()
        shutil.rmtree(folder, ignore_errors=True)


def build_temporary(folder: Path, *, durable: bool = False, **payonce: Any) -> Stack:
    """The stack of that folder on free ports, not started."""
    chosen = dict(zip(PORT_SETTINGS, choose_free(len(PORT_SETTINGS)), strict=True))
    settings = read_settings(
        database={"url": None},
        temporal={name: field.default for name, field in TemporalSettings.model_fields.items()},
        stripe={"secret_key": None, "api_base": None, "webhook_secrets": ()},
        razorpay={"key_id": None, "key_secret": None, "api_base": None, "webhook_secrets": ()},
        payonce={"mode": "test", "state": folder, **chosen, **payonce},
    )
    return Stack(settings, durable=durable)


def sweep_abandoned(within: Path) -> None:
    """Stop and delete what earlier runs that were killed could not clean up; the folder's name has its owner's pid."""
    for folder in within.glob(f"{PREFIX}*"):
        owner = folder.name.removeprefix(PREFIX).partition("-")[0]
        if not owner.isdigit() or psutil.pid_exists(int(owner)):
            continue
        with suppress(OSError):  # it may belong to another user of this machine, or be swept by a neighbour right now
            for pid_file in (folder / "run").glob("*.json"):
                stop_leftover(pid_file, timeout_seconds=5)
            stop_server_of(folder / "postgres")
            shutil.rmtree(folder)
