"""Lost answers: every verb x every way of losing one, and how each is told in the end.

The first answer must be Unknown, never a decline and never an exception that means "surely not executed". Then either
the same call again (the gateway honours its key) or a lookup must show the truth, and the book must hold one effect.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from domain.operation import Verb
from domain.outcomes import ActionRequired, Outcome, Unknown
from domain.payment import PaymentState as State
from tests.contract.scenes import CAPTURED, RETURN, held, paid
from tests.contract.story import Story, stands
from tests.contract.world import World, until

LOST: dict[str, tuple[str, dict[str, object]]] = {
    "timeout, not executed": ("before_commit_timeout", {}),
    "timeout, executed": ("after_commit_timeout", {}),
    "reset, not executed": ("reset_before", {}),
    "reset, executed": ("drop_reply", {}),
    "500, not executed": ("before_commit_500", {}),
    "500, executed, true answer kept": ("after_commit_500", {"stored": False}),
    "503": ("unavailable_503", {"seconds": 1}),
    "html instead of an answer": ("wrong_body", {"body": "html"}),
    "an empty answer": ("wrong_body", {"body": "empty"}),
    "half an answer": ("wrong_body", {"body": "broken_json"}),
    "another amount": ("wrong_body", {"body": "other_amount"}),
    "another currency": ("wrong_body", {"body": "other_currency"}),
}
"""Resolved by sending the same call again."""

STORED: dict[str, tuple[str, dict[str, object]]] = {
    "500 kept under the key, executed": ("after_commit_500", {}),
    "500 kept under the key, not executed": ("before_commit_500", {"stored": True}),
}
"""The key can only say the same 500 again: resolved by looking."""


@dataclass(frozen=True)
class Lost:
    """A verb whose answer gets lost: how to come there, how to send it, and what must be true in the end."""

    verb: Verb
    begin: Callable[[World], Story]
    send: Callable[[Story], object]
    state: State
    amounts: dict[str, int]
    book: dict[str, int]
    on_page: bool = False

    @property
    def struck(self) -> Verb | Literal["hosted"]:
        """Which of the gateway's paths the fault lies on."""
        return "hosted" if self.on_page else self.verb


def _authorized_sale(world: World) -> Story:
    return world.story()


def _page(world: World) -> Story:
    return world.story(hosted=True, instructions=RETURN)


LOSSES = {
    "authorize": Lost(
        Verb.AUTHORIZE, _authorized_sale, Story.authorize, State.CAPTURED, CAPTURED, {"charges": 1, **CAPTURED}
    ),
    "page": Lost(
        Verb.AUTHORIZE, _page, Story.authorize, State.CAPTURED, CAPTURED, {"charges": 1, **CAPTURED}, on_page=True
    ),
    "capture": Lost(Verb.CAPTURE, held, Story.capture, State.CAPTURED, CAPTURED, {"charges": 1, **CAPTURED}),
    "void": Lost(
        Verb.VOID,
        held,
        Story.cancel,
        State.CANCELED,
        {"authorized_minor": 1000},
        {"charges": 1, "authorized_minor": 1000, "released_minor": 1000},
    ),
    "refund": Lost(
        Verb.REFUND,
        paid,
        lambda story: story.refund(400),
        State.CAPTURED,
        {**CAPTURED, "refunded_minor": 400},
        {"charges": 1, **CAPTURED, "refunded_minor": 400},
    ),
}


def lose_an_answer_and_send_again(world: World, lost: Lost, kind: str, rule: dict[str, object]) -> None:
    story = lost.begin(world)
    world.fault(kind, story, lost.struck, **rule)
    assert isinstance(lost.send(story), Unknown)
    assert story.payment.unsettled is not None
    outcome = story.resend()
    _customers_part(world, story, lost, outcome)
    _ended(world, story, lost)


def lose_an_answer_and_look(world: World, lost: Lost, kind: str, rule: dict[str, object]) -> None:
    """Executed or not, a lookup by our reference shows it; the stored 500 itself never changes."""
    story = lost.begin(world)
    world.fault(kind, story, lost.struck, **rule)
    assert isinstance(lost.send(story), Unknown)
    again = story.ask_again()
    assert isinstance(again, Unknown)
    assert again.reason == "stored_error"
    seen = story.find()
    if kind == "after_commit_500":
        _customers_part(world, story, lost, seen)
        _ended(world, story, lost)
        return
    untouched = {Verb.AUTHORIZE: "not_found", Verb.REFUND: "not_found"}
    assert seen.kind == untouched.get(lost.verb, "authorized")
    assert {name: amount for name, amount in world.book(story).items() if lost.book[name] == amount} == world.book(
        story
    )


def find_after_the_lookup_lags(world: World, *, hosted: bool) -> None:
    """`Not found` before the settle time means nothing, and our reference finds what was made."""
    story = world.story(hosted=hosted, instructions=RETURN)
    verb: Verb | str = "hosted" if hosted else Verb.AUTHORIZE
    world.fault("after_commit_timeout", story, verb)  # type: ignore[arg-type]  # one of the two words it takes
    assert isinstance(story.authorize(), Unknown)
    lag = {"wire": world.wire, "kind": "lookup_lag", "seconds": 3600, "match": {"method": "GET", "count": 1}}
    world.simulator.ask("POST", "/faults", lag)
    assert story.find().kind == "not_found"
    assert story.payment.unsettled is not None
    seen = story.find()
    assert seen.kind == (
        "captured" if world.gateway.capabilities.server_can_confirm and not hosted else "action_required"
    )
    if not hosted:
        world.finished(story, seen)
        stands(story, State.CAPTURED, **CAPTURED)


def _customers_part(world: World, story: Story, lost: Lost, outcome: Outcome) -> None:
    if lost.on_page:
        assert isinstance(outcome, ActionRequired)
        world.act(story, **world.approved_on_page)
        story.look()
    elif lost.verb is Verb.AUTHORIZE:
        world.finished(story, outcome)


def _ended(world: World, story: Story, lost: Lost) -> None:
    refunds = [o for o in story.payment.operations if o.verb is Verb.REFUND and o.is_open]
    if refunds and story.payment.unsettled is None:  # accepted; decided a while later
        world.advance(10)
        until(story.look, lambda _: not story.operation().is_open)
    stands(story, lost.state, **lost.amounts)
    assert world.book(story) == lost.book
