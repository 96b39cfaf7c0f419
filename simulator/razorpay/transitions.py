"""What happens by itself when its time has come, by the kind of the job."""

from collections.abc import Callable

from simulator.jobs import Job
from simulator.razorpay import disputes, ledger, orders, paying, payment_links, recurring, refunds, tokens
from simulator.razorpay.turn import Turn
from simulator.records import Record


def _debit(turn: Turn, job: Job) -> None:
    recurring.debit(turn, turn.own("payment", job.subject), problem=job.payload["problem"])


def _cancel_token(turn: Turn, job: Job) -> None:
    token = turn.find("token", job.subject)
    if token is not None:  # deleted meanwhile: there is nobody left to tell
        tokens.change(turn, token, "cancelled")


def _of_payment(step: Callable[[Turn, Record], None]) -> Callable[[Turn, Job], None]:
    """For a payment that is still shown: a test may have hidden it (`POST /statement/{id}`)."""

    def run(turn: Turn, job: Job) -> None:
        payment = turn.find("payment", job.subject)
        if payment is not None:
            step(turn, payment)

    return run


TRANSITIONS: dict[str, Callable[[Turn, Job], None]] = {
    "fall_silent": _of_payment(paying.fall_silent),
    "approve_late": _of_payment(paying.approve),
    "answer_upi": lambda turn, job: paying.decide(
        turn, turn.own("payment", job.subject), approved=job.payload["approved"]
    ),
    "lapse": _of_payment(paying.lapse),
    "finish_refund": lambda turn, job: refunds.finish(turn, turn.own("refund", job.subject)),
    "deliver_notice": lambda turn, job: orders.notice_delivered(turn, turn.own("order", job.subject)),
    "fail_notice": lambda turn, job: orders.notice_failed(turn, turn.own("order", job.subject)),
    "debit": _debit,
    "cancel_token": _cancel_token,
    "expire_link": lambda turn, job: payment_links.expire(turn, turn.own("payment_link", job.subject)),
    "forfeit_dispute": lambda turn, job: disputes.forfeit(turn, turn.own("dispute", job.subject)),
    "settle": lambda turn, _job: _settle(turn),
}


def _settle(turn: Turn) -> None:
    ledger.settle(turn)
