"""Methods that are kept and charged again."""

from domain.outcomes import (
    DeclineKind,
)
from domain.payment import PaymentState as State
from tests.contract.scenes import CAPTURED, RETURN, TAKEN, kind_of, paid
from tests.contract.story import stands
from tests.contract.world import World


def a_saved_method_is_charged_later_without_the_customer(world: World) -> None:
    customer = world.gateway.create_customer(customer_id="cust_1", email="a@b.example", name="Ada")
    assert world.gateway.create_customer(customer_id="cust_1", email="a@b.example", name="Ada") == customer
    saved = world.gateway.save_method(
        customer_reference=customer, token=world.tokens["approved"], key="po_save_method_1", return_url=None
    )
    assert saved.standing == "succeeded"
    assert saved.method is not None
    assert list(world.gateway.stored_methods(customer_reference=customer)) == [saved.method]
    story = paid(world, token=saved.method.token, customer_reference=customer, off_session=True)
    assert world.book(story) == TAKEN
    world.gateway.forget_method(token=saved.method.token)
    world.gateway.forget_method(token=saved.method.token)
    assert list(world.gateway.stored_methods(customer_reference=customer)) == []


def a_method_saved_with_the_first_payment(world: World) -> None:
    customer = world.gateway.create_customer(customer_id="cust_2", email=None, name=None)
    paid(world, customer_reference=customer, instructions={"save_method": True})
    (stored,) = world.gateway.stored_methods(customer_reference=customer)
    assert (stored.customer_reference, stored.summary.last4) == (customer, world.last4)


def a_method_saved_with_a_payment_is_charged_again_without_the_customer(world: World) -> None:
    customer, token = _kept(world)
    story = world.renew(token=token, customer=customer)
    stands(story, State.CAPTURED, **CAPTURED)
    assert world.book(story) == TAKEN
    story.resend()
    stands(story, State.CAPTURED, **CAPTURED)
    assert world.book(story) == TAKEN


def a_forgotten_method_is_charged_no_more(world: World) -> None:
    customer, token = _kept(world)
    world.gateway.forget_method(token=token)
    story = world.renew(token=token, customer=customer)
    stands(story, State.FAILED)
    assert world.book(story) == {}


def saving_may_need_the_customer_and_then_works_without(world: World) -> None:
    customer = world.gateway.create_customer(customer_id="cust_3", email=None, name=None)
    setup = world.gateway.save_method(
        customer_reference=customer,
        token=world.tokens["authentication_on_setup"],
        key="po_save_method_2",
        return_url=RETURN["return_url"],
    )
    assert (setup.standing, setup.method) == ("requires_action", None)
    assert setup.redirect_url
    world.simulator.ask("POST", f"/payments/{setup.reference}/authenticate", {"result": "approve"})
    (stored,) = world.gateway.stored_methods(customer_reference=customer)
    paid(world, token=stored.token, customer_reference=customer, off_session=True)


def a_renewal_that_needs_the_customer_is_the_customers_to_mend(world: World) -> None:
    customer = world.gateway.create_customer(customer_id="cust_4", email=None, name=None)
    story = world.story("authentication_always", customer_reference=customer, off_session=True)
    assert kind_of(story.authorize()) is DeclineKind.CUSTOMER_FIX
    assert world.book(story) == {}


def a_card_that_is_declined_cannot_be_saved(world: World) -> None:
    customer = world.gateway.create_customer(customer_id="cust_5", email=None, name=None)
    token = next(iter(world.declines))
    setup = world.gateway.save_method(customer_reference=customer, token=token, key="po_save_method_3", return_url=None)
    assert (setup.standing, setup.method) == ("failed", None)


def _kept(world: World) -> tuple[str, str]:
    """A customer who paid once and agreed to more: their reference and their token."""
    customer = world.gateway.create_customer(customer_id="cust_kept", email="a@b.example", name="Ada Lovelace")
    paid(world, customer_reference=customer, instructions={"save_method": True})
    (stored,) = world.gateway.stored_methods(customer_reference=customer)
    return customer, stored.token
