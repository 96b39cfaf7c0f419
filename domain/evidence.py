"""What is kept beside a payment whose outcome is not known, so that a person can decide: tries, looks and answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from domain.events import OutcomeArrived
from domain.outcomes import NOT_EXECUTED, Declined, DeclineKind, Lapsed, Outcome, Unknown, Voided
from domain.ports import Attempt, Proof


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One question to the gateway about an unknown outcome: the same call again under its key, or a lookup. `answer` is
    the outcome's kind or the reason why it is unknown, `evidence` a redacted excerpt of at most 2,000 characters."""

    payment_id: str
    operation_number: int
    at: datetime
    asked: Literal["resend", "lookup"]
    answer: str
    evidence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Attempts in the order of their operations; the newest looks, newest first."""

    attempts: Sequence[Attempt]
    looks: Sequence[Look]


class EvidenceRecords(Protocol):
    """Append-only. Raises RecordUnavailable."""

    async def note(self, look: Look) -> None: ...
    async def evidence(self, payment_id: str, *, most_looks: int) -> Evidence: ...


def answer_of(outcome: Outcome) -> str:
    """In one word."""
    return outcome.reason if isinstance(outcome, Unknown) else outcome.kind


def evidence_of(outcome: Outcome) -> str:
    """In a line for people. An action's data is left out: it may hold the customer's secret."""
    if isinstance(outcome, Unknown):
        return outcome.evidence or outcome.reason
    said = [f"{name}={getattr(outcome, name)}" for name in _TOLD.get(outcome.kind, ())]
    code = [f"code={outcome.decline.code}"] if isinstance(outcome, Declined) else []
    ids = [f"{noun}={reference}" for noun, reference in dict(getattr(outcome, "references", {})).items()]
    return " ".join([outcome.kind, *said, *code, *ids])


_TOLD: Mapping[str, tuple[str, ...]] = {
    "authorized": ("amount_minor", "currency"),
    "captured": ("captured_minor", "currency", "final"),
    "refund": ("amount_minor", "currency", "standing", "reference"),
    "dispute": ("amount_minor", "currency", "standing", "reference", "withdrawn_minor"),
}
"""By the kind of the outcome."""


def proof_of(event: OutcomeArrived) -> Proof | None:
    """Why the operation surely moved no money and cannot any more (money-safety 3); None where it did or may have."""
    match event.outcome:
        case Declined() if event.source == "person":
            return "P5"
        case Declined(decline=decline) if decline.kind is DeclineKind.UNREACHABLE:
            return _PROOFS.get(decline.code, "P2")
        case Declined():
            return "P2"
        case Voided() | Lapsed():
            return "P3"
    return None


_PROOFS: dict[str, Proof] = {"NotSent": "P1", "CredentialsRefused": "P1", NOT_EXECUTED.code: "P4"}
"""By our own words for why an operation was surely not executed."""
