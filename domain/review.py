"""What stands beside a payment's state for people: why it is doubted, what persons decided, what came too late."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Self

from domain.copying import replace

Decision = Literal["confirm_charged", "confirm_not_charged", "void", "refund", "look_again"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """Why the payment is parked. `subject` is what is doubted: `operation 2`, or the gateway's object that contradicts
    the record (`payment`, `refund re_1`, `dispute dp_1`). `evidence` is a redacted excerpt for people."""

    subject: str
    operation_number: int  # whose look at the gateway may clear it
    reason: str
    evidence: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What a person decided, and why (money-safety 3, step 7). `dismissed` is the doubt they overruled."""

    command_key: str
    decision: Decision
    operation_number: int | None
    reason: str
    by: str
    at: datetime
    dismissed: Doubt | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """`given_up`: the end (a state) we had announced when money was found after all; `amends.py` makes up for it."""

    doubt: Doubt | None = None
    resolutions: tuple[Resolution, ...] = ()
    given_up: str | None = None

    def doubting(self, doubt: Doubt) -> Self:
        """Unchanged for what a person has overruled, and for the same doubt heard again."""
        if any(_same(doubt, r.dismissed) for r in self.resolutions) or _same(doubt, self.doubt):
            return self
        return replace(self, doubt=doubt)

    def cleared(self) -> Self:
        return replace(self, doubt=None) if self.doubt else self

    def resolved(self, resolution: Resolution) -> Self:
        return replace(self, resolutions=(*self.resolutions, resolution))

    def resolution_of(self, command_key: str) -> Resolution | None:
        return next((r for r in self.resolutions if r.command_key == command_key), None)


def _same(doubt: Doubt, other: Doubt | None) -> bool:
    told = other and (other.subject, other.reason, other.evidence)
    return (doubt.subject, doubt.reason, doubt.evidence) == told
