"""Where the customer takes part: the bank's step, and pages of the gateway."""

from domain.outcomes import (
    ActionRequired,
    Authorized,
    DeclineKind,
    Voided,
)
from domain.payment import PaymentState as State
from tests.contract.scenes import CAPTURED, RETURN, TAKEN, kind_of
from tests.contract.story import stands
from tests.contract.world import World


def a_step_on_a_page_of_the_bank_done_in_time(world: World) -> None:
    story = world.story("customer_step", instructions=RETURN)
    outcome = story.authorize()
    assert isinstance(outcome, ActionRequired)
    assert outcome.action.kind == "redirect"
    assert world.book(story) == {}
    world.act(story, result="approve")
    story.hear(world.heard(story, world.sale_event))
    stands(story, State.CAPTURED, **CAPTURED)
    assert world.book(story) == TAKEN


def a_step_done_by_the_gateways_script_and_seen_by_looking(world: World) -> None:
    story = world.story("customer_step", capture_method="manual")
    outcome = story.authorize()
    assert isinstance(outcome, ActionRequired)
    assert outcome.action.kind == "browser"
    assert outcome.action.data["client_secret"]
    reference = story.payment.references["payment_intent"]
    world.simulator.ask("POST", f"/payments/{reference}/authenticate", {"result": "approve"})
    assert isinstance(story.gateway.proceed(story.call()), Authorized)
    story.look()
    stands(story, State.AUTHORIZED, authorized_minor=1000)


def a_failed_step_is_the_customers_to_mend(world: World) -> None:
    story = world.story("customer_step", instructions=RETURN)
    story.authorize()
    world.act(story, result="fail")
    assert kind_of(story.look()) is DeclineKind.CUSTOMER_FIX
    stands(story, State.FAILED)
    assert world.book(story) == {}


def a_step_done_and_then_declined(world: World) -> None:
    story = world.story("customer_step_then_declined", instructions=RETURN)
    story.authorize()
    world.act(story, result="approve")
    assert kind_of(story.look()) is DeclineKind.SOFT
    assert world.book(story) == {}


def an_abandoned_step_is_fenced_and_can_charge_no_more(world: World) -> None:
    story = world.story("customer_step", instructions=RETURN)
    story.authorize()
    page = story.payment.action
    assert isinstance(story.run_out_of_time(), Voided)
    stands(story, State.EXPIRED)
    assert page is not None
    assert page.url is not None
    world.simulator.control.post(page.url, data={"result": "approve"})
    story.look()
    stands(story, State.EXPIRED)
    assert world.book(story) == {}


def a_step_done_just_before_the_fence_is_a_payment(world: World) -> None:
    story = world.story("customer_step", instructions=RETURN)
    story.authorize()
    world.act(story, result="approve")
    assert kind_of(story.run_out_of_time()) is DeclineKind.INVALID_STATE
    story.look()
    stands(story, State.CAPTURED, **CAPTURED)
    assert world.book(story) == TAKEN


def a_hosted_page_paid_by_the_customer(world: World) -> None:
    story = world.story(hosted=True, instructions=RETURN)
    outcome = story.authorize()
    assert isinstance(outcome, ActionRequired)
    assert outcome.action.expires_at is not None
    world.act(story, **world.approved_on_page)
    story.hear(world.heard(story, world.sale_event))
    stands(story, State.CAPTURED, **CAPTURED)
    assert world.book(story) == TAKEN


def a_declined_try_on_a_page_leaves_it_open_for_another(world: World) -> None:
    story = world.story(hosted=True, instructions=RETURN)
    story.authorize()
    world.act(story, **world.declined_on_page)
    assert isinstance(story.look(), ActionRequired)
    assert story.payment.state is State.REQUIRES_ACTION
    world.act(story, **world.approved_on_page)
    story.look()
    stands(story, State.CAPTURED, **CAPTURED)
    assert world.book(story) == TAKEN


def a_page_may_hold_for_a_later_capture(world: World) -> None:
    story = world.story(hosted=True, instructions=RETURN, capture_method="manual")
    story.authorize()
    world.act(story, **world.declined_on_page)
    assert isinstance(story.look(), ActionRequired)
    world.act(story, **world.approved_on_page)
    story.look()
    stands(story, State.AUTHORIZED, authorized_minor=1000)
    story.capture()
    stands(story, State.CAPTURED, **CAPTURED)
    story.refund(400)
    assert world.book(story) == {**TAKEN, "refunded_minor": 400}


def a_page_nobody_finishes_lapses(world: World) -> None:
    story = world.story(hosted=True, instructions=RETURN)
    story.authorize()
    world.advance(86400)
    story.look()
    stands(story, State.EXPIRED)


def a_page_is_closed_by_us(world: World) -> None:
    story = world.story(hosted=True, instructions=RETURN)
    story.authorize()
    assert isinstance(story.cancel(), Voided)
    stands(story, State.CANCELED)


def a_page_paid_just_before_it_is_closed_tells_of_the_money(world: World) -> None:
    sale = world.story(hosted=True, instructions=RETURN)
    sale.authorize()
    world.act(sale, **world.approved_on_page)
    sale.cancel()
    stands(sale, State.CAPTURED, **CAPTURED)
    assert world.book(sale) == TAKEN


def a_page_that_holds_just_before_it_is_closed_lets_go(world: World) -> None:
    hold = world.story(hosted=True, instructions=RETURN, capture_method="manual")
    hold.authorize()
    world.act(hold, **world.approved_on_page)
    hold.cancel()
    assert hold.payment.state is State.CANCELED
    assert world.book(hold)["released_minor"] == 1000
