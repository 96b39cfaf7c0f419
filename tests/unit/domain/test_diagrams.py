"""The pages in docs/diagrams are those of the tables as they are now."""

import re

import pytest

from domain.diagrams import pages
from domain.operation import OPERATION_TABLE, OperationState
from domain.payment import PAYMENT_TABLE, Late, Move, PaymentEvent, PaymentState
from tests.unit.domain.write_diagrams import DIAGRAMS


@pytest.mark.parametrize("name", pages())
def test_the_committed_page_is_the_generated_one(name: str) -> None:
    committed = (DIAGRAMS / name).read_text(encoding="utf-8") if (DIAGRAMS / name).exists() else ""
    assert committed == pages()[name], (
        f"docs/diagrams/{name} is old; write it again with: python -m tests.unit.domain.write_diagrams"
    )


def test_no_page_is_left_behind() -> None:
    assert {path.name for path in DIAGRAMS.iterdir()} == set(pages())


def test_every_arrow_of_the_payment_is_a_move_of_its_table_and_the_reverse() -> None:
    drawn = {
        (before, to, event)
        for before, to, labels in re.findall(r"^    (\w+) --> (\w+): (.+)$", pages()["payment.md"], re.MULTILINE)
        for event in labels.replace(" (looked up)", "").split(", ")
    }
    assert drawn == {
        (state, entry.to, event)
        for state, row in PAYMENT_TABLE.items()
        for event, entry in row.items()
        if isinstance(entry, Move | Late) and entry.to is not state
    }


def test_every_cell_is_in_the_table() -> None:
    rows = [line for line in pages()["payment.md"].splitlines() if line.startswith("| `")]
    assert [line.split("`")[1] for line in rows] == list(PaymentEvent)
    assert all(line.count("|") == len(PaymentState) + 2 for line in rows)


def test_every_move_of_an_operation_is_drawn() -> None:
    drawn = set(re.findall(r"^    (\w+) --> (\w+)$", pages()["operation.md"], re.MULTILINE))
    assert drawn == {(before, to) for before in OperationState for to in OPERATION_TABLE[before]}


def test_the_ends_are_states_left_only_on_evidence() -> None:
    ends = set(re.findall(r"^    (\w+) --> \[\*\]$", pages()["payment.md"], re.MULTILINE))
    assert ends == {"captured", "canceled", "failed", "expired"}
