"""Ids sort by creation; keys and references are derived, frozen and distinct."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.identifiers import (
    PREFIXES,
    compose_id,
    gateway_key,
    is_id,
    operation_reference,
    parse_operation_reference,
    payment_workflow_id,
    refund_id,
)

PAYMENT = "pay_01jnq8w3m0aaaaaaaaaaaaaaaa"
milliseconds = st.integers(0, 2**48 - 1)
entropies = st.binary(min_size=10, max_size=10)
payment_ids = st.builds(
    lambda at, entropy: compose_id("payment", at_milliseconds=at, entropy=entropy), milliseconds, entropies
)


@given(noun=st.sampled_from(sorted(PREFIXES)), at=milliseconds, entropy=entropies)
def test_every_composed_id_has_its_shape(noun: str, at: int, entropy: bytes) -> None:
    composed = compose_id(noun, at_milliseconds=at, entropy=entropy)
    assert is_id(noun, composed)
    assert [other for other in PREFIXES if is_id(other, composed)] == [noun]


@given(st.lists(milliseconds, min_size=2, unique=True), entropies, entropies)
def test_ids_sort_by_creation(times: list[int], low: bytes, high: bytes) -> None:
    ids = [compose_id("payment", at_milliseconds=at, entropy=low if at % 2 else high) for at in sorted(times)]
    assert ids == sorted(ids)


def test_ids_of_one_instant_differ_by_entropy() -> None:
    ids = {compose_id("payment", at_milliseconds=1, entropy=bytes([0] * 9 + [n])) for n in range(256)}
    assert len(ids) == 256


def test_an_id_is_frozen() -> None:
    assert compose_id("payment", at_milliseconds=1772366400000, entropy=bytes(range(10))) == (
        "pay_01kjmma2g0000g40r40m30e209"
    )


@pytest.mark.parametrize("entropy", [b"", bytes(9), bytes(11)])
def test_other_entropy_is_refused(entropy: bytes) -> None:
    with pytest.raises(ValueError, match="entropy must be 10 bytes"):
        compose_id("payment", at_milliseconds=0, entropy=entropy)


def test_an_unknown_noun_has_no_prefix() -> None:
    with pytest.raises(KeyError):
        compose_id("invoice", at_milliseconds=0, entropy=bytes(10))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "pay_",
        PAYMENT + "\n",  # `$` would let this through
        " " + PAYMENT,
        PAYMENT.upper(),
        PAYMENT[:-1],
        PAYMENT + "a",
        PAYMENT.replace("01", "il"),
        PAYMENT.replace("pay", "ref"),
        PAYMENT.replace("0", "\N{ARABIC-INDIC DIGIT ZERO}"),
    ],
)
def test_what_only_looks_like_an_id_is_none(text: str) -> None:
    assert not is_id("payment", text)


def test_prefixes_are_distinct() -> None:
    assert len(set(PREFIXES.values())) == len(PREFIXES)


def test_a_workflow_is_named_as_its_payment() -> None:
    assert payment_workflow_id(PAYMENT) == PAYMENT


@pytest.mark.parametrize(
    ("number", "generation", "key"),
    [
        (1, 1, "po_idw5wj2jpduaudobcyftmggwno6alp47"),
        (2, 1, "po_mzzgro5ng5s4omi2rmeixjppdwcvp3qb"),
        (1, 2, "po_2vlc4drodx6z4ui746wp7kodtqsqoexx"),
    ],
)
def test_gateway_keys_are_frozen(number: int, generation: int, key: str) -> None:
    """A changed derivation would charge again what was sent before the deploy."""
    assert gateway_key(payment_id=PAYMENT, operation_number=number, generation=generation) == key


@given(payment_ids, st.integers(1, 10**6), st.integers(1, 1000))
def test_gateway_keys_fit_every_gateway(payment_id: str, number: int, generation: int) -> None:
    key = gateway_key(payment_id=payment_id, operation_number=number, generation=generation)
    assert re.fullmatch(r"[A-Za-z0-9_-]{10,36}", key)


@given(st.lists(st.tuples(payment_ids, st.integers(1, 200), st.integers(1, 200)), unique=True, min_size=2))
def test_gateway_keys_differ_for_every_payment_operation_and_generation(parts: list[tuple[str, int, int]]) -> None:
    keys = {gateway_key(payment_id=p, operation_number=n, generation=g) for p, n, g in parts}
    assert len(keys) == len(parts)


def test_numbers_that_read_alike_do_not_share_a_key() -> None:
    pairs = [(1, 11), (11, 1), (1, 1), (111, 1), (1, 111)]
    assert len({gateway_key(payment_id=PAYMENT, operation_number=n, generation=g) for n, g in pairs}) == len(pairs)


def test_a_refunds_id_is_derived() -> None:
    assert refund_id(PAYMENT, 3) == "ref_01jnq8w3m0aaaaaaaaaaaaaaaa_3"


@given(payment_ids, st.integers(1, 10**8))
def test_a_reference_leads_back_to_its_operation(payment_id: str, number: int) -> None:
    assert parse_operation_reference(operation_reference(payment_id, number)) == (payment_id, number)


def test_an_operations_reference_is_frozen() -> None:
    assert operation_reference(PAYMENT, 2) == "pay_01jnq8w3m0aaaaaaaaaaaaaaaa-2"


@pytest.mark.parametrize(
    "text",
    [
        *("", "-", "order-1", PAYMENT, f"{PAYMENT}-", f"{PAYMENT}-0", f"{PAYMENT}-01", f"{PAYMENT}-²", f"{PAYMENT}--1"),
        *(f"{PAYMENT}-1\n", f"{PAYMENT}-x", f"{PAYMENT}-1.0", f"{PAYMENT}-1-2", f"{PAYMENT}-" + "9" * 30),
    ],
)
def test_other_texts_are_no_references_of_ours(text: str) -> None:
    """Merchants put their own words into the same fields; none of them may raise or name an operation."""
    assert parse_operation_reference(text) is None


@given(st.text())
def test_no_text_raises(text: str) -> None:
    assert parse_operation_reference(text) is None
    assert not is_id("payment", text)
