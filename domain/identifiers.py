"""Shapes of our ids and the derived keys. Pure: time and entropy come in as arguments.

An id is `prefix_` + 26 characters of Crockford base32 (48 bits of milliseconds, 80 bits of entropy), so ids sort by
creation. A gateway key is derived from payment, operation and generation, never drawn: the same operation always
has the same key, after any crash, reset or redeploy. Keys match `^[A-Za-z0-9_-]{10,36}$`, which all five gateways
accept (Razorpay needs at least 10 characters, Square at most 45).
"""

import base64
import hashlib
import re
from functools import lru_cache

_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
_BODY_LENGTH = 26

PREFIXES = {
    "merchant": "mer",
    "account": "acct",
    "api_key": "key",
    "customer": "cust",
    "payment_method": "meth",
    "payment": "pay",
    "refund": "ref",
    "checkout_session": "chk",
    "dispute": "dsp",
    "inbox": "inb",
    "event": "evt",
    "request": "req",
    "reconciliation": "rec",
    "finding": "fnd",
}

_ID = re.compile(r"([a-z]{3,4})_([0-9a-hjkmnp-tv-z]{26})")
_OPERATION_REFERENCE = re.compile(r"(pay_[0-9a-hjkmnp-tv-z]{26})-([1-9][0-9]{0,8})")


def compose_id(noun: str, *, at_milliseconds: int, entropy: bytes) -> str:
    """`entropy` is exactly 10 random bytes. Raises KeyError for a noun without a prefix."""
    if len(entropy) != 10:
        raise ValueError("entropy must be 10 bytes")
    number = (at_milliseconds & (2**48 - 1)) << 80 | int.from_bytes(entropy, "big")
    body = "".join(_CROCKFORD[number >> shift & 31] for shift in range(5 * (_BODY_LENGTH - 1), -1, -5))
    return f"{PREFIXES[noun]}_{body}"


def is_id(noun: str, text: str) -> bool:
    """Whether the text has the shape of an id of this noun (says nothing about existence)."""
    match = _ID.fullmatch(text)
    return match is not None and match[1] == PREFIXES[noun]


def payment_workflow_id(payment_id: str) -> str:
    """One workflow id per payment, and it is the payment's id: what you see in the API you find in the Temporal UI."""
    return payment_id


def refund_id(payment_id: str, operation_number: int) -> str:
    """A refund is an operation; its public id is derived, so a replayed command names the same refund."""
    return f"{PREFIXES['refund']}_{payment_id.removeprefix('pay_')}_{operation_number}"


def operation_reference(payment_id: str, operation_number: int) -> str:
    """Our reference for one operation at the gateway (metadata, receipt): lookups find it after a lost reply."""
    return f"{payment_id}-{operation_number}"


def parse_operation_reference(reference: str) -> tuple[str, int] | None:
    """The payment id and operation number, or None if the text is not a reference of ours."""
    match = _OPERATION_REFERENCE.fullmatch(reference)
    return (match[1], int(match[2])) if match else None


@lru_cache(maxsize=4_096)
def gateway_key(*, payment_id: str, operation_number: int, generation: int) -> str:
    """The idempotency key of one operation at a gateway (money-safety: derived, never random)."""
    digest = hashlib.sha256(f"{payment_id}|{operation_number}|{generation}".encode()).digest()
    return "po_" + base64.b32encode(digest[:20]).decode().lower()
