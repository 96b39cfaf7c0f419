"""A parked payment: what is known of it, and what a person decides."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from api.schemas.fields import PLAIN, Asked, Told

Reason = Annotated[str, StringConstraints(min_length=3, max_length=500, pattern=PLAIN)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=PLAIN)]
DecisionWord = Literal["confirm_charged", "confirm_not_charged", "void", "refund", "look_again"]


class ResolvePayment(Asked):
    """`confirm_charged`: the operation took place at the gateway; `confirm_not_charged`: it did not, and cannot any
    more. `void` and `refund` look first, then act by an operation of their own."""

    decision: DecisionWord
    reason: Annotated[Reason, Field(description="how you know; kept for ever")]
    operation: Annotated[int | None, Field(ge=1, le=10_000, description="its number; unset: the one in doubt")] = None
    by: Annotated[Name | None, Field(description="who decides; the API key is kept in any case")] = None


class AttemptObject(Told):
    """One try of an operation at the gateway. `proof`: why it surely moved no money (P1 to P5)."""

    operation: int
    verb: str
    state: str
    key: str
    sends: int
    sent_at: datetime
    answered_at: datetime | None
    answer: str | None
    evidence: str
    proof: str | None


class LookObject(Told):
    """One question to the gateway about it, and the answer, redacted."""

    at: datetime
    operation: int
    asked: str
    answer: str
    evidence: str


class SuggestionObject(Told):
    decision: DecisionWord
    effect: str


class EvidenceObject(Told):
    """Why a payment needs attention, and all that is known. Looks: the newest first, at most 20."""

    reason: str | None
    evidence: str | None
    since: datetime | None
    attempts: list[AttemptObject]
    looks: list[LookObject]
    next_look: datetime | None
    suggestions: list[SuggestionObject]
