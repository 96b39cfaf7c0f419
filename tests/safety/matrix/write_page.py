"""Writes docs/ambiguity-matrix.md anew from the table: `python -m tests.safety.matrix.write_page`."""

from collections.abc import Iterable, Mapping, Sequence

from tests.safety.figures import ROOT
from tests.safety.matrix.rows import ROWS, End
from tests.safety.matrix.table import FOOTNOTES, OUTCOMES, TABLES, lines

PAGE = ROOT / "docs" / "ambiguity-matrix.md"
_WORDS: Mapping[str, str] = {
    "reply": "the same call is answered, or sent again: under the same key, or where there is none after a look",
    "lookup": "the gateway is asked, by its id or by our reference",
    "webhook": "a verified event tells it before we look",
    "P1": "no byte of the request left",
    "P2": "a definitive decline",
    "P3": "a confirmed fence: after the settle time, what was begun is let go and can no longer succeed",
    "P4": "a lookup shows nothing after the settle time, and the first call can have no later effect",
    "P5": "a person's decision, with a reason",
    "parked, then": "parked first, at the horizon or at once for a contradiction; nothing else moved meanwhile",
}
_INTRODUCTION = """<!-- Generated from the table beside it: `python -m tests.safety.matrix.write_page`. -->

# The ambiguity matrix

Every operation x every way its outcome can get lost, and how each must end. `tests/safety/test_matrix.py` plays every
cell: the real adapter and SDK over real sockets to the gateway simulator, the real activities, one clock. The
simulator's own book of effects is the referee: *done* is exactly one effect, *undone* is none, our ledger equals the
book, and no more of the operation's own POSTs than the number in the cell ever reach the gateway."""
_ROWS_MEAN: Mapping[str, str] = {
    "stripe": "Every call has a key of its own, so what got lost is asked for again under it.",
    "razorpay": """Keys are honoured for refunds only, so everything else is read back before it is sent again
([why](decisions/0017-what-to-do-without-a-key.md)).

- *authorize* and *sale* make an order, which moves no money; once its outcome is settled the customer pays it in a
  browser. An order that cannot be found is made again: nobody can pay one whose id was never handed out.
- *capture* takes the whole amount, and a payment can be captured once only.
- *renewal* is an order and then a charge of the customer's token on it. The charge is the call that gets lost, and one
  that may have been executed is never sent again; an order that shows no charge after the settle time is let go (P3,
  `canceled`). That the order gets lost is played by `test_a_renewal_whose_order_gets_lost_is_charged_once`.
- *declined* is Razorpay refusing the order, or the charge of a token whose mandate has ended. A customer's declined try
  is none: it leaves the order open for another, see the contract suite.
- *void* of a hold does not exist: `test_what_cannot_be_voided_is_refused_and_lapses` plays what happens instead. What
  nobody has paid is let go: that the closing of a page gets lost is played by
  `test_a_page_whose_closing_gets_lost_is_closed`.""",
}
"""What the operations are at each gateway."""


def page() -> str:
    parts = [_INTRODUCTION, "## What the words mean", _table(("word", "settled by"), _WORDS.items())]
    parts += ["## What done and undone mean", _table(("operation", "done", "undone"), _ends())]
    for gateway in TABLES:
        parts += [f"## {gateway.capitalize()}", _ROWS_MEAN[gateway], _table(("outcome", *ROWS), _cells(gateway))]
        parts += [f"({note}) {why}." for note, why in FOOTNOTES.items() if f"-{note}" in _words(gateway)]
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


def _words(gateway: str) -> set[str]:
    return {word for line in lines(gateway) for word in line}


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
