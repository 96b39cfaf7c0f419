"""What came back instead of an object, and which of our outcomes that is. Pure: reads an exception, touches no wire.

Three classes in this order: surely not executed (raised as GatewayError, the same call may be sent again), definitely
refused (Declined), and everything else, which is Unknown. Sources: docs.stripe.com/error-low-level, /error-codes and
/api/idempotent_requests.
"""

import re
from dataclasses import dataclass, field
from typing import Any

import stripe

from domain.errors import InFlight, NotSent, RateLimited
from domain.outcomes import Declined, DeclineKind, NotFound, Outcome, Unknown
from gateways.connecting import never_sent
from gateways.stripe.declines import ERRORS, decline, refusal

Json = dict[str, Any]
EVIDENCE_LENGTH = 500
REFUSED_STATUSES = frozenset({400, 404})
DENIED_STATUSES = frozenset({401, 403})
BUSY_CODES = frozenset({"idempotency_key_in_use", "lock_timeout"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One failed exchange in plain values. `status` None: no HTTP answer arrived; `never_sent`: no byte of it left."""

    status: int | None = None
    never_sent: bool = False
    type: str = ""
    code: str = ""
    decline_code: str = ""
    advice_code: str = ""
    message: str = ""
    request_id: str = ""
    replayed: bool = False
    retry_after_seconds: float | None = None
    references: dict[str, str] = field(default_factory=dict)

    @property
    def refuses_credentials(self) -> bool:
        """The key itself: unknown, expired or revoked. 403 is a valid key that may not do this one thing."""
        return self.status == 401

    @property
    def is_kept_error(self) -> bool:
        """An error of Stripe's own that the key repeats until it is forgotten (docs: idempotent requests)."""
        return self.replayed and self.status is not None and (self.status >= 500 or self.status == 424)

    @property
    def evidence(self) -> str:
        """For people: what Stripe said, without anything secret."""
        words = [
            f"HTTP {self.status}" if self.status else "no readable answer",
            self.type,
            self.code,
            self.decline_code,
        ]
        words += [self.request_id, "replayed" if self.replayed else "", self.message]
        return redacted(" ".join(word for word in words if word))


class Refused(Exception):
    """Carries the fault from the one wire function to the verb that asked."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.evidence)
        self.fault = fault


def told_by_refusal(fault: Fault) -> Outcome:
    """What a fault says about a call that may move money. Raises NotSent, InFlight or RateLimited."""
    _raise_if_not_executed(fault)
    if fault.type == "idempotency_error" and fault.status in REFUSED_STATUSES:
        return Unknown(reason="key_reused", evidence=fault.evidence, references=fault.references)
    kind = _refusal_kind(fault)
    if kind is not None:
        detail = redacted(f"{fault.message} {fault.request_id}".strip())
        return Declined(decline=refusal(kind, code=fault.code, detail=detail), references=fault.references)
    if fault.status == 402 or (fault.type == "card_error" and fault.status in REFUSED_STATUSES):
        told = decline(code=fault.code, decline_code=fault.decline_code, advice_code=fault.advice_code)
        return Declined(decline=told, references=fault.references)
    return Unknown(reason=_unknown_reason(fault), evidence=fault.evidence, references=fault.references)


def told_by_lookup(fault: Fault) -> Outcome:
    """A lookup that failed says nothing about money, not even with 401; only 404 says there is nothing."""
    _raise_if_not_executed(fault)
    if fault.status == 404 and fault.code == "resource_missing":
        return NotFound()
    reason = "lookup_refused" if fault.status in REFUSED_STATUSES | DENIED_STATUSES else _unknown_reason(fault)
    return Unknown(reason=reason, evidence=fault.evidence)


def read_fault(error: stripe.StripeError) -> Fault:
    """The SDK leaves codes of 409 and 429 only in the body, so everything is read from there."""
    body = error.json_body if isinstance(error.json_body, dict) else {}
    said: Json = body["error"] if isinstance(body.get("error"), dict) else {}
    headers = {str(name).lower(): str(value) for name, value in (error.headers or {}).items()}
    return Fault(
        status=error.http_status,
        never_sent=isinstance(error, stripe.APIConnectionError) and never_sent(error),
        type=_text(said, "type"),
        code=_text(said, "code"),
        decline_code=_text(said, "decline_code"),
        advice_code=_text(said, "advice_code"),
        message=_text(said, "message") or str(error.user_message or ""),
        request_id=headers.get("request-id", ""),
        replayed=headers.get("idempotent-replayed") == "true",
        retry_after_seconds=_seconds(headers.get("retry-after")),
        references=_references(said),
    )


_SECRETS = (
    (re.compile(r"\b((?:pi|seti|cs|src)_[A-Za-z0-9_]+?_secret)_\w+"), r"\1_***"),
    (re.compile(r"\b((?:sk|rk|whsec|ek|ephkey)_(?:(?:test|live)_)?)[A-Za-z0-9*_]+"), r"\1***"),
    (re.compile(r"(?<!\d)\d(?:[ -]?\d){12,18}(?!\d)"), "[number]"),
)


def redacted(text: str) -> str:
    """At most 500 characters, without keys, client secrets, or anything that could be a card number."""
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return " ".join(text.split())[:EVIDENCE_LENGTH]


def _raise_if_not_executed(fault: Fault) -> None:
    if fault.never_sent:
        raise NotSent(fault.evidence)
    if fault.status in (409, 429) and fault.code in BUSY_CODES:
        raise InFlight(fault.evidence)
    if fault.status == 409 and fault.type == "idempotency_error":
        raise InFlight(fault.evidence)
    if fault.status == 429 or (fault.status == 400 and fault.code == "rate_limit"):
        # Stripe's limiter answers before the idempotency layer: the key is still unused.
        raise RateLimited(fault.evidence, retry_after_seconds=fault.retry_after_seconds)


def _refusal_kind(fault: Fault) -> DeclineKind | None:
    if fault.status in DENIED_STATUSES:
        return DeclineKind.CONFIGURATION
    if fault.status not in REFUSED_STATUSES | {402} or not fault.type:
        return None
    if fault.code in ERRORS:
        return ERRORS[fault.code]
    return DeclineKind.INVALID_REQUEST if fault.type == "invalid_request_error" and fault.status != 402 else None


def _unknown_reason(fault: Fault) -> str:
    if fault.status is None:
        return "no_answer"
    if fault.status >= 500 or fault.status == 424:
        return "stored_error" if fault.is_kept_error else "server_error"
    return "unreadable" if not fault.type else "unexpected_answer"


def _references(said: Json) -> dict[str, str]:
    given = {noun: said.get(noun) for noun in ("payment_intent", "charge", "setup_intent")}
    found = {noun: thing.get("id") if isinstance(thing, dict) else thing for noun, thing in given.items()}
    return {noun: reference for noun, reference in found.items() if isinstance(reference, str)}


def _text(said: Json, name: str) -> str:
    value = said.get(name)
    return value if isinstance(value, str) else ""


def _seconds(text: str | None) -> float | None:
    """`Retry-After` in seconds; the date form is not used by Stripe and is ignored."""
    return float(text) if text is not None and re.fullmatch(r"\d{1,6}(\.\d{1,3})?", text) else None
