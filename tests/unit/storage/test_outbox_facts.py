"""Events tell merchants what happened, and never a token or a client secret."""

import json
from dataclasses import replace

from domain.outcomes import ActionRequired, CustomerAction, Decline, DeclineKind
from domain.payment import MethodChoice, Payment
from domain.transitions import Transition, apply
from storage.outbox_facts import facts_of
from tests.unit.domain.builders import AUTHORIZE, SOLD, lookup, news, payment, refund, refund_of, reply

SECRET = "whatever-is-secret"


def facts(transition: Transition) -> dict[str, object]:
    known = transition.before.operations
    told: dict[str, object] = json.loads(
        facts_of(transition, tuple(o for o in transition.after.operations if o not in known))
    )
    return told


def test_a_refund_names_itself_its_amount_and_its_state() -> None:
    paid = _paid()
    begun = news(paid, refund_of(300))
    told = facts(news(begun.after, lookup(refund("succeeded", number=2))))
    assert told["operations"] == [
        {
            "number": 2,
            "verb": "refund",
            "amount_minor": 300,
            "state": "approved",
            "reason": "",
            "decline": None,
            "refund_id": f"ref_{paid.id.removeprefix('pay_')}_2",
        }
    ]
    assert told["previous_state"] == "captured"


def test_a_decline_is_told_with_its_class_and_advice() -> None:
    decline = Decline(kind=DeclineKind.CUSTOMER_FIX, code="expired_card", message="Expired.", advice="Ask again.")
    declined = replace(_paid(), decline=decline)
    transition = apply(declined, refund_of(300))
    assert transition is not None
    expected = {"kind": "customer_fix", "code": "expired_card", "message": "Expired.", "advice": "Ask again."}
    assert facts(transition)["decline"] == expected


def test_secrets_stay_at_home() -> None:
    action = CustomerAction(kind="browser", url=f"https://bank.example/{SECRET}", data={"client_secret": SECRET})
    method = MethodChoice(kind="token", token=SECRET, customer_reference=SECRET)
    begun = news(payment(method=method), AUTHORIZE)
    asked = news(begun.after, reply(ActionRequired(action=action, references={"payment_intent": SECRET})))
    told = facts_of(asked, asked.after.operations)
    assert SECRET not in told
    assert json.loads(told)["action"] == "browser"


def _paid() -> Payment:
    return news(news(payment(), AUTHORIZE).after, reply(SOLD)).after
