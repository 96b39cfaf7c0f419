"""A worker and an API that may die at any time: each a forked child of one warm process, forked again when it ends.

Forking a process that has everything imported takes a tenth of a second, where a start from nothing takes two; the
child that dies is a real process with real connections, and its patience is that of `hurry.py`.
"""

import ctypes
import gc
import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import api.app  # imported for its weight: a child should find it here
import bootstrap
import telemetry
import worker
from domain import failpoints
from settings import PROCESS_NEEDS, Settings, read_settings
from tests.safety.crash_points.control import Control
from tests.safety.crash_points.hurry import hurry
from tests.safety.crash_points.reaction import ControlledReaction

_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG, linux/prctl.h


def main() -> None:
    control, settings = Control(Path(sys.argv[1])), read_settings(required=PROCESS_NEEDS)
    hurry()
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


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL)


def _end(children: list[int]) -> None:
    for pid in children:
        os.kill(pid, signal.SIGKILL)
    os._exit(0)


if __name__ == "__main__":
    assert api.app is not None
    main()
