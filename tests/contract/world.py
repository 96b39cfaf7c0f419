"""A gateway as the scenarios meet it: our adapter, the simulator that stands in for the gateway, and its levers.

A new gateway is one subclass: its words for behaviours, its paths for verbs, its way to build the adapter.
"""

import os
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal, TypeVar

import httpx2

from domain.gateway import Gateway, GatewayEvent
from domain.identifiers import compose_id
from domain.operation import Verb
from domain.outcomes import DeclineKind, Outcome, Pending
from domain.payment import MethodChoice
from tests.contract.simulator.process import Received, RunningSimulator, Sink, eventually
from tests.contract.story import Story

R = TypeVar("R")
READ_TIMEOUT_SECONDS = 1.0
WEBHOOK_SECRET = "whsec_contract"


class World(ABC):
    """One fresh merchant account at one gateway. `tokens` by behaviour; `declines` by token, with what they mean."""

    wire: str
    signature_header: str
    currency = "EUR"
    method_kind: Literal["token", "browser"] = "token"  # how a plain payment is made
    last4 = "4242"  # of what `approved` pays with
    failed_event: str  # told of every declined try
    sale_event: str  # told of every sale
    events_of_a_sale = 1
    dispute_event: str
    dispute_withdraws_at_once = True
    approved_on_page: Mapping[str, str]  # the form of a page of the gateway
    declined_on_page: Mapping[str, str]
    currencies: Mapping[str, tuple[int, int]]  # an amount of ours, and the same as the gateway counts it
    unchargeable: tuple[str, int]  # a currency and an amount the gateway cannot take
    replay_seconds: int | None  # how old a delivery may be; None where nothing signs a time
    renewal: Mapping[str, Any] = {}  # what a charge without the customer needs besides the token
    renewal_seconds = 0.0  # how long such a charge may be pending
    tokens: Mapping[str, str]
    declines: Mapping[str, tuple[DeclineKind, str]]
    enabled_events: tuple[str, ...]
    gateway: Gateway

    def __init__(self, simulator: RunningSimulator, sink: Sink) -> None:
        self.simulator = simulator
        self._sink = sink
        self._heard = len(sink.received)
        self.account = f"contract{os.urandom(8).hex()}"
        self.gateway = self.build_gateway()
        endpoint = {"wire": self.wire, "url": sink.url, "secret": WEBHOOK_SECRET}
        simulator.ask("POST", "/endpoints", {**endpoint, "enabled_events": list(self.enabled_events)})

    @abstractmethod
    def build_gateway(self, **given: Any) -> Gateway:
        """Our adapter on this world's account; `given` replaces what it is built from."""

    @abstractmethod
    def unwelcome(self) -> Gateway:
        """Our adapter with credentials the gateway does not take."""

    @abstractmethod
    def path_of(self, verb: Verb | Literal["hosted"]) -> str:
        """Where the verb's request goes, as a pattern of the simulator's fault rules."""

    def headers_of(self, received: Received) -> dict[str, str]:
        """The headers a delivery came with."""
        return received.headers

    def authorize(self, story: Story) -> Outcome:
        """The payment made, with what its customer has to do in a browser where the server cannot confirm."""
        return self.finished(story, story.authorize())

    def finished(self, story: Story, outcome: Outcome) -> Outcome:
        """The customer's part of a plain payment; nothing where the server does it all."""
        del story
        return outcome

    def pay(self, story: Story, *, token: str | None = None, answer: str | None = "success") -> Any:
        """The customer at the gateway's own script; `answer` None leaves them on their bank's page."""
        raise NotImplementedError(f"{self.wire}: the server confirms payments by itself")

    def renew(self, *, token: str, customer: str, **given: Any) -> Story:
        """A stored method charged without the customer, and waited for."""
        story = self.story(
            token=token, customer_reference=customer, off_session=True, instructions=dict(self.renewal), **given
        )
        if isinstance(story.authorize(), Pending):
            self.advance(self.renewal_seconds)
            story.look()
        return story

    def open_dispute(self, story: Story, *, inquiry: bool) -> None:
        """The bank speaks up; by itself where the token says so."""
        del story, inquiry
        self.advance(5)

    def fail_refund(self, story: Story) -> None:
        """The refund comes back; by itself where the token says so."""
        del story
        self.advance(10)

    def close_books(self) -> None:
        """Time for the gateway's own book to show what happened."""
        self.advance(5)

    def story(self, behaviour: str = "approved", **given: Any) -> Story:
        """A payment by the token of that behaviour; `hosted=True` for a page instead."""
        hosted = given.pop("hosted", False)
        customer = given.pop("customer_reference", None)
        token = None if hosted else given.pop("token", None) or self.tokens.get(behaviour)
        plain = self.method_kind if token is None else "token"
        kind: Literal["token", "hosted", "browser"] = "hosted" if hosted else plain
        given.setdefault("currency", self.currency)
        type_ = given.pop("type", "card")
        method = MethodChoice(kind=kind, token=token, customer_reference=customer, type=type_)
        payment_id = compose_id("payment", at_milliseconds=int(time.time() * 1000), entropy=os.urandom(10))
        return Story(self.gateway, self.now, payment_id, method=method, **given)

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.simulator.ask("GET", "/clock")["now"], UTC)

    def advance(self, seconds: float) -> None:
        self.simulator.ask("POST", "/clock/advance", {"seconds": seconds})

    def fault(self, kind: str, story: Story, verb: Verb | Literal["hosted"], **rule: Any) -> None:
        """Strikes this payment's next request of that verb."""
        match = {"method": "POST", "path": self.path_of(verb), "reference": story.payment.id}
        self.simulator.ask("POST", "/faults", {"wire": self.wire, "kind": kind, "match": match, **rule})

    def act(self, story: Story, **form: str) -> None:
        """The customer opens the page they were sent to and presses a button."""
        action = story.payment.action
        assert action is not None
        assert action.url is not None
        with httpx2.Client(timeout=10, follow_redirects=False) as browser:
            assert browser.get(action.url).status_code == 200
            assert browser.post(action.url, data=form).status_code < 400

    def book(self, story: Story) -> dict[str, int]:
        """The referee's totals of this payment, zeros left out."""
        found = self.simulator.ask("GET", f"/totals?wire={self.wire}&reference={story.payment.id}")["totals"]
        names = ("charges", "authorized_minor", "captured_minor", "released_minor", "refunded_minor", "disputed_minor")
        return {name: found[0][name] for name in names if found[0][name]} if found else {}

    def deliveries(self) -> list[Received]:
        return [r for r in self._sink.received[self._heard :] if self.signature_header in r.headers]

    def heard(self, story: Story, type_: str) -> GatewayEvent:
        """The delivered event of that type about the payment, waited for and parsed."""

        def find() -> GatewayEvent | None:
            events = [event for received in self.deliveries() for event in self.parsed(received)]
            ours = [e for e in events if e.type == type_ and self._is_about(e, story)]
            return ours[-1] if ours else None

        event: GatewayEvent = eventually(find)
        return event

    def parsed(self, received: Received) -> list[GatewayEvent]:
        headers = self.headers_of(received)
        found = self.gateway.parse_webhook(
            headers=headers, raw=received.body, url=self._sink.url, now=datetime.now(UTC)
        )
        return list(found)

    @staticmethod
    def _is_about(event: GatewayEvent, story: Story) -> bool:
        shared = event.references.items() & story.payment.references.items()
        return event.payment_id == story.payment.id or (event.payment_id is None and bool(shared))


def until(look: Callable[[], R], wanted: Callable[[R], bool]) -> R:
    """Looks again until it is as wanted; the test fails when it never is."""
    last: list[R] = []

    def see() -> bool:
        last.append(look())
        return wanted(last[-1])

    eventually(see)
    return last[-1]
