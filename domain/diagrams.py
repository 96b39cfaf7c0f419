"""The two machines as pages for people: Mermaid diagrams and tables made from the tables the code runs on."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from domain.operation import OPEN, OPERATION_TABLE, UNSETTLED, OperationState
from domain.payment import PAYMENT_TABLE, REFUSED, STALE, Entry, Late, Move, PaymentEvent, PaymentState

_GENERATED = (
    "<!-- Generated from the tables in domain/. Do not edit: run `python -m tests.unit.domain.write_diagrams`. -->"
)


def pages() -> Mapping[str, str]:
    """The text of each page, by its file name."""
    return {"payment.md": _payment_page(), "operation.md": _operation_page()}


def _payment_page() -> str:
    return _page(
        "# The payment's states",
        "Every state meets every event. An arrow marked *looked up* is a regression that really happens; it needs"
        " evidence asked of the gateway, never a webhook alone. Arrows that stay in their state are left out here.",
        _diagram(_payment_arrows(), start=PaymentState.CREATED, ends=_ends()),
        "## Every state and every event",
        "`stays`: recorded, the state remains. `stale`: known already or too old, at most an open operation is settled"
        " by it. `refused`: impossible, nothing changes; when a webhook says so, the gateway is asked.",
        _table(["event", *PaymentState], ([f"`{event}`", *_cells(event)] for event in PaymentEvent)),
        "Two entries depend on amounts: `captured` that is not final leads to `authorized` (the rest is still held),"
        " and `voided` or `lapsed` after a partial capture leads to `captured` (only the rest was released). A void"
        " sent because the customer's time ran out leads to `expired` instead of `canceled`.",
    )


def _payment_arrows() -> Mapping[tuple[str, str], Sequence[str]]:
    arrows: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for state, row in PAYMENT_TABLE.items():
        for event, entry in row.items():
            if isinstance(entry, Move | Late) and entry.to is not state:
                arrows[state, entry.to].append(f"{event} (looked up)" if isinstance(entry, Late) else event)
    return arrows


def _ends() -> Sequence[str]:
    """States a payment leaves only on looked-up evidence."""
    return [
        state
        for state, row in PAYMENT_TABLE.items()
        if all(entry.to is state for entry in row.values() if isinstance(entry, Move))
    ]


def _cells(event: PaymentEvent) -> Iterable[str]:
    return (_cell(state, PAYMENT_TABLE[state][event]) for state in PaymentState)


def _cell(state: PaymentState, entry: Entry) -> str:
    if isinstance(entry, Late):
        return f"**looked up → {entry.to}**"
    if isinstance(entry, Move):
        return "stays" if entry.to is state else f"**→ {entry.to}**"
    return {STALE: "stale", REFUSED: "refused"}[entry]


def _operation_page() -> str:
    arrows: dict[tuple[str, str], Sequence[str]] = {
        (before, to): () for before in OperationState for to in OperationState if to in OPERATION_TABLE[before]
    }
    return _page(
        "# The small life of every operation",
        "The same for authorize, capture, void and refund. While an operation is *unsettled* nobody knows whether it"
        " moved money, and no other money movement of its payment may start.",
        _diagram(arrows, start=OperationState.PREPARED, ends=[]),
        "## What may become of each state",
        _table(["state", "kind", "may become"], (_operation_row(state) for state in OperationState)),
        "Of what is settled only three things move again: a success taken back late, and a decline or cancel that"
        " turns out to have succeeded after all.",
    )


def _operation_row(state: OperationState) -> Sequence[str]:
    kind = "unsettled" if state in UNSETTLED else "open" if state in OPEN else "settled"
    return [f"`{state}`", kind, ", ".join(f"`{to}`" for to in OperationState if to in OPERATION_TABLE[state])]


def _diagram(arrows: Mapping[tuple[str, str], Sequence[str]], *, start: str, ends: Iterable[str]) -> str:
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {start}"]
    for (before, to), labels in arrows.items():
        label = f": {', '.join(labels)}" if labels else ""
        lines.append(f"    {before} --> {to}{label}")
    return "\n".join([*lines, *(f"    {end} --> [*]" for end in ends), "```"])


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _page(*parts: str) -> str:
    return "\n\n".join([_GENERATED, *parts]) + "\n"
