"""What is true of a cell in the end: the state as stated, record equal to book, no effect and no POST too many."""

from dataclasses import fields
from typing import Any, get_args

from domain.commands import Resolve
from domain.operation import Operation, OperationState
from domain.outcomes import DeclineKind, Fact
from domain.payment import Amounts, Attention
from tests.safety.matrix.rows import ROWS, Row, let_go
from tests.safety.matrix.stage import Stage
from tests.safety.matrix.table import Cell


async def judge(stage: Stage, cell: Cell, operation: Operation) -> None:
    row = ROWS[cell.row]
    told_by = _told_by(stage, operation)
    if not stage.in_doubt:
        await stage.go_on()
    _money_agrees(stage)
    assert len(_effects(stage, row)) == (cell.end == "done"), "effects at the gateway"
    assert stage.posts(operation) <= cell.posts, f"{stage.posts(operation)} POSTs; {stage.records.attempts}"
    assert stage.parked == cell.parks, f"parked: {stage.parked}"
    if cell.closed_by == "P5":
        await _decide(stage, operation)
    _closed(stage, cell, operation, told_by)
    end = row.done if cell.end == "done" else let_go(row) if cell.closed_by == "P3" else row.undone
    assert (stage.payment.state, stage.payment.attention) == (end.state, Attention.NONE)
    assert stage.payment.amounts == Amounts(**end.amounts)
    assert _book(stage).get("released_minor", 0) == end.released_minor
    _money_agrees(stage)


def _told_by(stage: Stage, operation: Operation) -> str:
    """What taught the last thing we know: the operation's own call, or a look."""
    looks = [look for look in stage.evidence.looks if look.answer in _TELLING]
    if looks and looks[-1].asked == "lookup":
        assert stage.last_asked[-1].method == "GET"
        return "lookup"
    return "reply" if any(map(stage.is_own(operation), stage.last_asked)) else "lookup"


_TELLING = {field.default for fact in get_args(Fact) for field in fields(fact) if field.name == "kind"}


def _closed(stage: Stage, cell: Cell, operation: Operation, told_by: str) -> None:
    """That it was settled by what the table names."""
    settled = stage.payment.operation(operation.number)
    kind = settled.decline.kind if settled.decline else None
    attempt = stage.records.attempts[stage.payment_id, operation.number, operation.generation]
    # A release that took place is itself a fence; a webhook settles the operation and leaves the call unanswered.
    released = "P3" if cell.row == "void" and cell.closed_by != "webhook" else None
    assert attempt.proof == (cell.closed_by if cell.end == "undone" else released), f"the proof on record: {attempt}"
    match cell.closed_by:
        case "reply" | "lookup":
            assert told_by == cell.closed_by, stage.line.requests
        case "webhook":
            assert stage.inbox.entries
        case "P1":
            assert kind is DeclineKind.UNREACHABLE
            assert stage.posts(operation) == 0
        case "P2":
            assert kind is stage.side.refusal
        case "P3":
            assert settled.state is OperationState.CANCELED
            _after_the_settle_time(stage, operation)
        case "P4":
            assert kind is DeclineKind.UNREACHABLE
            _after_the_settle_time(stage, operation)
        case "P5":
            assert kind is DeclineKind.DECIDED
        case word:
            raise AssertionError(f"nothing is known to close by {word}")


def _after_the_settle_time(stage: Stage, operation: Operation) -> None:
    assert stage.time.now - operation.started_at > stage.adapters.good.capabilities.settle_time


async def _decide(stage: Stage, operation: Operation) -> None:
    """A person with the gateway's dashboard before them says that it did not happen."""
    command = Resolve(
        command_key="person-1", decision="confirm_not_charged", reason="nothing in the dashboard", by="matrix",
        operation_number=operation.number,
    )  # fmt: skip
    await stage.decide(command)


def _money_agrees(stage: Stage) -> None:
    """Our ledger and our amounts against the gateway's book, at any moment nothing is in doubt about money moved."""
    book = _book(stage)
    amounts = stage.payment.amounts
    if not stage.in_doubt:
        assert (amounts.captured_minor, amounts.refunded_minor) == (
            book.get("captured_minor", 0),
            book.get("refunded_minor", 0),
        )
    postings = [p for transition in stage.records.transitions for p in transition.postings]
    assert sum(p.amount_minor for p in postings) == 0
    owed = sum(p.amount_minor for p in postings if p.account == "gateway")
    assert owed == amounts.captured_minor - amounts.refunded_minor
    assert book.get("charges", 0) <= 1


def _book(stage: Stage) -> dict[str, Any]:
    totals = stage.simulator.ask("GET", f"/totals?wire={stage.side.wire}&reference={stage.payment_id}")["totals"]
    return dict(totals[0]) if totals else {}


def _effects(stage: Stage, row: Row) -> list[Any]:
    found = stage.simulator.ask("GET", f"/effects?wire={stage.side.wire}&reference={stage.payment_id}")["effects"]
    return [effect for effect in found if effect["kind"] == row.effect]
