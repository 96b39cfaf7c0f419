"""The ambiguity matrix: every operation x every way an outcome gets lost, and how each must end.

A cell reads `<end> <closed by> <posts>`: how the operation ends, what settles it, and the largest number of POSTs under
its key that may reach the gateway. `done` allows exactly one effect in the gateway's book, `undone` none. A `-` cell
does not apply and names the footnote that says why. The tests and `docs/ambiguity-matrix.md` are made from this file.

Closed by:  reply    the same call, sent again under the same key, answers
            lookup   the gateway is asked by its id or by our reference
            webhook  a verified event
            P1-P5    the recorded proof that nothing was executed (money-safety: not sent, refused, fenced, not found
                     after the settle time and fenced, a person)
`parked+` before the closing word: it was parked first, at the horizon or at once for a contradiction, and nothing else
moved meanwhile.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

End = Literal["done", "undone"]
ROWS = ("authorize", "sale", "capture", "void", "refund", "renewal")

OUTCOMES: Mapping[str, str] = {
    "refused": "connection refused; the next try gets through",
    "refused for good": "connection refused until the tries are used up",
    "no name": "the gateway's name does not resolve; the next try gets through",
    "no tls": "the TLS handshake fails; the next try gets through",
    "reset in request": "connection reset before the request was fully sent",
    "half-open": "the request vanishes in a half-open connection; timeout",
    "timeout, not executed": "no answer; nothing was executed",
    "timeout, executed": "no answer; it was executed",
    "reset, executed": "executed, then the connection is reset instead of an answer",
    "500, not executed": "5xx; nothing was executed and the key remembers nothing",
    "500 stored, not executed": "5xx that the key remembers for ever; nothing was executed",
    "500, executed, webhook": "executed, then 5xx that the key remembers; the webhook arrives",
    "500, executed, no webhook": "executed, then 5xx that the key remembers; no webhook ever",
    "503": "503 with Retry-After; nothing was executed",
    "late answer": "executed and answered after start_to_close; the second try meets the first",
    "lookup lags": "executed, 5xx remembered; the first lookups say not found",
    "html": "200 with an HTML page; executed",
    "empty": "200 with an empty body; executed",
    "broken json": "200 with half a JSON body; executed",
    "other amount": "200 with another amount than asked; executed",
    "other currency": "200 with another currency than asked; executed",
    "key in use": "409: the same key is still being worked on",
    "key reused": "400: the key was used before with other parameters",
    "key expired, executed": "executed, no answer, and nobody looks for 25 hours: the gateway has forgotten the key",
    "key expired, not executed": "not executed, no answer, and nobody looks for 25 hours: the key is forgotten",
    "429": "429 with Retry-After; nothing was executed",
    "lookups fail for hours": "executed, 5xx remembered; every lookup is a 5xx until after the horizon",
    "declined": "a definitive decline or refusal",
}

STRIPE = """
outcome                   | authorize            | sale                 | capture              | void                 | refund               | renewal
refused                   | done reply 1         | done reply 1         | done reply 1         | done reply 1         | done reply 1         | done reply 1
refused for good          | undone P1 0          | undone P1 0          | undone P1 0          | undone P1 0          | undone P1 0          | undone P1 0
no name                   | done reply 1         | done reply 1         | done reply 1         | done reply 1         | done reply 1         | done reply 1
no tls                    | done reply 1         | done reply 1         | done reply 1         | done reply 1         | done reply 1         | done reply 1
reset in request          | done reply 1         | done reply 1         | done reply 1         | done reply 1         | done reply 1         | done reply 1
half-open                 | done reply 1         | done reply 1         | done reply 1         | done reply 1         | done reply 1         | done reply 1
timeout, not executed     | done reply 2         | done reply 2         | done reply 2         | done reply 2         | done reply 2         | done reply 2
timeout, executed         | done reply 2         | done reply 2         | done reply 2         | done reply 2         | done reply 2         | done reply 2
reset, executed           | done reply 2         | done reply 2         | done reply 2         | done reply 2         | done reply 2         | done reply 2
500, not executed         | done reply 2         | done reply 2         | done reply 2         | done reply 2         | done reply 2         | done reply 2
500 stored, not executed  | undone P4 2          | undone P4 2          | undone P4 2          | undone P4 2          | undone P4 2          | undone P4 2
500, executed, webhook    | done webhook 1       | done webhook 1       | done webhook 1       | done webhook 1       | done webhook 1       | done webhook 1
500, executed, no webhook | done lookup 2        | done lookup 2        | done lookup 2        | done lookup 2        | done lookup 2        | done lookup 2
503                       | done reply 2         | done reply 2         | done reply 2         | done reply 2         | done reply 2         | done reply 2
late answer               | done reply 2         | done reply 2         | done reply 2         | done reply 2         | done reply 2         | done reply 2
lookup lags               | done lookup 2        | done lookup 2        | done lookup 2        | done lookup 2        | done lookup 2        | done lookup 2
html                      | done reply 2         | done reply 2         | done reply 2         | done reply 2         | done reply 2         | done reply 2
empty                     | done reply 2         | done reply 2         | done reply 2         | done reply 2         | done reply 2         | done reply 2
broken json               | done reply 2         | done reply 2         | done reply 2         | done reply 2         | done reply 2         | done reply 2
other amount              | done parked+lookup 1 | done parked+lookup 1 | done parked+lookup 1 | -void                | done parked+lookup 1 | done parked+lookup 1
other currency            | done parked+lookup 1 | done parked+lookup 1 | done parked+lookup 1 | done parked+lookup 1 | done parked+lookup 1 | done parked+lookup 1
key in use                | done reply 2         | done reply 2         | done reply 2         | done reply 2         | done reply 2         | done reply 2
key reused                | undone parked+P5 1   | undone parked+P5 1   | undone parked+P5 1   | undone parked+P5 1   | undone parked+P5 1   | undone parked+P5 1
key expired, executed     | done lookup 1        | done lookup 1        | done lookup 1        | done lookup 1        | done lookup 1        | done lookup 1
key expired, not executed | undone parked+P5 1   | undone parked+P5 1   | undone parked+P5 1   | undone parked+P5 1   | undone parked+P5 1   | undone parked+P5 1
429                       | done reply 2         | done reply 2         | done reply 2         | done reply 2         | done reply 2         | done reply 2
lookups fail for hours    | done parked+lookup 2 | done parked+lookup 2 | done parked+lookup 2 | done parked+lookup 2 | done parked+lookup 2 | done parked+lookup 2
declined                  | undone P2 1          | undone P2 1          | -state               | -state               | -state               | undone P2 1
"""  # noqa: E501 - a table is read by its columns

RAZORPAY = """
outcome                   | authorize            | sale                 | capture              | void   | refund               | renewal
refused                   | done reply 1         | done reply 1         | done reply 1         | -lapse | done reply 1         | done reply 1
refused for good          | undone P1 0          | undone P1 0          | undone P1 0          | -lapse | undone P1 0          | undone P1 0
no name                   | done reply 1         | done reply 1         | done reply 1         | -lapse | done reply 1         | done reply 1
no tls                    | done reply 1         | done reply 1         | done reply 1         | -lapse | done reply 1         | done reply 1
reset in request          | done reply 1         | done reply 1         | done reply 1         | -lapse | done reply 1         | undone P3 0
half-open                 | done reply 1         | done reply 1         | done reply 1         | -lapse | done reply 1         | undone P3 0
timeout, not executed     | done reply 2         | done reply 2         | done reply 2         | -lapse | done reply 2         | undone P3 1
timeout, executed         | done lookup 1        | done lookup 1        | done lookup 1        | -lapse | done reply 2         | done lookup 1
reset, executed           | done lookup 1        | done lookup 1        | done lookup 1        | -lapse | done reply 2         | done lookup 1
500, not executed         | done reply 2         | done reply 2         | done reply 2         | -lapse | done reply 2         | undone P3 1
500 stored, not executed  | -key                 | -key                 | -key                 | -lapse | undone P4 2          | -key
500, executed, webhook    | -order               | -order               | done webhook 1       | -lapse | done webhook 1       | done webhook 1
500, executed, no webhook | done lookup 1        | done lookup 1        | done lookup 1        | -lapse | done lookup 2        | done lookup 1
503                       | done reply 2         | done reply 2         | done reply 2         | -lapse | done reply 2         | undone P3 1
late answer               | done reply 2         | done reply 2         | done reply 2         | -lapse | done reply 2         | done reply 1
lookup lags               | done reply 2         | done reply 2         | done lookup 1        | -lapse | done lookup 2        | done lookup 1
html                      | done lookup 1        | done lookup 1        | done lookup 1        | -lapse | done reply 2         | done lookup 1
empty                     | done lookup 1        | done lookup 1        | done lookup 1        | -lapse | done reply 2         | done lookup 1
broken json               | done lookup 1        | done lookup 1        | done lookup 1        | -lapse | done reply 2         | done lookup 1
other amount              | done parked+lookup 1 | done parked+lookup 1 | done parked+lookup 1 | -lapse | done parked+lookup 1 | done parked+lookup 1
other currency            | done parked+lookup 1 | done parked+lookup 1 | done parked+lookup 1 | -lapse | done parked+lookup 1 | done parked+lookup 1
key in use                | -key                 | -key                 | -key                 | -lapse | done reply 2         | -key
key reused                | -key                 | -key                 | -key                 | -lapse | undone parked+P5 1   | -key
key expired, executed     | done lookup 1        | done lookup 1        | done lookup 1        | -lapse | done lookup 1        | done lookup 1
key expired, not executed | undone parked+P5 1   | undone parked+P5 1   | undone parked+P5 1   | -lapse | undone parked+P5 1   | undone P3 1
429                       | done reply 2         | done reply 2         | done reply 2         | -lapse | done reply 2         | done reply 2
lookups fail for hours    | done parked+lookup 1 | done parked+lookup 1 | done parked+lookup 1 | -lapse | done parked+lookup 2 | done parked+lookup 1
declined                  | undone P2 1          | undone P2 1          | -state               | -lapse | -state               | undone P2 1
"""  # noqa: E501 - a table is read by its columns

FOOTNOTES: Mapping[str, str] = {
    "void": "a cancellation moves no amount that its answer could misstate",
    "state": "what is held or taken already has no issuer to decline it; a refusal for its state is looked up, see the "
    "contract suite",
    "lapse": "Razorpay has no void (`Abilities.void` is false): the domain refuses the cancellation before anything is "
    "sent, and what nobody captures lapses",
    "key": "Razorpay honours keys for refunds only, so there is none that could be in use, reused, or keep an error",
    "order": "no webhook tells of an order, and nobody can pay one whose id we could not hand out",
}

TABLES: Mapping[str, str] = {"stripe": STRIPE, "razorpay": RAZORPAY}
"""One table per gateway; a new gateway adds its own expectations, not its own outcomes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One expectation. `closed_by` is the last word; `parks` says whether it is parked first."""

    gateway: str
    outcome: str
    row: str
    end: End
    closed_by: str
    posts: int
    parks: bool

    @property
    def name(self) -> str:
        return f"{self.gateway}-{self.row}-{self.outcome}".replace(", ", "-").replace(" ", "_")


def cells() -> list[Cell]:
    """Every cell that applies, of all gateways, outcome by outcome. Raises ValueError for a table that is not whole."""
    return [cell for gateway in TABLES for line in lines(gateway)[1:] for cell in _cells(gateway, line)]


def lines(gateway: str) -> list[list[str]]:
    """The gateway's table as words, its heading first."""
    found = [[word.strip() for word in line.split("|")] for line in TABLES[gateway].strip().splitlines()]
    if found[0] != ["outcome", *ROWS] or [line[0] for line in found[1:]] != list(OUTCOMES):
        raise ValueError(f"the table of {gateway} does not have every row and outcome in their order")
    return found


def _cells(gateway: str, line: list[str]) -> list[Cell]:
    outcome, *words = line
    return [_cell(gateway, outcome, row, word) for row, word in zip(ROWS, words, strict=True) if not _is_empty(word)]


def _is_empty(word: str) -> bool:
    return word.startswith("-") and word[1:] in FOOTNOTES


def _cell(gateway: str, outcome: str, row: str, text: str) -> Cell:
    end, closed_by, posts = text.split()
    if end not in ("done", "undone"):
        raise ValueError(f"{gateway}, {outcome}, {row}: {text!r} ends neither done nor undone")
    last = closed_by.removeprefix("parked+")
    return Cell(
        gateway=gateway,
        outcome=outcome,
        row=row,
        end="done" if end == "done" else "undone",
        closed_by=last,
        posts=int(posts),
        parks=last != closed_by,
    )
