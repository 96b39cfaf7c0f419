"""A worker and an API that may die at any time: each a forked child of one warm process, forked again when it ends.

Forking a process that has everything imported takes a tenth of a second, where a start from nothing takes two; the
child that dies is a real process with real connections. Bounds that only cost time are shortened here, in this program
and nowhere else: what a test waits for is the healing, not the production's patience.
"""

import ctypes
import dataclasses
import gc
import os
import signal
import sys
import traceback
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import api.app  # imported for its weight: a child should find it here
import bootstrap
import telemetry
import worker
from activities import wire
from activities.sweeps import paces, reminders
from domain import failpoints
from settings import PROCESS_NEEDS, Settings, read_settings
from tests.safety.crash_points.control import Control
from tests.safety.crash_points.reaction import ControlledReaction
from workflows import options

_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG, linux/prctl.h


def main() -> None:
    control, settings = Control(Path(sys.argv[1])), read_settings(required=PROCESS_NEEDS)
    _hurry()
    _die_with_parent()
    roles: dict[str, Callable[[], None]] = {
        "worker": lambda: bootstrap.run_to_end(worker.run(settings)),
        "api": lambda: bootstrap.run_to_end(bootstrap.serve_api(settings)),
    }
    gc.freeze()
    children = {_fork(control, settings, run): role for role, run in roles.items()}
    signal.signal(signal.SIGTERM, lambda *_: _end(list(children)))
    while True:
        pid, status = os.wait()
        role = children.pop(pid)
        control.died(role, os.waitstatus_to_exitcode(status))
        children[_fork(control, settings, roles[role])] = role


def _fork(control: Control, settings: Settings, run: Callable[[], None]) -> int:
    pid = os.fork()
    if pid:
        return pid
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        _die_with_parent()
        telemetry.configure_logging(level=settings.payonce.log_level)
        failpoints.install(ControlledReaction(control))
        run()
    except BaseException:
        traceback.print_exc()
    os._exit(1)


def _hurry() -> None:
    """Gather < heartbeat, HTTP < activity < hang, wait < lock < hang: the bounds stay in the order of production."""
    bootstrap.GATEWAY_TIMEOUT_SECONDS, bootstrap.WAIT_SECONDS, bootstrap.LOCK_SECONDS = 1.5, 1.5, 1.8
    wire.HEARTBEAT_SECONDS = 0.4
    heartbeat = timedelta(seconds=1.5)
    options.PERFORM.update({"start_to_close_timeout": timedelta(seconds=2.3), "heartbeat_timeout": heartbeat})
    options.LOOK.update({"start_to_close_timeout": timedelta(seconds=3.2), "heartbeat_timeout": heartbeat})
    options.LOAD.update({"start_to_close_timeout": timedelta(seconds=1.5)})
    reminders.REMIND_AT_MOST_EVERY = timedelta(seconds=2)
    worker.TUNING["sticky_queue_schedule_to_start_timeout"] = timedelta(seconds=1)
    quick = {
        "starts": (0.4, 1.0),
        "notices": (0.4, 1.0),
        "owners": (1.5, 1.5),
        "orphans": (0.4, 600.0),
        "authorizations": (0.4, 0.0),
    }
    for name, pace in paces.PACES.items():
        if name in quick:
            every, age = quick[name]
            paces.PACES[name] = dataclasses.replace(pace, every=every, age=timedelta(seconds=age))


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL)


def _end(children: list[int]) -> None:
    for pid in children:
        os.kill(pid, signal.SIGKILL)
    os._exit(0)


if __name__ == "__main__":
    assert api.app is not None
    main()
