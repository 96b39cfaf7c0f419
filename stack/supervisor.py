"""Keeping the parts alive after the start: a part that dies is reported at once and started again, ever more slowly."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from stack.assembly import ORDER, Stack
from stack.errors import StackError

LOOK_EVERY_SECONDS = 0.5
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
CALM_SECONDS = 120.0
"""A part that lived this long starts again with the first pause."""

Say = Callable[[str], None]


@dataclass
class _Trouble:
    """How often a part died lately and when it may start again; monotonic seconds."""

    deaths: int = 0
    start_at: float = 0.0
    started_at: float = 0.0
    reported: bool = False


class Supervisor:
    """Looks at the parts of a stack again and again; `look` is one round, for whoever owns the loop."""

    def __init__(self, stack: Stack, say: Say) -> None:
        self._stack = stack
        self._say = say
        self._troubles = {name: _Trouble(started_at=time.monotonic()) for name in stack.parts}

    def watch(self) -> None:
        """Look for ever; ends only by an exception such as KeyboardInterrupt."""
        while True:
            self.look()
            time.sleep(LOOK_EVERY_SECONDS)

    def look(self) -> None:
        """Report what died since the last look, and restart what may be restarted now."""
        for name in (name for name in ORDER if name in self._stack.parts):
            if self._stack.parts[name].running:
                continue
            trouble = self._troubles[name]
            if not trouble.reported:
                self._report_death(name, trouble)
            if time.monotonic() >= trouble.start_at:
                self._restart(name, trouble)

    def _report_death(self, name: str, trouble: _Trouble) -> None:
        part, lived_seconds = self._stack.parts[name], time.monotonic() - trouble.started_at
        trouble.deaths = 1 if lived_seconds > CALM_SECONDS else trouble.deaths + 1
        pause_seconds = pause_after(trouble.deaths)
        trouble.start_at, trouble.reported = time.monotonic() + pause_seconds, True
        again = f"it starts again in {pause_seconds:.0f} s. Log: {part.recipe.log}"
        self._say(f"✗ {name} died with exit code {part.exit_code}; {again}")

    def _restart(self, name: str, trouble: _Trouble) -> None:
        try:
            seconds = self._stack.restart(name)
        except StackError as error:
            self._say(f"✗ {error}")
        else:
            self._say(f"✓ {name} is back after {seconds:.1f} s")
        trouble.started_at, trouble.reported = time.monotonic(), False


def pause_after(deaths: int) -> float:
    """Seconds to wait before the next start: doubling, up to a bound, for ever."""
    return float(min(FIRST_PAUSE_SECONDS * 2 ** (deaths - 1), LONGEST_PAUSE_SECONDS))
