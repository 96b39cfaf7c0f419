"""Stripe's side of the story: the server confirms, every call has a key, customers meet their bank's page."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from domain.gateway import GatewayEvent
from domain.payment import MethodChoice
from gateways.stripe.webhooks import translate
from tests.safety.core_simulation.bank import Bank, OnEffect, OnEvent, StripeBank
from tests.safety.core_simulation.life import Life, new_life
from tests.safety.core_simulation.line import CoreGateway, adapter
from tests.safety.core_simulation.people import StripePeople
from tests.safety.core_simulation.side import Side
from tests.safety.simulation.timeline import Timeline

SAVED_CARDS = ("pm_card_visa", "pm_card_chargeCustomerFail")


class StripeSide(Side):
    """Holds lapse after seven days."""

    name = "stripe"
    converged_seconds = 36 * 3_600.0
    end_seconds = 10 * 86_400.0
    reconciled_seconds = 86_400.0
    never_asked_for = ("refund.failed",)
    people_type = StripePeople

    def adapter(self, *, through_sdk: bool) -> CoreGateway:
        if through_sdk:
            raise NotImplementedError("the whole product's form runs seeds through Stripe's SDK")
        return adapter()

    def bank(self, timeline: Timeline, *, seed: int, on_effect: OnEffect, on_event: OnEvent, in_memory: bool) -> Bank:
        return StripeBank(timeline, seed=seed, on_effect=on_effect, on_event=on_event, in_memory=in_memory)

    def new_life(self, seed: int, index: int) -> Life:
        return new_life(seed, index)

    def saved_methods(self, adapter: Any, bank: Bank) -> Sequence[MethodChoice]:
        """Cards of a customer, saved as the product saves them."""
        customer = adapter.create_customer(customer_id="cust_1", email=None, name=None)
        setups = [
            adapter.save_method(customer_reference=customer, token=token, key=f"save-{token}", return_url="https://a.b")
            for token in SAVED_CARDS
        ]
        saved = [setup.method.token for setup in setups if setup.method is not None]
        return [MethodChoice(kind="token", token=token, customer_reference=customer) for token in saved]

    def method(self, life: Life, saved: Sequence[MethodChoice]) -> MethodChoice:
        if life.plan.off_session:
            return saved[life.plan.amount_minor % 8 == 0 and len(saved) > 1]
        return _token(life.plan.card)

    def type_of(self, event: Mapping[str, Any]) -> str:
        return str(event["type"])

    def names_in(self, event: Mapping[str, Any]) -> Iterable[str]:
        thing = event["data"]["object"]
        return str((thing.get("metadata") or {}).get("payment_id")), str(thing.get("payment_intent"))

    def translated(self, event: Mapping[str, Any], event_id: str) -> list[GatewayEvent]:
        return translate(event)


@lru_cache
def _token(card: str) -> MethodChoice:
    return MethodChoice(kind="token", token=f"pm_card_{card}")
