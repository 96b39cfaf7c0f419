"""The folder through which the test arms failpoints in running processes, and reads what passed.

Plain files in a temporary folder: they survive the death of whoever wrote them, need no connection, and cost an open()
each. A cell is one payment (or customer) with its own trouble; ids that meet at a failpoint belong to the same cell, so
a cell armed by the key of a request follows its payment through every process. What is about no payment in particular
(the sweeps' own statements) is about its own name. A batch belongs to every cell that has something in it.
"""

import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from domain.failpoints import Kind, Moment, Passing
from domain.identifiers import gateway_key

_FOLLOWED = ("pay_", "inb_", "cust_", "meth_")
_KEYS = [(number, generation) for number in range(1, 5) for generation in range(1, 3)]


@dataclass(frozen=True, slots=True)
class Place:
    """Where something may go wrong in one cell: the nth pass of a moment of a failpoint, in one of its uses."""

    name: str
    detail: str
    moment: Moment
    nth: int

    def __str__(self) -> str:
        return f"{self.moment} {self.name}{f'[{self.detail}]' if self.detail else ''} #{self.nth}"


@dataclass(frozen=True, slots=True)
class Trouble:
    place: Place
    kind: Kind


class Control:
    def __init__(self, folder: Path) -> None:
        self._subjects, self._cells, self._deaths = folder / "subjects", folder / "cells", folder / "deaths"
        for made in (self._subjects, self._cells):
            made.mkdir(parents=True, exist_ok=True)

    # --- the test's side ---------------------------------------------------------------------------------------------

    def arm(self, cell: str, troubles: tuple[Trouble, ...], *subjects: str) -> None:
        """From now on the passes about these subjects are the cell's, and its troubles strike."""
        (self._cells / f"{cell}.json").write_text(json.dumps([asdict(trouble) for trouble in troubles]))
        for subject in subjects:
            (self._subjects / subject).unlink(missing_ok=True)
            self._belongs(subject, cell)

    def trace(self, cell: str) -> list[Place]:
        """Every pass of the cell, in order."""
        seen = self._cells / f"{cell}.trace"
        return _places(seen.read_text().splitlines()) if seen.exists() else []

    def fired_at(self, cell: str, position: int) -> float | None:
        """When (time.time) that trouble of the cell struck; None: not yet."""
        fired = self._cells / f"{cell}.{position}.fired"
        try:
            return float(fired.read_text() or 0) or None
        except FileNotFoundError:
            return None

    def deaths(self) -> list[tuple[str, int]]:
        """Role and exit code of every process that ended."""
        lines = self._deaths.read_text().splitlines() if self._deaths.exists() else []
        return [(line.split()[0], int(line.split()[1])) for line in lines]

    def last_death_at(self) -> float:
        """time.time; 0 before the first."""
        return self._deaths.stat().st_mtime if self._deaths.exists() else 0.0

    # --- the processes' side -----------------------------------------------------------------------------------------

    def died(self, role: str, exit_code: int) -> None:
        with self._deaths.open("a") as file:
            file.write(f"{role} {exit_code}\n")

    def strikes(self, passing: Passing) -> Kind | None:
        """Note the pass; the kind of trouble that is due here and now."""
        passed = [(cell, self._note(cell, passing)) for cell in self._cells_of(passing.subjects or (passing.name,))]
        for cell, place in passed:
            for position, trouble in enumerate(json.loads((self._cells / f"{cell}.json").read_text())):
                if Place(**trouble["place"]) == place and self._first(f"{cell}.{position}.fired"):
                    kind: Kind = trouble["kind"]
                    return kind  # of one cell at a time: another in the same batch is lived again
        return None

    def _note(self, cell: str, passing: Passing) -> Place:
        trace, line = self._cells / f"{cell}.trace", f"{passing.moment} {passing.name} {passing.detail}"
        with trace.open("a") as file:
            file.write(f"{line}\n")
        return Place(passing.name, passing.detail, passing.moment, trace.read_text().splitlines().count(line))

    def _cells_of(self, subjects: tuple[str, ...]) -> list[str]:
        """In order, each once. An unknown id belongs to the id before it; a payment only to the key that made it."""
        cells: dict[str, None] = {}
        left, cell = "", None
        for subject in subjects:
            known = self._cell_of(subject)
            made = not subject.startswith("pay_") or not left.startswith(_FOLLOWED)
            if known is None and cell is not None and made and subject.startswith(_FOLLOWED):
                self._belongs(subject, cell)
                known = cell
            if known is not None:
                cells[known] = None
            left, cell = subject, known
        return list(cells)

    def _cell_of(self, subject: str) -> str | None:
        known = self._subjects / subject.replace("/", "_")
        return known.read_text() or None if subject and known.exists() else None

    def _belongs(self, subject: str, cell: str) -> None:
        path = self._subjects / subject
        if path.exists():
            return
        path.write_text(cell)
        if subject.startswith("pay_"):
            for number, generation in _KEYS:
                key = gateway_key(payment_id=subject, operation_number=number, generation=generation)
                (self._subjects / key).write_text(cell)

    def _first(self, name: str) -> bool:
        try:
            descriptor = os.open(self._cells / name, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
        except FileExistsError:
            return False
        os.write(descriptor, str(time.time()).encode())
        os.close(descriptor)
        return True


def _places(lines: list[str]) -> list[Place]:
    counts: dict[str, int] = {}
    places = []
    for line in lines:
        counts[line] = counts.get(line, 0) + 1
        moment, name, detail = line.split(" ", 2)
        places.append(Place(name, detail, "before" if moment == "before" else "after", counts[line]))
    return places
