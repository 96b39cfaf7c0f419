"""The referee: totals are sums of rows, and a row that would break conservation is refused."""

import pytest

from simulator.book import Book
from simulator.effects import Effect, EffectKind, Effects, MoneyWouldNotBalance, reference_of

Move = tuple[EffectKind, int]


def moved(*moves: Move, metadata: dict[str, str] | None = None) -> Effects:
    effects = Effects(Book())
    for kind, amount in moves:
        effect = Effect(kind, "pi_1", "ch_1", amount, "usd", metadata or {"payment_id": "pay_1"})
        effects.add(effect, wire="stripe", account="acct_1", idempotency_key="k", at=1.0)
    return effects


def test_totals_are_the_sums_of_the_rows() -> None:
    effects = moved(
        ("authorize", 100), ("capture", 70), ("release", 30), ("refund", 50), ("refund_failed", 20),
        ("dispute_withdrawn", 10), ("dispute_reinstated", 10),
    )  # fmt: skip
    [total] = effects.totals(wire="stripe", reference="pay_1")
    assert total == {
        "wire": "stripe", "reference": "pay_1", "currency": "usd", "payments": ["pi_1"], "charges": 1,
        "authorized_minor": 100, "captured_minor": 70, "released_minor": 30, "refunded_minor": 30, "disputed_minor": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    "moves",
    [
        [("capture", 1)],
        [("authorize", 100), ("capture", 101)],
        [("authorize", 100), ("capture", 60), ("capture", 60)],
        [("authorize", 100), ("capture", 60), ("release", 41)],
        [("authorize", 100), ("refund", 1)],
        [("authorize", 100), ("capture", 100), ("refund", 60), ("refund", 60)],
        [("authorize", 100), ("capture", 100), ("refund_failed", 1)],
        [("authorize", 100), ("capture", 100), ("dispute_reinstated", 1)],
    ],
)
def test_money_that_is_not_there_cannot_be_moved(moves: list[Move]) -> None:
    with pytest.raises(MoneyWouldNotBalance):
        moved(*moves)


def test_an_effect_has_a_positive_amount() -> None:
    with pytest.raises(Exception, match="CHECK constraint"):
        moved(("authorize", 0))


def test_two_charges_of_one_reference_are_counted_as_two() -> None:
    effects = Effects(Book())
    for number in (1, 2):
        effect = Effect("authorize", f"pi_{number}", f"ch_{number}", 100, "usd", {"payment_id": "pay_1"})
        effects.add(effect, wire="stripe", account="acct_1", idempotency_key=None, at=1.0)
    [total] = effects.totals()
    assert (total["charges"], total["authorized_minor"], total["payments"]) == (2, 200, ["pi_1", "pi_2"])


@pytest.mark.parametrize(
    ("metadata", "reference"),
    [
        ({"operation": "1", "payment_id": "pay_1"}, "pay_1"),
        ({"order_id": "o", "payment": "p"}, "p"),
        ({"anything": "x"}, "x"),
        ({}, None),
    ],
)
def test_the_reference_is_the_best_known_name(metadata: dict[str, str], reference: str | None) -> None:
    assert reference_of(metadata) == reference


def test_rows_are_found_by_reference_gateway_id_and_any_value() -> None:
    effects = moved(("authorize", 100), metadata={"payment_id": "pay_1", "reference": "pay_1-2"})
    assert [len(effects.rows(reference=name)) for name in ("pay_1", "pay_1-2", "pi_1", "pay_", "payment_id")] == [
        1,
        1,
        1,
        0,
        1,
    ]
