"""What a sweep has shown so far; what its assertions and figures look at."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from tests.safety.crash_points.cell import Lived
from tests.safety.crash_points.control import Place
from tests.safety.crash_points.operations import GATEWAYS
from tests.safety.crash_points.plan import TRIES, Cell

Choose = Callable[[Sequence[Cell], Counter[Cell], Collection[Cell]], list[Cell]]
"""Which cells to live next, given how often each was tried and which have struck; none: the sweep is over."""


@dataclass
class Outcome:
    """A cell lived again has several lives in `lived`: each of them has to end as it must."""

    gateways: tuple[str, ...] = GATEWAYS
    traces: dict[str, list[list[Place]]] = field(default_factory=dict)
    cells: list[Cell] = field(default_factory=list)
    lived: list[Lived] = field(default_factory=list)
    deaths: list[tuple[str, int]] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)

    @property
    def struck(self) -> set[Cell]:
        return {cell for one in self.lived for cell in one.struck}

    @property
    def tried(self) -> Counter[Cell]:
        return Counter(cell for one in self.lived for cell in one.cells if cell.trouble)

    @property
    def promised(self) -> set[Cell]:
        """The cells that must strike: the certain ones, but for those whose lives showed that their place is a matter
        of luck after all, because none of several passed it."""
        passed: dict[Cell, list[bool]] = defaultdict(list)
        for one in self.lived:
            for cell in one.cells:
                if cell.trouble:
                    passed[cell].append(cell.trouble.place in one.trace)
        luck = {cell for cell, seen in passed.items() if len(seen) >= TRIES and not any(seen)}
        return {cell for cell in self.cells if cell.certain} - luck

    @property
    def traced(self) -> list[Lived]:
        return [one for one in self.lived if not any(cell.trouble for cell in one.cells)]
