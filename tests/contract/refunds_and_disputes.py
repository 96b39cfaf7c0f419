"""After the money was taken: refunds, disputes, and the gateway's own book."""

from domain.book import money_lines
from domain.operation import OperationState
from domain.outcomes import (
    DisputeReported,
    RefundReported,
)
from domain.payment import PaymentState as State
from tests.contract.scenes import CAPTURED, TAKEN, paid, refunded
from tests.contract.story import stands
from tests.contract.world import World, until


def refunds_in_parts_up_to_the_whole(world: World) -> None:
    story = paid(world)
    for amount_minor in (400, 350):
        assert refunded(world, story, amount_minor).standing == "succeeded"
    stands(story, State.CAPTURED, **CAPTURED, refunded_minor=750)
    refunded(world, story)
    stands(story, State.CAPTURED, **CAPTURED, refunded_minor=1000)
    assert world.book(story) == {**TAKEN, "refunded_minor": 1000}


def a_refund_that_takes_its_time(world: World) -> None:
    story = paid(world, "refund_pending")
    story.refund(400)
    stands(story, State.CAPTURED, **CAPTURED, refund_pending_minor=400)
    world.advance(10)
    outcome = until(
        lambda: story.look(), lambda seen: isinstance(seen, RefundReported) and seen.standing == "succeeded"
    )
    assert isinstance(outcome, RefundReported)
    stands(story, State.CAPTURED, **CAPTURED, refunded_minor=400)


def a_refund_that_fails_after_it_succeeded_gives_the_balance_back(world: World) -> None:
    story = paid(world, "refund_fails")
    refunded(world, story, 400)
    world.fail_refund(story)
    event = world.heard(story, "refund.failed")
    assert isinstance(event.outcome, RefundReported)
    assert (event.outcome.operation_number, event.outcome.standing) == (2, "failed")
    story.look()
    stands(story, State.CAPTURED, **CAPTURED)
    assert story.operation().state is OperationState.DECLINED


def a_dispute_withdraws_and_a_won_one_gives_back(world: World) -> None:
    for verdict, left in (("won", {}), ("lost", {"dispute_lost_minor": 1000})):
        story = paid(world, "dispute")
        world.open_dispute(story, inquiry=False)
        until(story.look_at_disputes, lambda found: len(found) == 1)
        stands(
            story, State.CAPTURED, **CAPTURED, **({"disputed_minor": 1000} if world.dispute_withdraws_at_once else {})
        )
        dispute = story.payment.disputes[0]
        assert dispute.evidence_due_at is not None
        before = story.payment
        story.hear(world.heard(story, world.dispute_event))
        assert story.payment == before
        world.simulator.ask("POST", f"/disputes/{dispute.reference}/decide", {"outcome": verdict})
        story.look_at_disputes()
        stands(story, State.CAPTURED, **CAPTURED, **left)


def an_inquiry_withdraws_nothing(world: World) -> None:
    story = paid(world, "inquiry")
    world.open_dispute(story, inquiry=True)
    found = until(story.look_at_disputes, lambda disputes: len(disputes) == 1)[0]
    assert isinstance(found, DisputeReported)
    assert (found.standing, found.withdrawn_minor) == ("open", 0)
    stands(story, State.CAPTURED, **CAPTURED)


def the_gateways_own_book_names_our_payments(world: World) -> None:
    start = world.now()
    story = paid(world)
    story.refund(400)
    world.close_books()

    def lines() -> list[tuple[str, int]]:
        window = {"since": start.replace(microsecond=0), "until": world.now()}
        page = world.gateway.movements(**window, cursor=None)
        found = list(page.movements)
        while page.next_cursor:
            page = world.gateway.movements(**window, cursor=page.next_cursor)
            found += page.movements
        ours = money_lines(line for line in found if line.payment_id == story.payment.id)
        return sorted((line.type, line.amount_minor) for line in ours)

    assert until(lines, lambda found: len(found) == 2) == [("capture", 1000), ("refund", -400)]
