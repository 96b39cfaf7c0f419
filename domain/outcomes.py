"""What a gateway may tell us, in our words: by reply, by lookup or by webhook. One vocabulary for all three.

Outcomes carry totals ("captured so far"), not deltas, so hearing one twice changes nothing. `Unknown` is an outcome
of its own: it never means failed. Adapters translate with literal tables; a word they do not know becomes `Unknown`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal


class DeclineKind(StrEnum):
    """Why money was surely not moved. Kinds after `CUSTOMER_FIX` are not the issuer's word but the call's."""

    SOFT = "soft"  # may work later, unchanged
    HARD = "hard"  # will not work with this method
    FRAUD = "fraud"  # refused by risk rules; do not tell the customer why
    CUSTOMER_FIX = "customer_fix"  # the customer can correct it (expired card, wrong code, authentication)
    INVALID_REQUEST = "invalid_request"  # the gateway refused the request as malformed or not allowed
    INVALID_STATE = "invalid_state"  # the gateway's object does not allow it now; look it up
    CONFIGURATION = "configuration"  # credentials, permissions, account: somebody must mend it
    UNREACHABLE = "unreachable"  # never sent, and given up within its bound
    DECIDED = "decided"  # a person decided that it did not happen, with a reason on record


@dataclass(frozen=True, slots=True)
class Decline:
    """`code` is the gateway's own word, `message` a plain sentence for the customer, `advice` one for the merchant."""

    kind: DeclineKind
    code: str
    message: str
    advice: str = ""


NOT_EXECUTED = Decline(
    kind=DeclineKind.UNREACHABLE,
    code="not_executed",
    message="The payment could not be processed. No money was taken. Please try again.",
    advice="The gateway failed and shows no trace of the operation after its settle time.",
)
"""Never refused: the gateway does not know of it, when it would have to (money-safety 3, P4)."""


@dataclass(frozen=True, slots=True)
class CustomerAction:
    """A step only the customer can do. `redirect`: open `url`; `browser`: give `data` to the gateway's own script."""

    kind: Literal["redirect", "browser", "display"]
    url: str | None = None
    data: Mapping[str, str] = field(default_factory=dict)
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class MethodSummary:
    """What may be shown of a payment method: never a number, never a code."""

    type: str
    brand: str | None = None
    last4: str | None = None
    expiry: str | None = None  # "YYYY-MM"
    wallet: str | None = None


References = Mapping[str, str]
"""The gateway's own ids for a payment by their noun (`payment_intent`, `charge`, `order`): opaque to the workflow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorized:
    """Money is held, not taken. Amounts are totals in minor units."""

    amount_minor: int
    currency: str
    expires_at: datetime | None = None
    references: References = field(default_factory=dict)
    method: MethodSummary | None = None
    kind: Literal["authorized"] = "authorized"


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """Money is taken: `captured_minor` so far, at least 1; `final` when nothing more can be captured."""

    captured_minor: int
    currency: str
    final: bool = True
    references: References = field(default_factory=dict)
    method: MethodSummary | None = None
    kind: Literal["captured"] = "captured"


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionRequired:
    action: CustomerAction
    references: References = field(default_factory=dict)
    kind: Literal["action_required"] = "action_required"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """Accepted, not decided: bank debits for days, some wallets for seconds."""

    references: References = field(default_factory=dict)
    kind: Literal["pending"] = "pending"


@dataclass(frozen=True, slots=True, kw_only=True)
class Declined:
    """Finally. A webhook may speak of one try on a hosted page; a lookup of a page still open for another try says
    `ActionRequired`."""

    decline: Decline
    references: References = field(default_factory=dict)
    kind: Literal["declined"] = "declined"


@dataclass(frozen=True, slots=True, kw_only=True)
class Voided:
    """The hold is released or the intent can no longer succeed, for ever. Where money was taken before the release, the
    adapter says `Captured` with the total and `final` instead: only that tells what became of a capture under way."""

    references: References = field(default_factory=dict)
    kind: Literal["voided"] = "voided"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lapsed:
    """The gateway let it expire: an authorization too old, a hosted page nobody finished. As with `Voided`, an adapter
    says `Captured` with `final` where money had been taken."""

    references: References = field(default_factory=dict)
    kind: Literal["lapsed"] = "lapsed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reversed:
    """A success taken back late: a debit returned days after it was captured."""

    decline: Decline
    references: References = field(default_factory=dict)
    kind: Literal["reversed"] = "reversed"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundReported:
    """One refund as the gateway sees it now. `operation_number` is ours, None for one made outside (a dashboard)."""

    standing: Literal["pending", "succeeded", "failed"]
    reference: str
    amount_minor: int
    currency: str
    operation_number: int | None = None
    failure: str | None = None
    kind: Literal["refund"] = "refund"


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeReported:
    """One dispute as the gateway sees it now. `withdrawn_minor` is what was taken from us (0 for an inquiry)."""

    standing: Literal["open", "won", "lost"]
    reference: str
    amount_minor: int
    withdrawn_minor: int
    currency: str
    reason: str
    evidence_due_at: datetime | None = None
    kind: Literal["dispute"] = "dispute"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """We cannot say whether money moved. `reason` is a short word, `evidence` a redacted excerpt for people."""

    reason: str
    evidence: str = ""
    references: References = field(default_factory=dict)
    kind: Literal["unknown"] = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class NotFound:
    """A lookup found nothing. Before the gateway's settle time that means nothing."""

    kind: Literal["not_found"] = "not_found"


PaymentOutcome = Authorized | Captured | ActionRequired | Pending | Declined | Voided | Lapsed | Reversed
Fact = PaymentOutcome | RefundReported | DisputeReported
"""Something the gateway states about money, fit to be applied to a payment."""

Outcome = Fact | Unknown | NotFound
