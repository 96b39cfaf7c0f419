"""CPU time of each process, and of everybody else on the machine, over a stretch of work."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import psutil


@dataclass(slots=True)
class Usage:
    """`seconds`: CPU per process. `others`: the share of the machine that somebody else used (0 to 1)."""

    seconds: dict[str, float] = field(default_factory=dict)
    others: float = 0.0

    def milliseconds_each(self, count: int) -> dict[str, float]:
        return {name: seconds * 1000 / count for name, seconds in self.seconds.items()}


@contextmanager
def measured(pids: Mapping[str, Callable[[], int]]) -> Iterator[Usage]:
    """Filled in when the block ends. A process is counted with its children, as PostgreSQL has many."""
    usage = Usage()
    processes = {name: psutil.Process(pid()) for name, pid in pids.items()}
    before, machine_before = {name: _spent(process) for name, process in processes.items()}, _machine()
    yield usage
    machine = [after - earlier for after, earlier in zip(_machine(), machine_before, strict=True)]
    usage.seconds = {name: _spent(process) - before[name] for name, process in processes.items()}
    busy, whole = machine
    usage.others = max(0.0, (busy - sum(usage.seconds.values()))) / whole if whole else 0.0


def _spent(process: psutil.Process) -> float:
    """User and system time of the process, its children that live, and those it has buried."""
    own = process.cpu_times()
    spent = own.user + own.system + getattr(own, "children_user", 0.0) + getattr(own, "children_system", 0.0)
    for child in process.children(recursive=True):
        try:
            times = child.cpu_times()
        except psutil.NoSuchProcess:  # it has ended since it was listed; its parent counts it from now on
            continue
        spent += times.user + times.system
    return spent


def _machine() -> tuple[float, float]:
    """Busy and whole CPU seconds of the machine so far."""
    times = psutil.cpu_times()
    idle = times.idle + getattr(times, "iowait", 0.0)
    whole = sum(times) - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)
    return whole - idle, whole
