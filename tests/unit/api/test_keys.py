"""What is derived from an Idempotency-Key."""

from api.keys import command_key
from domain.ports import Caller

ALICE = Caller(merchant_id="mer_a", mode="test", key_id="key_1")


def test_a_command_key_is_derived_from_merchant_mode_and_key() -> None:
    assert command_key(ALICE, "k") == command_key(Caller(merchant_id="mer_a", mode="test", key_id="key_2"), "k")
    others = [
        command_key(Caller(merchant_id="mer_b", mode="test", key_id="key_1"), "k"),
        command_key(Caller(merchant_id="mer_a", mode="live", key_id="key_1"), "k"),
        command_key(ALICE, "k2"),
    ]
    assert len({command_key(ALICE, "k"), *others}) == 4


def test_a_command_key_is_short_and_plain() -> None:
    key = command_key(ALICE, "k" * 255)
    assert len(key) == 28
    assert key.replace("_", "").isalnum()
