"""One payment's life in lines a person can read: what the clients did, what struck, what was written, what moved."""

from collections.abc import Iterable
from typing import Any

from domain.transitions import Transition
from simulator.effects import Effect


def readable(trace: Iterable[tuple[float, str, Any]]) -> str:
    return "\n".join(f"{seconds:>12.3f}s  {label:<22} {_told(told)}" for seconds, label, told in trace)


def _told(told: Any) -> str:
    if isinstance(told, Transition):
        operations = " ".join(f"{o.number}:{o.verb}={o.state}" for o in told.after.operations)
        return f"v{told.after.version} {told.type} [{told.before.state} -> {told.after.state}] {operations}"
    if isinstance(told, Effect):
        return f"{told.kind} {told.amount_minor} {told.currency} on {told.payment} {told.charge or ''}"
    return str(told)
