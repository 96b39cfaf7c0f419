"""What is kept of an answer: enough to decide, nothing secret, and why an operation surely moved no money."""

import pytest

from domain.evidence import answer_of, evidence_of, proof_of
from domain.outcomes import ActionRequired, CustomerAction, Decline, Declined, DeclineKind, NotFound, Unknown
from tests.unit.domain.builders import DECLINED, LAPSED, LOST, PENDING, SOLD, VOIDED, lookup, refund, reply, told

SECRET = ActionRequired(action=CustomerAction(kind="browser", data={"client_secret": "pi_1_secret_x"}))


def never(code: str) -> Declined:
    return Declined(decline=Decline(kind=DeclineKind.UNREACHABLE, code=code, message="Not now."))


def test_an_answer_is_a_word_and_a_line() -> None:
    assert answer_of(LOST) == "timeout"
    assert answer_of(NotFound()) == "not_found"
    assert evidence_of(SOLD) == "captured captured_minor=1000 currency=EUR final=True"
    assert evidence_of(DECLINED) == "declined code=card_declined"
    assert evidence_of(refund("failed")) == "refund amount_minor=300 currency=EUR standing=failed reference=re_1"
    assert evidence_of(Unknown(reason="timeout", evidence="HTTP 500 req_1")) == "HTTP 500 req_1"


def test_what_the_customer_alone_may_know_is_left_out() -> None:
    assert "secret" not in evidence_of(SECRET)


@pytest.mark.parametrize(
    ("event", "proof"),
    [
        (reply(never("NotSent")), "P1"),
        (reply(never("CredentialsRefused")), "P1"),
        (reply(never("RateLimited")), "P2"),
        (reply(DECLINED), "P2"),
        (reply(VOIDED), "P3"),
        (lookup(LAPSED), "P3"),
        (lookup(never("not_executed")), "P4"),
        (told(DECLINED, "person", 1), "P5"),
        (told(SOLD, "person", 1), None),
        (reply(SOLD), None),
        (reply(LOST), None),
        (reply(PENDING), None),
    ],
)
def test_only_what_surely_moved_no_money_has_a_proof(event: object, proof: str | None) -> None:
    assert proof_of(event) == proof  # type: ignore[arg-type]  # an OutcomeArrived
