"""Writes docs/ambiguity-matrix.md anew from the table: `python -m tests.safety.matrix.write_page`."""

from collections.abc import Iterable, Mapping, Sequence

from tests.safety.figures import ROOT
from tests.safety.matrix.rows import ROWS, End
from tests.safety.matrix.table import FOOTNOTES, OUTCOMES, TABLES, lines

PAGE = ROOT / "docs" / "ambiguity-matrix.md"
_WORDS: Mapping[str, str] = {
    "reply": "the same call, sent again under the same key, is answered",
    "lookup": "the gateway is asked, by its id or by our reference",
    "webhook": "a verified event tells it before we look",
    "P1": "no byte of the request left",
    "P2": "a definitive decline",
    "P4": "a lookup shows nothing after the settle time, and the first call can have no later effect",
    "P5": "a person's decision, with a reason",
    "parked, then": "parked first, at the horizon or at once for a contradiction; nothing else moved meanwhile",
}
_INTRODUCTION = """<!-- Generated from the table beside it: `python -m tests.safety.matrix.write_page`. -->

# The ambiguity matrix

Every operation x every way its outcome can get lost, and how each must end. `tests/safety/test_matrix.py` plays every
cell: the real adapter and SDK over real sockets to the gateway simulator, the real activities, one clock. The
simulator's own book of effects is the referee: *done* is exactly one effect, *undone* is none, our ledger equals the
book, and no more POSTs under the operation's key than the number in the cell ever reach the gateway."""


def page() -> str:
    parts = [_INTRODUCTION, "## What the words mean", _table(("word", "settled by"), _WORDS.items())]
    parts += ["## What done and undone mean", _table(("operation", "done", "undone"), _ends())]
    for gateway in TABLES:
        parts += [f"## {gateway.capitalize()}", _table(("outcome", *ROWS), _cells(gateway))]
        parts += [f"({note}) {why}." for note, why in FOOTNOTES.items()]
    parts += ["## What happens in each outcome", _table(("outcome", "what happens"), OUTCOMES.items())]
    return "\n\n".join(parts) + "\n"


def _ends() -> Iterable[Sequence[str]]:
    return ([name, _end(row.done), _end(row.undone)] for name, row in ROWS.items())


def _end(end: End) -> str:
    amounts = [f"{name.removesuffix('_minor')} {amount}" for name, amount in end.amounts.items()]
    amounts += [f"released {end.released_minor}"] if end.released_minor else []
    return f"{end.state}: {', '.join(amounts) or 'nothing moved'}"


def _cells(gateway: str) -> Iterable[Sequence[str]]:
    return ([outcome, *(_readable(word) for word in words)] for outcome, *words in lines(gateway)[1:])


def _readable(word: str) -> str:
    if word.startswith("-"):
        return f"n/a ({word[1:]})"
    end, closed_by, posts = word.split()
    return f"{end}: {closed_by.replace('parked+', 'parked, then ')}, {posts}"


def _table(heading: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = list(heading)
    lines_ = [head, ["---"] * len(head), *(list(row) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines_)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
