"""What the browser brings back: believed only when signed, and then only as a hint to look."""

import hashlib
import hmac
from typing import Any

import pytest
import razorpay

from domain.errors import SignatureInvalid
from gateways.razorpay.callbacks import verify_callback
from tests.unit.gateways.razorpay.objects import REFERENCE
from tests.unit.gateways.razorpay.records import CREATED, PAYMENT_ID

SECRET = "key-secret"


def signature(*words: str, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), "|".join(words).encode(), hashlib.sha256).hexdigest()


ORDER = {
    "razorpay_order_id": "order_1",
    "razorpay_payment_id": "pay_R1",
    "razorpay_signature": signature("order_1", "pay_R1"),
}
LINK = {
    "razorpay_payment_id": "pay_R1",
    "razorpay_payment_link_id": "plink_1",
    "razorpay_payment_link_reference_id": REFERENCE,
    "razorpay_payment_link_status": "paid",
    "razorpay_signature": signature("plink_1", REFERENCE, "paid", "pay_R1"),
}


def heard(fields: Any) -> Any:
    return verify_callback(fields, key_secret=SECRET, now=CREATED)


def test_checkouts_callback_names_the_order() -> None:
    event = heard(ORDER)
    assert (event.outcome, event.payment_id, event.references) == (None, None, {"order": "order_1"})
    assert (event.dedupe_key, event.occurred_at) == ("callback-pay_R1", CREATED)


def test_a_payment_links_callback_names_our_payment() -> None:
    event = heard(LINK)
    assert (event.outcome, event.payment_id, event.references) == (None, PAYMENT_ID, {"payment_link": "plink_1"})


def test_razorpays_sdk_agrees() -> None:
    utility = razorpay.Client(auth=("rzp_test_x", SECRET)).utility
    assert utility.verify_payment_signature(ORDER)
    told = {name.removeprefix("razorpay_"): value for name, value in LINK.items()}
    assert utility.verify_payment_link_signature(
        {**told, "razorpay_payment_id": "pay_R1", "razorpay_signature": LINK["razorpay_signature"]}
    )


@pytest.mark.parametrize(
    "fields",
    [{}, {"error[code]": "BAD_REQUEST_ERROR", "error[reason]": "payment_cancelled"}, {"utm_source": "mail"}],
)
def test_a_customer_who_left_brings_nothing_to_believe(fields: Any) -> None:
    assert heard(fields) is None


@pytest.mark.parametrize("fields", [ORDER, LINK])
def test_every_field_is_signed_and_none_may_be_missing(fields: dict[str, str]) -> None:
    for name in fields:
        with pytest.raises(SignatureInvalid):
            heard({**fields, name: f"{fields[name]}0"})
        with pytest.raises(SignatureInvalid):
            heard({**fields, name: ""})
        with pytest.raises(SignatureInvalid):
            heard({**fields, name: "x" * 300})
        rest = {other: value for other, value in fields.items() if other != name}
        with pytest.raises(SignatureInvalid):
            heard(rest)


def test_another_keys_signature_is_refused() -> None:
    with pytest.raises(SignatureInvalid):
        heard({**ORDER, "razorpay_signature": signature("order_1", "pay_R1", secret="another")})
