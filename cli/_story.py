"""A payment's timeline as lines for people."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

Timeline = dict[str, Any]


def entry_lines(entries: Sequence[dict[str, Any]]) -> list[str]:
    """One line for each thing that happened; times of day in UTC."""
    return [f"  {_clock(entry['at'])}  {entry['text']}" for entry in entries]


def ending_lines(timeline: Timeline) -> list[str]:
    """What it waits for, what may be done, where to look."""
    waiting = timeline["waiting_for"]
    until = f" Next look {_moment(waiting['until'])}." if waiting["until"] else ""
    allowed = ", ".join(timeline["allowed"]) or "nothing"
    return [
        f"{waiting['text']}{until}",
        f"May be done now: {allowed}.",
        f"Temporal UI: {timeline['links']['workflow']}",
    ]


def _clock(at: str) -> str:
    return datetime.fromisoformat(at).strftime("%H:%M:%S.%f")[:12]


def _moment(at: str) -> str:
    return datetime.fromisoformat(at).strftime("%Y-%m-%d %H:%M:%S UTC")
