"""Every gateway that must pass the scenarios, and what it is excused from: a new one is done when its row is green.

An excuse is one field of the gateway's own capabilities, so that what it claims to do it has to show; what it says it
cannot do it has to refuse (`refusals.py`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any

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
    """`field` of the capabilities excuses from the named scenarios while `holds` is true of its value."""

    reason: str
    field: str
    scenarios: tuple[str, ...]
    holds: Callable[[Any], bool] = lambda can: not can

    def excuses(self, able: Capabilities) -> bool:
        return self.holds(attrgetter(self.field)(able))


EXCUSES = (
    Excuse(
        "captures the whole authorized amount or nothing",
        "abilities.partial_capture",
        ("a_partial_capture_releases_the_rest",),
    ),
    Excuse(
        "captures once",
        "abilities.multiple_capture",
        (
            "several_captures_and_the_release_of_what_is_left",
            "several_captures_up_to_the_whole",
            "a_partly_captured_hold_that_lapses_keeps_what_was_taken",
        ),
    ),
    Excuse("cannot void: what is held lapses", "abilities.void", ("a_hold_is_voided",)),
    Excuse(
        "decides a refund at once and for good",
        "asynchronous_refunds",
        ("a_refund_that_takes_its_time", "a_refund_that_fails_after_it_succeeded_gives_the_balance_back"),
    ),
    Excuse(
        "has no page of its own",
        "hosted_checkout",
        (
            "a_hosted_page_paid_by_the_customer",
            "a_declined_try_on_a_page_leaves_it_open_for_another",
            "a_page_nobody_finishes_lapses",
            "a_page_is_closed_by_us",
            "a_page_paid_just_before_it_is_closed_tells_of_the_money",
        ),
    ),
    Excuse(
        "cannot hold on a page of its own",
        "hosted_holds",
        ("a_page_may_hold_for_a_later_capture", "a_page_that_holds_just_before_it_is_closed_lets_go"),
    ),
    Excuse(
        "the customer's browser makes the payment, so no server is declined or sent to a bank's page",
        "server_can_confirm",
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
        "server_can_confirm",
        (
            "a_declined_try_in_the_browser_leaves_the_payment_open",
            "a_customer_who_pays_after_we_gave_up_gets_the_money_back",
            "a_payment_under_way_is_not_let_go",
            "what_nobody_has_paid_is_canceled_at_once",
        ),
        holds=bool,
    ),
    Excuse(
        "keeps no methods",
        "stored_methods",
        (
            "a_method_saved_with_the_first_payment",
            "a_method_saved_with_a_payment_is_charged_again_without_the_customer",
            "a_forgotten_method_is_charged_no_more",
        ),
    ),
    Excuse(
        "saves a method only with a payment the customer makes",
        "saves_without_payment",
        (
            "a_saved_method_is_charged_later_without_the_customer",
            "saving_may_need_the_customer_and_then_works_without",
            "a_card_that_is_declined_cannot_be_saved",
        ),
    ),
    Excuse(
        "honours no key for a first charge",
        "keyed_verbs",
        ("two_at_once_are_one_charge", "the_same_key_for_something_else_is_an_alarm"),
        holds=lambda verbs: Verb.AUTHORIZE not in verbs,
    ),
    Excuse(
        "honours no key for a refund",
        "keyed_verbs",
        ("the_key_of_a_refund_for_another_amount_is_an_alarm",),
        holds=lambda verbs: Verb.REFUND not in verbs,
    ),
    Excuse("cannot be searched for our reference", "finds_by_reference", ("what_was_never_made_is_not_found",)),
)


def excuse(gateway: str, scenario: str) -> Excuse | None:
    """Why a gateway need not pass a scenario, or None."""
    return next((e for e in EXCUSES if scenario in e.scenarios and e.excuses(CAPABILITIES[gateway])), None)


def able_to(verb: Verb, gateway: str) -> bool:
    """Whether a lost answer of this verb can happen at all."""
    return verb is not Verb.VOID or CAPABILITIES[gateway].abilities.void


def missing(gateway: str) -> list[str]:
    """The fields of its capabilities by which a gateway says no; of keys, when one of its verbs has none."""
    able = CAPABILITIES[gateway]
    no = [name for name in _fields(able) if attrgetter(name)(able) is False]
    return no if able.keyed_verbs >= {verb for verb in Verb if able_to(verb, gateway)} else [*no, "keyed_verbs"]


def claiming(able: Capabilities, excused: Excuse) -> Capabilities:
    """The same capabilities, but for the one that excuses, which says the opposite."""
    group, _, name = excused.field.rpartition(".")
    value = attrgetter(excused.field)(able)
    opposite: dict[str, Any] = {name: not value if isinstance(value, bool) else frozenset(Verb)}
    return replace(able, abilities=replace(able.abilities, **opposite)) if group else replace(able, **opposite)


def _fields(able: Capabilities) -> list[str]:
    return [f"abilities.{name}" for name in able.abilities.__slots__] + [n for n in able.__slots__ if n != "abilities"]
