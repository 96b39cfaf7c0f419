"""Provably Razorpay's: held against the SDK's own checks, and against everything that is almost right."""

import hashlib
import hmac

import pytest
import razorpay

from domain.errors import SignatureInvalid
from gateways.razorpay.signature import verify_webhook, verify_words

RAW = '{"entity":"event","amount":1000,"name":"Añ"}'.encode()
SECRET = "hook"


def signed(raw: bytes = RAW, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()


def headers(signature: str | None = None, event_id: str = "EvT1") -> dict[str, str]:
    return {"X-Razorpay-Signature": signature or signed(), "x-razorpay-event-id": event_id}


def test_a_right_signature_gives_the_event_id_as_razorpays_sdk_would_agree() -> None:
    assert verify_webhook(headers=headers(), raw=RAW, secrets=(SECRET,)) == "EvT1"
    utility = razorpay.Client(auth=("rzp_test_x", "x")).utility
    assert utility.verify_webhook_signature(RAW.decode(), signed(), SECRET)


def test_the_old_secret_opens_as_long_as_it_is_configured() -> None:
    assert verify_webhook(headers=headers(), raw=RAW, secrets=("new", SECRET))
    with pytest.raises(SignatureInvalid, match="does not match"):
        verify_webhook(headers=headers(), raw=RAW, secrets=("new",))


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"x-razorpay-signature": signed()},
        {"x-razorpay-event-id": "EvT1"},
        headers(signed(b"other")),
        headers(signed().upper()),
        headers(signed()[:-1]),
        headers(f" {signed()}"),
        headers("0" * 64),
        headers("é" * 64),
        headers(event_id=""),
        headers(event_id="a" * 65),
        headers(event_id="EvT1\nEvT2"),
        {**headers(), "X-RAZORPAY-EVENT-ID": "another"},
        {**headers(), "x-razorpay-signature": signed()},
    ],
)
def test_anything_else_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(SignatureInvalid):
        verify_webhook(headers=wrong, raw=RAW, secrets=(SECRET,))


@pytest.mark.parametrize("secrets", [(), ("",), ("  ",)])
def test_an_empty_secret_closes_the_door(secrets: tuple[str, ...]) -> None:
    with pytest.raises(SignatureInvalid, match="no secret"):
        verify_webhook(headers=headers(signed(RAW, "")), raw=RAW, secrets=secrets)


@pytest.mark.parametrize("position", range(0, len(RAW), 7))
def test_one_changed_byte_is_refused(position: int) -> None:
    changed = RAW[:position] + bytes([RAW[position] ^ 1]) + RAW[position + 1 :]
    with pytest.raises(SignatureInvalid):
        verify_webhook(headers=headers(), raw=changed, secrets=(SECRET,))


def test_words_are_joined_by_a_bar_that_none_of_them_may_hold() -> None:
    verify_words(["order_1", "pay_1"], signature=signed(b"order_1|pay_1"), key_secret=SECRET)
    with pytest.raises(SignatureInvalid, match="bar"):
        verify_words(["order_1|pay", "1"], signature=signed(b"order_1|pay|1"), key_secret=SECRET)
