"""A gateway in a hundred lines with its own book of money: the truth the payment's record is measured against.

It knows nothing of the code under test but the shape of operations and outcomes. Every change is also posted as a
webhook; `mail` keeps them all, so a test may deliver each late, twice, in any order or never.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

from domain.operation import Operation, Verb
from domain.outcomes import Captured, Declined, DisputeReported, Fact, Pending, RefundReported
from tests.unit.domain.builders import ACT, DECLINED, HELD, LAPSED, NO, REVERSED, VOIDED

Standing = Literal["none", "acting", "processing", "held", "closed", "void", "lapsed", "declined", "reversed"]


@dataclass
class BookedRefund:
    amount_minor: int
    standing: Literal["pending", "succeeded", "failed"]
    number: int | None


@dataclass
class OracleGateway:
    """`closed` means captured for good. `names_numbers`: webhooks carry our operation numbers. `hosted`: the customer
    may try again on its page. `terse`: a refund under way is answered without its id."""

    amount_minor: int
    automatic: bool
    names_numbers: bool
    hosted: bool = False
    terse: bool = False
    standing: Standing = "none"
    taken_minor: int = 0
    refunds: dict[str, BookedRefund] = field(default_factory=dict)
    disputes: dict[str, DisputeReported] = field(default_factory=dict)
    answers: dict[int, Fact] = field(default_factory=dict)  # by operation: a key replays its first answer for ever
    mail: list[Fact] = field(default_factory=list)
    ever: set[Standing] = field(default_factory=set)

    # --- what we ask of it --------------------------------------------------------------------------------------

    def execute(self, operation: Operation, draw: str) -> Fact:
        """The answer to our call. `draw` chooses what it meets; `wait` also answers before saying what became of it."""
        if operation.number not in self.answers:
            verbs: dict[Verb, Callable[[Operation, str], Fact]] = {
                Verb.AUTHORIZE: self._authorize,
                Verb.CAPTURE: self._capture,
                Verb.VOID: self._void,
                Verb.REFUND: self._refund,
            }
            self.answers[operation.number] = verbs[operation.verb](operation, draw)
        return self.answers[operation.number]

    def lookup(self, operation: Operation) -> Fact | None:
        """How the operation's object stands now; None when there is none."""
        if operation.verb is not Verb.REFUND:
            return self.snapshot()
        known = ((r, b) for r, b in self.refunds.items() if r == operation.reference or b.number == operation.number)
        found = next(known, None)
        return self._report(found[0], named=True) if found else self.answers.get(operation.number)

    def snapshot(self) -> Fact | None:
        if self.taken_minor and self.standing != "reversed":
            return Captured(captured_minor=self.taken_minor, currency="EUR", final=self.standing != "held")
        facts: dict[Standing, Fact] = {
            "acting": ACT,
            "processing": Pending(),
            "held": replace(HELD, amount_minor=self.amount_minor),
            "void": VOIDED,
            "lapsed": LAPSED,
            "declined": DECLINED,
            "reversed": REVERSED,
        }
        return facts.get(self.standing)

    def _authorize(self, operation: Operation, draw: str) -> Fact:
        meets: dict[str, Standing] = {"act": "acting", "wait": "processing", "no": "declined"}
        self._become(meets.get(draw) or self._paid())
        return self._shown()

    def _capture(self, operation: Operation, draw: str) -> Fact:
        if self.standing != "held" or self.taken_minor + operation.amount_minor > self.amount_minor:
            return Declined(decline=NO)
        self.take(operation.amount_minor, final=operation.final)
        return Pending() if draw == "wait" else self._shown()

    def _void(self, operation: Operation, draw: str) -> Fact:
        if self.standing not in ("acting", "held", "void"):
            return Declined(decline=NO)
        self.cancel(lapsed=False)
        return Pending() if draw == "wait" else self._shown()

    def _refund(self, operation: Operation, draw: str) -> Fact:
        if draw == "no" or operation.amount_minor > self.refundable_minor:
            return Declined(decline=NO)
        standing: Literal["pending", "succeeded"] = "pending" if draw == "wait" else "succeeded"
        reference = self.give_back(operation.amount_minor, standing, operation.number)
        return Pending() if self.terse and draw == "wait" else self._report(reference, named=self.names_numbers)

    # --- what happens there without us --------------------------------------------------------------------------

    def decide(self, success: bool) -> None:
        """The customer or the bank decides."""
        if self.standing in ("acting", "processing"):
            self._become(self._paid() if success else "declined")

    def fail_a_try(self) -> None:
        """A card is declined on the hosted page; the customer may take another."""
        if self.hosted and self.standing == "acting":
            self.mail.append(DECLINED)

    def take(self, amount_minor: int, *, final: bool) -> None:
        self.taken_minor += amount_minor
        self._become("closed" if final or self.taken_minor == self.amount_minor else "held")

    def cancel(self, *, lapsed: bool) -> None:
        if self.standing in ("acting", "held"):
            self._become("closed" if self.taken_minor else "lapsed" if lapsed else "void")

    def revive(self) -> None:
        """A declined payment that the bank authorizes after all."""
        if self.standing == "declined":
            self._become(self._paid())

    def reverse(self) -> None:
        if self.standing == "closed" and not self.refunds and not self.disputes:
            self._become("reversed")

    def give_back(self, amount_minor: int, standing: Literal["pending", "succeeded"], number: int | None = None) -> str:
        reference = f"re_{len(self.refunds) + 1}"
        self.refunds[reference] = BookedRefund(amount_minor, standing, number)
        self.mail.append(self._report(reference, named=self.names_numbers))
        return reference

    def settle_refund(self, reference: str, *, failed: bool) -> None:
        booked = self.refunds[reference]
        if booked.standing == "failed" or (booked.standing == "succeeded" and not failed):
            return
        booked.standing = "failed" if failed else "succeeded"
        self.mail.append(self._report(reference, named=self.names_numbers))

    def contest(self, standing: Literal["open", "won", "lost"], withdrawn_minor: int) -> None:
        known = self.disputes.get("dp_1")
        if (
            self.standing == "reversed"
            or not self.taken_minor
            or (known and known.standing != "open")
            or (not known and standing != "open")
        ):
            return
        withdrawn = max(withdrawn_minor, known.withdrawn_minor if known else 0)
        self.disputes["dp_1"] = DisputeReported(
            standing=standing, reference="dp_1", amount_minor=500, withdrawn_minor=withdrawn, currency="EUR", reason="x"
        )
        self.mail.append(self.disputes["dp_1"])

    @property
    def refunded_minor(self) -> int:
        return sum(r.amount_minor for r in self.refunds.values() if r.standing == "succeeded")

    @property
    def refundable_minor(self) -> int:
        taken = 0 if self.standing == "reversed" else self.taken_minor
        return taken - sum(r.amount_minor for r in self.refunds.values() if r.standing != "failed")

    # --- inside -------------------------------------------------------------------------------------------------

    def _paid(self) -> Standing:
        if not self.automatic:
            return "held"
        self.taken_minor = self.amount_minor
        return "closed"

    def _become(self, standing: Standing) -> None:
        self.standing = standing
        self.ever.add(standing)
        self.mail.append(self._shown())

    def _shown(self) -> Fact:
        shown = self.snapshot()
        assert shown is not None
        return shown

    def _report(self, reference: str, *, named: bool) -> RefundReported:
        booked = self.refunds[reference]
        return RefundReported(
            standing=booked.standing,
            reference=reference,
            amount_minor=booked.amount_minor,
            currency="EUR",
            operation_number=booked.number if named else None,
        )
