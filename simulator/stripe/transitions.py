"""What happens by itself when its time has come, by the kind of the job."""

from collections.abc import Callable

from simulator.jobs import Job
from simulator.stripe import charging, checkout, disputes, refunds, session_state
from simulator.stripe.turn import Turn


def _open_dispute(turn: Turn, job: Job) -> None:
    charge = turn.own("charge", job.subject)
    # A test or a refund may have come first: then there is nothing left to dispute.
    if not charge.body["disputed"] and charge.body["amount_captured"] > charge.body["amount_refunded"]:
        disputes.open_for(turn, charge, reason=job.payload["reason"], inquiry=job.payload["inquiry"])


def _finish_debit(turn: Turn, job: Job) -> None:
    intent = turn.own("payment_intent", job.subject)
    charging.finish_debit(turn, intent, turn.own("charge", job.payload["charge"]))
    session_state.follow(turn, intent)


TRANSITIONS: dict[str, Callable[[Turn, Job], None]] = {
    "settle_charge": lambda turn, job: charging.settle_charge(turn, turn.own("charge", job.subject)),
    "finish_debit": _finish_debit,
    "expire_authorization": lambda turn, job: charging.expire_authorization(
        turn, turn.own("payment_intent", job.subject), turn.own("charge", job.payload["charge"])
    ),
    "finish_refund": lambda turn, job: refunds.finish(turn, turn.own("refund", job.subject)),
    "fail_refund": lambda turn, job: refunds.fail(turn, turn.own("refund", job.subject)),
    "open_dispute": _open_dispute,
    "expire_session": lambda turn, job: checkout.end(turn, turn.own("checkout.session", job.subject)),
    "decide_dispute": lambda turn, job: disputes.decide(turn, turn.own("dispute", job.subject), won=job.payload["won"]),
}
