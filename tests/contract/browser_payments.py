"""Where the server cannot confirm: an order waits for the customer's browser, and nothing of it can be held or void."""

from domain.operation import Verb
from domain.outcomes import ActionRequired, Captured, DeclineKind, Voided
from domain.payment import PaymentState as State
from domain.steps import Perform, next_step
from tests.contract.scenes import CAPTURED, TAKEN, kind_of
from tests.contract.story import stands
from tests.contract.world import World


def a_declined_try_in_the_browser_leaves_the_payment_open(world: World) -> None:
    for token, (kind, code) in world.declines.items():
        story = world.story()
        assert isinstance(story.authorize(), ActionRequired)
        world.pay(story, token=token, answer="failure")
        assert isinstance(story.look(), ActionRequired)
        story.hear(world.heard(story, world.failed_event))
        assert story.payment.state is State.REQUIRES_ACTION
        decline = story.payment.decline
        assert decline is not None
        assert (decline.kind, decline.code) == (kind, code), token
        assert decline.message
        assert decline.advice
        assert world.book(story) == {}
        world.pay(story)
        assert isinstance(story.look(), Captured)
        stands(story, State.CAPTURED, **CAPTURED)
        assert world.book(story) == TAKEN


def a_customer_who_pays_after_we_gave_up_gets_the_money_back(world: World) -> None:
    story = world.story()
    story.authorize()
    page = story.payment
    assert isinstance(story.run_out_of_time(), Voided)
    stands(story, State.EXPIRED)
    now, story.payment = story.payment, page
    world.pay(story)
    story.payment = now
    story.look(0)
    assert (story.payment.state, story.payment.review.given_up) == (State.CAPTURED, State.EXPIRED)
    step = next_step(story.payment, now=world.now(), abilities=world.gateway.capabilities.abilities)
    assert isinstance(step, Perform)
    assert step.operation.verb is Verb.REFUND
    story.perform(step.operation)
    assert world.book(story) == {**TAKEN, "refunded_minor": 1000}


def a_payment_under_way_is_not_let_go(world: World) -> None:
    story = world.story()
    story.authorize()
    world.pay(story, answer=None)
    assert kind_of(story.cancel()) is DeclineKind.INVALID_STATE
    assert story.look(0).kind == "pending"
    stands(story, State.PROCESSING)


def what_nobody_has_paid_is_canceled_at_once(world: World) -> None:
    story = world.story()
    story.authorize()
    assert isinstance(story.cancel(), Voided)
    stands(story, State.CANCELED)
    assert story.look(0).kind == "action_required"
    stands(story, State.CANCELED)
