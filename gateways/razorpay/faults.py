"""What came back instead of an object, and which of our outcomes that is. Pure: reads an exception, touches no wire.

Three classes in this order: surely not executed (raised as GatewayError), definitely refused (Declined), and everything
else, which is Unknown. A GATEWAY_ERROR or SERVER_ERROR is Unknown under any status: the bank may have heard the call.
Sources: razorpay.com/docs/errors, /docs/api/refunds (idempotency).
"""

import re
from dataclasses import dataclass, field
from typing import Any

from domain.errors import InFlight, NotSent, RateLimited
from domain.outcomes import Declined, DeclineKind, NotFound, Outcome, Unknown
from gateways.connecting import never_sent
from gateways.razorpay.declines import DECLINES, decline, refusal, refused_kind
from gateways.razorpay.transport import Answered, NoAnswer

Json = dict[str, Any]
EVIDENCE_LENGTH = 500
REFUSED_STATUSES = frozenset({400, 404})
DENIED_STATUSES = frozenset({401, 403})
REFUSED_CODE = "BAD_REQUEST_ERROR"
NO_SUCH_ID = "id provided does not exist"
KEY_REUSED = "different request with the same idempotency key"
KEYS_REFUSED = ("authentication failed", "the api key provided is invalid", "the api key/secret provided is invalid")
NO_WORD = "NA"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One failed exchange in plain values. `status` None: no HTTP answer arrived; `not_sent`: no byte of it left."""

    status: int | None = None
    not_sent: bool = False
    code: str = ""
    reason: str = ""
    description: str = ""
    parameter: str = ""
    retry_after_seconds: float | None = None
    references: dict[str, str] = field(default_factory=dict)

    @property
    def evidence(self) -> str:
        """For people: what Razorpay said, without anything secret."""
        words = [f"HTTP {self.status}" if self.status else "no readable answer", self.code, self.reason, self.parameter]
        return redacted(" ".join(word for word in [*words, self.description] if word))

    @property
    def refuses_credentials(self) -> bool:
        """The keys themselves, which Razorpay sometimes says with a 400. The words alone would not do: a customer's own
        authentication fails as well, and that has a reason beside it."""
        said = self.description.lower()
        named = any(said.startswith(words) for words in KEYS_REFUSED)
        return self.status == 401 or (self.is_refusal and not self.reason and named)

    @property
    def is_refusal(self) -> bool:
        """Razorpay says itself that it did nothing."""
        return self.status in REFUSED_STATUSES and self.code == REFUSED_CODE


class Refused(Exception):
    """Carries the fault from the one wire function to the verb that asked."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.evidence)
        self.fault = fault


def told_by_refusal(fault: Fault, *, repeated: bool = False) -> Outcome:
    """What a fault says about a call that may move money; `repeated`: its key was sent before. Raises NotSent, InFlight
    or RateLimited."""
    _raise_if_not_executed(fault)
    if fault.is_refusal and KEY_REUSED in fault.description.lower():
        return Unknown(reason="key_reused", evidence=fault.evidence, references=fault.references)
    kind = _refusal_kind(fault)
    if kind is not None:
        told = refusal(kind, code=fault.reason or fault.parameter, detail=redacted(fault.description))
        return Declined(decline=told, references=fault.references)
    if fault.is_refusal:  # what is left of them is about the customer's instrument
        return Declined(decline=decline(fault.reason, redacted(fault.description)), references=fault.references)
    return Unknown(reason=_unknown_reason(fault, repeated), evidence=fault.evidence, references=fault.references)


def told_by_lookup(fault: Fault) -> Outcome:
    """A lookup that failed says nothing about money, not even with 401; only "does not exist" says there is nothing."""
    _raise_if_not_executed(fault)
    if fault.is_refusal and NO_SUCH_ID in fault.description.lower():
        return NotFound()
    denied = fault.is_refusal or fault.status in DENIED_STATUSES
    return Unknown(reason="lookup_refused" if denied else _unknown_reason(fault, False), evidence=fault.evidence)


def read_fault(error: Exception) -> Fault:
    if not isinstance(error, Answered):
        return Fault(not_sent=isinstance(error, NoAnswer) and never_sent(error), description=str(error))
    body = error.body or {}
    said: Json = body["error"] if isinstance(body.get("error"), dict) else {}
    return Fault(
        status=error.status,
        code=_text(said, "code").upper(),
        reason=_text(said, "reason"),
        description=_text(said, "description") or error.text,
        parameter=_text(said, "field"),
        retry_after_seconds=_seconds(error.headers.get("retry-after")),
        references=_references(said),
    )


_SECRETS = (
    (re.compile(r"\b(rzp_(?:test|live)_)\w+"), r"\1***"),
    (re.compile(r"[\w.+-]{1,64}@[\w.-]{1,255}"), "[address]"),  # mail addresses and UPI ids
    (re.compile(r"(?<![\w.])\+?\d(?:[ -]?\d){9,18}(?!\w)"), "[number]"),  # cards and telephones
)


def redacted(text: str) -> str:
    """At most 500 characters, without keys, addresses, or anything that could be a card number or a telephone."""
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return " ".join(text.split())[:EVIDENCE_LENGTH]


def _raise_if_not_executed(fault: Fault) -> None:
    if fault.not_sent:
        raise NotSent(fault.evidence)
    if fault.status == 409:
        raise InFlight(fault.evidence)
    if fault.status == 429:
        raise RateLimited(fault.evidence, retry_after_seconds=fault.retry_after_seconds)


def _refusal_kind(fault: Fault) -> DeclineKind | None:
    if fault.status in DENIED_STATUSES:
        return DeclineKind.CONFIGURATION
    if not fault.is_refusal:
        return None
    told = refused_kind(fault.reason, fault.description)
    return told or (None if fault.reason in DECLINES else DeclineKind.INVALID_REQUEST)


def _unknown_reason(fault: Fault, repeated: bool) -> str:
    """Razorpay marks no replay. A 500 to a repeated key may be the first answer, kept: then only a look can tell."""
    if fault.status is None:
        return "no_answer"
    if fault.status >= 500:
        return "stored_error" if repeated and fault.status == 500 else "server_error"
    return "unexpected_answer" if fault.code else "unreadable"


def _references(said: Json) -> dict[str, str]:
    metadata = said.get("metadata")
    given = metadata if isinstance(metadata, dict) else {}
    found = {"order": given.get("order_id"), "payment": given.get("payment_id")}
    return {noun: reference for noun, reference in found.items() if isinstance(reference, str) and reference}


def _text(said: Json, name: str) -> str:
    value = said.get(name)
    return value if isinstance(value, str) and value != NO_WORD else ""


def _seconds(text: str | None) -> float | None:
    return float(text) if text is not None and re.fullmatch(r"\d{1,6}(\.\d{1,3})?", text) else None
