"""What a merchant's client does with a payment, step by step: when a step is possible, and the command it is."""

from dataclasses import dataclass

from domain.commands import Cancel, Capture, Order, Refund
from domain.payment import Payment
from domain.payment import PaymentState as State


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A command the client sends once the payment allows it, or some time after the one before."""

    kind: str  # capture | cancel | refund
    share: float | None  # of what is left; None for all of it
    final: bool
    delay_seconds: float
    twice: bool  # a second, different command at the same moment: they race


def allows(payment: Payment, step: Step) -> bool:
    """Whether a client who reads its payment would send the step now."""
    if step.kind == "refund":
        return payment.amounts.refundable_minor > 0 and payment.unsettled is None
    if step.kind == "cancel" and payment.capture_method == "automatic":
        return payment.state in (State.CREATED, State.REQUIRES_ACTION)
    return payment.state is State.AUTHORIZED and payment.unsettled is None


def command_of(payment: Payment, step: Step, *, key: str) -> Order:
    left = payment.amounts.refundable_minor if step.kind == "refund" else payment.amounts.capturable_minor
    amount = None if step.share is None else max(1, int(left * step.share))
    if amount is not None and payment.currency == "KWD":  # the last digit of three must be 0
        amount = max(10, amount // 10 * 10)
    if step.kind == "capture":
        return Capture(command_key=key, amount_minor=amount, final=step.final)
    return Cancel(command_key=key) if step.kind == "cancel" else Refund(command_key=key, amount_minor=amount)
