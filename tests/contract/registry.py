"""Every gateway that must pass the scenarios, and what it is excused from: a new one is done when its row is green.

An excuse is one of the gateway's own capabilities, so that what it claims to do it has to show.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from domain.gateway import Capabilities
from domain.operation import Verb
from gateways.razorpay.adapter import CAPABILITIES as RAZORPAY
from gateways.stripe.adapter import CAPABILITIES as STRIPE
from tests.contract.razorpay_world import RazorpayWorld
from tests.contract.stripe_world import StripeWorld
from tests.contract.world import World

WORLDS: Mapping[str, type[World]] = {
    "razorpay": RazorpayWorld,
    "stripe": StripeWorld,
}
CAPABILITIES: Mapping[str, Capabilities] = {
    "razorpay": RAZORPAY,
    "stripe": STRIPE,
}


@dataclass(frozen=True)
class Excuse:
    """`holds` for the capabilities of a gateway that cannot do what the named scenarios ask."""

    reason: str
    holds: Callable[[Capabilities], bool]
    scenarios: tuple[str, ...]


EXCUSES = (
    Excuse(
        "captures the whole authorized amount or nothing",
        lambda able: not able.abilities.partial_capture,
        (
            "a_partial_capture_releases_the_rest",
            "several_captures_and_the_release_of_what_is_left",
            "several_captures_up_to_the_whole",
            "a_partly_captured_hold_that_lapses_keeps_what_was_taken",
        ),
    ),
    Excuse("cannot void: what is held lapses", lambda able: not able.abilities.void, ("a_hold_is_voided",)),
    Excuse(
        "cannot hold on a page of its own",
        lambda able: not able.hosted_holds,
        ("a_page_may_hold_for_a_later_capture", "a_page_that_holds_just_before_it_is_closed_lets_go"),
    ),
    Excuse(
        "the customer's browser makes the payment, so no server is declined or sent to a bank's page",
        lambda able: not able.server_can_confirm,
        (
            "every_decline_is_a_value_with_its_kind_and_nothing_is_charged",
            "a_step_on_a_page_of_the_bank_done_in_time",
            "a_step_done_by_the_gateways_script_and_seen_by_looking",
            "a_failed_step_is_the_customers_to_mend",
            "a_step_done_and_then_declined",
            "an_abandoned_step_is_fenced_and_can_charge_no_more",
            "a_step_done_just_before_the_fence_is_a_payment",
            "a_renewal_that_needs_the_customer_is_the_customers_to_mend",
        ),
    ),
    Excuse(
        "the server confirms by itself, so no order waits for a browser",
        lambda able: able.server_can_confirm,
        (
            "a_declined_try_in_the_browser_leaves_the_payment_open",
            "a_customer_who_pays_after_we_gave_up_gets_the_money_back",
            "a_payment_under_way_is_not_let_go",
            "what_nobody_has_paid_is_canceled_at_once",
        ),
    ),
    Excuse(
        "does what this asks to refuse",
        lambda able: able.abilities.partial_capture,
        ("what_the_gateway_cannot_do_is_refused_before_it_is_asked",),
    ),
    Excuse(
        "saves a method only with a payment the customer makes",
        lambda able: not able.saves_without_payment,
        (
            "a_saved_method_is_charged_later_without_the_customer",
            "saving_may_need_the_customer_and_then_works_without",
            "a_card_that_is_declined_cannot_be_saved",
        ),
    ),
    Excuse(
        "honours no key for a first charge",
        lambda able: Verb.AUTHORIZE not in able.keyed_verbs,
        ("two_at_once_are_one_charge", "the_same_key_for_something_else_is_an_alarm"),
    ),
)


def excuse(gateway: str, scenario: str) -> str | None:
    """Why a gateway need not pass a scenario, or None."""
    able = CAPABILITIES[gateway]
    return next((e.reason for e in EXCUSES if scenario in e.scenarios and e.holds(able)), None)


def able_to(verb: Verb, gateway: str) -> bool:
    """Whether a lost answer of this verb can happen at all."""
    return verb is not Verb.VOID or CAPABILITIES[gateway].abilities.void
