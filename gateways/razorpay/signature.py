"""Is this provably Razorpay's? HMAC-SHA256 over the raw bytes of a webhook, or over the ids a browser brings back.

Pure. Nothing signs a time, so nothing is ever too old: what was heard is remembered by its event id for as long as
payments are kept. After a change of the secret, retries of old events still carry the old one, so several are tried.
https://razorpay.com/docs/webhooks/validate-test
"""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence

from domain.errors import SignatureInvalid

SIGNATURE_HEADER = "x-razorpay-signature"
EVENT_ID_HEADER = "x-razorpay-event-id"
_SIGNATURE = re.compile(r"[0-9a-f]{64}")
_EVENT_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def verify_webhook(*, headers: Mapping[str, str], raw: bytes, secrets: Sequence[str]) -> str:
    """The event's id. Raises SignatureInvalid. Any of the secrets may have signed; none means no entry."""
    signature = _header(headers, SIGNATURE_HEADER)
    event_id = _header(headers, EVENT_ID_HEADER)
    if not _EVENT_ID.fullmatch(event_id):
        raise SignatureInvalid(f"{EVENT_ID_HEADER} is not an event's id")
    _verify(raw, signature, secrets)
    return event_id


def verify_words(words: Sequence[str], *, signature: str, key_secret: str) -> None:
    """What a browser brings back is signed with the API key's own secret, the words joined by a bar."""
    if any("|" in word for word in words):
        raise SignatureInvalid("an id with a bar in it could stand for two")
    _verify("|".join(words).encode(), signature, (key_secret,))


def _verify(told: bytes, signature: str, secrets: Sequence[str]) -> None:
    keys = [secret.strip().encode() for secret in secrets if secret.strip()]
    if not keys:
        raise SignatureInvalid("no secret is configured")
    if not _SIGNATURE.fullmatch(signature):
        raise SignatureInvalid("the signature is not 64 hexadecimal digits")
    matches = [hmac.compare_digest(hmac.new(key, told, hashlib.sha256).hexdigest(), signature) for key in keys]
    if not any(matches):
        raise SignatureInvalid("the signature does not match")


def _header(headers: Mapping[str, str], name: str) -> str:
    found = [value for given, value in headers.items() if given.lower() == name]
    if len(found) != 1:
        raise SignatureInvalid(f"exactly one {name} header is needed")
    return found[0]
