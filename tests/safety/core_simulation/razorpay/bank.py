"""Razorpay's side: the simulator's wire over a book of its own, and what customers and their banks do there."""

import json
from contextlib import suppress
from dataclasses import replace
from typing import Any

from gateways.razorpay.webhooks import ENABLED_EVENTS
from simulator.book import Book
from simulator.effects import Effect
from simulator.entropy import Entropy
from simulator.razorpay import payment_links, stage
from simulator.razorpay.errors import RazorpayError
from simulator.razorpay.turn import Turn
from simulator.razorpay.wire import RazorpayWire
from simulator.records import Record
from tests.safety.core_simulation.bank import Bank, Channel, OnEffect, OnEvent, settings
from tests.safety.core_simulation.razorpay.line import request
from tests.safety.simulation.gateway import WatchedEffects
from tests.safety.simulation.timeline import Timeline

Json = dict[str, Any]
PERSON: Json = {"email": "customer@example.com", "contact": "+919876543210"}


class RazorpayBank(Bank):
    """`is_quiet`: before the story begins nobody hears of what happens."""

    wire: RazorpayWire

    def __init__(self, timeline: Timeline, *, seed: int, on_effect: OnEffect, on_event: OnEvent) -> None:
        super().__init__(timeline)
        self.is_quiet = False
        book = Book(":memory:", durability="normal")

        def effect(effect: Effect, key: str | None) -> None:
            if not self.is_quiet:
                on_effect(effect, key)

        def event(event_id: str, body: bytes) -> None:
            if not self.is_quiet:
                on_event(event_id, body)

        self.wire = RazorpayWire(
            book, timeline, entropy=Entropy.seeded(seed), settings=settings(),
            webhooks=Channel("razorpay", ENABLED_EVENTS, event),
        )  # fmt: skip
        self.wire.parts = replace(self.wire.parts, effects=WatchedEffects(book, effect))

    def begin(self, order_id: str, instrument: Json, *, outcome: str | None = None) -> Json | None:
        """The customer at Checkout: the payment, and what the browser brings back. None where the order takes none."""
        found: Json | None = None
        with suppress(RazorpayError):
            found = stage.pay(self.wire, order_id, {**PERSON, **instrument}, outcome=outcome)
        self.plan_jobs()
        return found

    def order_of_page(self, link_id: str) -> str | None:
        """The order behind a page of Razorpay's, made when its customer first pays; None once the page is closed."""

        def step(turn: Turn, link: Record) -> Json:
            return {"order": payment_links.order_of(turn, link).id if payment_links.is_open(link) else None}

        order_id: str | None = self.wire.as_owner(link_id, ("payment_link",), step)["order"]
        return order_id

    def decide(self, payment_id: str, *, approve: bool) -> None:
        """The customer's bank answers; after ten minutes of silence there is nothing to answer any more."""
        self.wire.authenticate(payment_id, approve=approve)
        self.plan_jobs()

    def authorize_late(self, payment_id: str) -> None:
        """The bank says yes to what was called failed."""
        stage.authorize_late(self.wire, payment_id)
        self.plan_jobs()

    def has_failed(self, payment_id: str) -> bool:
        payment = self.wire.parts.records.find(payment_id)
        return payment is not None and payment.body["status"] == "failed"

    def made_at(self, payment_id: str | None) -> float:
        """Now, for one whose making is not written yet."""
        payment = self.wire.parts.records.find(str(payment_id))
        return self._timeline.seconds if payment is None else payment.created

    def fail_refund(self, refund_id: str) -> None:
        stage.decide_refund(self.wire, refund_id, processed=False)
        self.plan_jobs()

    def save_cards(self, numbers: tuple[str, ...]) -> tuple[str, list[str]]:
        """A customer and their tokens, each begun with a small payment in which they agreed to be charged again."""
        customer = self._post("/v1/customers", {"name": "Customer One", **PERSON})["id"]
        return customer, [self._save_card(customer, number) for number in numbers]

    def _save_card(self, customer: str, number: str) -> str:
        told = {"amount": 100, "currency": "INR", "customer_id": customer, "payment": {"capture": "automatic"}}
        order = self._post("/v1/orders", told)
        wish = {"number": number, "customer_id": customer, "recurring": True}
        paid = stage.pay(self.wire, order["id"], {**PERSON, **wish})
        token: str = paid["payment"]["token_id"]
        return token

    def _post(self, path: str, told: Json) -> Json:
        answer = self.wire.handle(request("post", path, told, {}))
        body: Json = json.loads(answer.body)
        assert answer.status == 200, body
        return body
