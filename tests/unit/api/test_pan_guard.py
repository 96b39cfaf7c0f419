"""Card numbers are found wherever they hide, and what is no card number passes."""

import json
import random
import time
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.pan_guard import card_field, holds_card, redact, suspicious

CARDS = [
    "4242424242424242",
    "4000000000000002",
    "4222222222222",
    "5555555555554444",
    "2223003122003222",
    "378282246310005",
    "371449635398431",
    "6011111111111117",
    "3056930009020004",
    "36227206271667",
    "3566002020360505",
    "6200000000000005",
    "6759649826438453",
    "5200828282828210",
]


def luhn_completed(body: str) -> str:
    total = sum(
        (d * 2 - 9 if d > 4 else d * 2) if i % 2 == 0 else d for i, d in enumerate(int(c) for c in reversed(body))
    )
    return body + str(-total % 10)


visa = st.text("0123456789", min_size=14, max_size=14).map(lambda tail: luhn_completed("4" + tail))


@pytest.mark.parametrize("card", CARDS)
@pytest.mark.parametrize(
    "form", ["{}", "Ada {} Lovelace", "card:{}", "({}).", "x_{}_y", "{} 12/28", "{} 123", "12 {}", "№{}", "{}\n"]
)
def test_a_card_number_is_found(card: str, form: str) -> None:
    assert holds_card(form.format(card))


@pytest.mark.parametrize("separator", [" ", "-", "\u00a0", "\u2013"])
@given(card=visa)
def test_a_grouped_card_number_is_found(card: str, separator: str) -> None:
    assert holds_card(separator.join(card[i : i + 4] for i in range(0, 16, 4)))
    assert holds_card(separator.join([card[:4], card[4:10], card[10:]]) + f"{separator}12")


@given(card=visa)
def test_a_card_number_in_other_digits_is_found(card: str) -> None:
    assert holds_card(card.translate({ord(str(d)): chr(0xFF10 + d) for d in range(10)}))


@given(card=visa, position=st.integers(0, 15), change=st.integers(1, 9))
def test_a_wrong_check_digit_passes(card: str, position: int, change: int) -> None:
    wrong = card[:position] + str((int(card[position]) + change) % 10) + card[position + 1 :]
    assert not holds_card(wrong)


@pytest.mark.parametrize(
    "harmless",
    [
        "1763690000123",
        "1763690000123456",
        "20261121-000123456",
        "2026-11-21 03:06:42.123456",
        "pay_01kax4242424242424242xyz12",
        "+4915112345678",
        "0.4242424242424242",
        "pm_1Abc4242424242424242",
        "INV-000000000000000000",
        "0000000000000000",
        "4242 4242 4242",
        "4111-1111x1111-1111",
    ],
)
def test_what_is_no_card_number_passes(harmless: str) -> None:
    assert not holds_card(harmless)


@given(st.uuids())
def test_every_uuid_passes(value: uuid.UUID) -> None:
    assert not holds_card(str(value))


def test_a_uuid_that_looks_like_a_card_inside_passes() -> None:
    assert holds_card("42424242-4242-4242")
    assert not holds_card("42424242-4242-4242-a000-0123456789ab")


def test_false_positives_are_rare() -> None:
    """Of order numbers of random digits at card length, about one in twenty-eight; of milliseconds and of ids, none."""
    dice = random.Random(7)
    orders = ["".join(dice.choices("0123456789", k=16)) for _ in range(20_000)]
    assert sum(map(holds_card, orders)) / len(orders) < 0.04
    assert not any(holds_card(str(1_763_690_000_000 + dice.randrange(10**11))) for _ in range(20_000))
    assert not any(holds_card("".join(dice.choices("0123456789abcdef", k=64))) for _ in range(20_000))


def test_the_field_is_named_and_the_number_is_not() -> None:
    body = {"amount": 1, "metadata": {"a": "x", "note": "4242 4242 4242 4242"}}
    assert card_field(body) == "metadata.note"
    assert card_field({"metadata": {"4242424242424242": "x"}}) == "metadata"
    assert card_field({"4242424242424242": "x"}) == "body"
    assert card_field({"items": [{"name": "a"}, {"name": "4242424242424242"}]}) == "items.1.name"
    assert card_field({"order": 4242424242424242}) == "order"
    assert card_field({"ok": True, "n": None, "f": 1.5}) is None


@given(card=visa)
def test_what_holds_a_card_is_suspicious_in_any_encoding_of_json(card: str) -> None:
    assert suspicious(json.dumps({"a": card}).encode())
    assert suspicious(("".join(f"\\u{ord(c):04x}" for c in card)).encode())
    assert not suspicious(b'{"amount": 4999, "currency": "EUR", "order_reference": "A-1001"}')


@given(card=visa, before=st.sampled_from(['{"a":', '{"a":[', '{"a": ']), quoted=st.booleans())
def test_redacted_bytes_hold_no_card_and_stay_json(card: str, before: str, quoted: bool) -> None:
    value = f'"{card}"' if quoted else card
    raw = (before + value + ("]}" if "[" in before else "}")).encode()
    clean = redact(raw)
    assert card.encode() not in clean
    assert len(clean) == len(raw)
    json.loads(clean)


@given(card=visa)
def test_redacted_groups_hold_no_card(card: str) -> None:
    grouped = " ".join(card[i : i + 4] for i in range(0, 16, 4))
    assert redact(f"x {grouped}, 12".encode()) == b"x 9999 9999 9999 9999, 12"


def test_a_gateways_own_ids_and_numbers_are_not_mangled() -> None:
    raw = (
        b'{"id":"evt_1Abc4242424242424242","created":1763690000,"data":{"object":{"id":"pi_3Qx4242424242424242",'
        b'"amount":4999,"last4":"4242","client_secret":"pi_3Q_secret_4242424242424242x"}}}'
    )
    assert redact(raw) == raw


@pytest.mark.parametrize("text", ["1 " * 30_000, "9" * 60_000, "42 " * 20_000, "3737-" * 12_000, "4 1 " * 15_000])
def test_looking_takes_time_in_proportion_to_the_text(text: str) -> None:
    started = time.process_time()
    holds_card(text)
    redact(text.encode())
    assert time.process_time() - started < 2
