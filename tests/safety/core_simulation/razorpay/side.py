"""Razorpay's side of the story: the server makes an order, the customer makes the payment, only refunds have a key."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from activities.wire import START_WITHIN_SECONDS
from domain.gateway import GatewayEvent
from domain.payment import MethodChoice, Payment
from domain.ports import Attempt
from gateways.razorpay.webhooks import translate
from tests.safety.campaigns.swarm import Swarm
from tests.safety.core_simulation.bank import Bank, OnEffect, OnEvent
from tests.safety.core_simulation.life import Life, new_life
from tests.safety.core_simulation.razorpay.bank import RazorpayBank
from tests.safety.core_simulation.razorpay.life import RazorpayPlan, plan
from tests.safety.core_simulation.razorpay.line import CoreGateway, RazorpayLine, adapter
from tests.safety.core_simulation.razorpay.people import RazorpayPeople
from tests.safety.core_simulation.razorpay.referee import RazorpayReferee
from tests.safety.core_simulation.side import Side
from tests.safety.simulation.referee import Account, Referee
from tests.safety.simulation.timeline import Timeline

DECLINED_CARD = "4100280000060003"


class RazorpaySide(Side):
    """A debit in India waits 36 hours; holds lapse after five days, and the bank may say yes two days late. What was
    captured is in the settlements two days later."""

    name = "razorpay"
    converged_seconds = 5 * 86_400.0
    end_seconds = 12 * 86_400.0
    reconciled_seconds = 2 * 86_400.0
    never_asked_for = ("refund.failed", "payment.captured")
    classes = frozenset({
        "customer_late", "customer_twice", "late_authorization", "refund_returned", "signed_callback",
        "forged_callback", "customer_hosted",
    })  # fmt: skip
    has_sdk = True
    swarm = Swarm(
        share=0.35, power=2, largest_total=0.45
    )  # fewer payments are lived than at Stripe, so more befalls them
    begins_within_seconds = START_WITHIN_SECONDS
    line_type = RazorpayLine
    people_type = RazorpayPeople

    def adapter(self, *, through_sdk: bool) -> CoreGateway:
        return adapter(through_sdk=through_sdk)

    def referee(self, payments: dict[str, Payment], keys: dict[str, Attempt], timeline: Timeline) -> Referee:
        return RazorpayReferee(payments, keys, timeline)

    def bank(self, timeline: Timeline, *, seed: int, on_effect: OnEffect, on_event: OnEvent, in_memory: bool) -> Bank:
        return RazorpayBank(timeline, seed=seed, on_effect=on_effect, on_event=on_event)

    def new_life(self, seed: int, index: int) -> Life:
        return new_life(seed, index, plan)

    def saved_methods(self, adapter: Any, bank: Bank) -> Sequence[MethodChoice]:
        """Tokens of one customer, begun with payments they made before: a card that pays, one that is declined."""
        assert isinstance(bank, RazorpayBank)
        bank.is_quiet = True
        customer, tokens = bank.save_cards(("4100280000001007", DECLINED_CARD))
        bank.is_quiet = False
        return [MethodChoice(kind="token", token=token, customer_reference=customer) for token in tokens]

    def method(self, life: Life, saved: Sequence[MethodChoice]) -> MethodChoice:
        if life.plan.off_session:
            return saved[life.plan.amount_minor % 4 == 0]
        assert isinstance(life.plan, RazorpayPlan)
        return MethodChoice(kind="hosted" if life.plan.hosted else "browser", type=life.plan.card)

    def may_stay_parked(self, life: Life, account: Account) -> bool:
        """A charge without its customer is never sent twice: where nothing shows what became of it, a person does."""
        return life.is_lied_to or (life.plan.off_session and not account.authorized_minor)

    def type_of(self, event: Mapping[str, Any]) -> str:
        return str(event["event"])

    def names_in(self, event: Mapping[str, Any]) -> Iterable[str]:
        """Notes are copied from the order to its payments; refunds come with their payment."""
        payload = event["payload"]
        thing = (payload.get("payment") or payload.get("payment_link") or {}).get("entity", {})
        notes = thing.get("notes") or {}
        return str(notes.get("payment_id")), str(thing.get("id"))

    def translated(self, event: Mapping[str, Any], event_id: str) -> list[GatewayEvent]:
        return translate(event, event_id)
