"""Every decline code has a kind, a sentence for the customer that gives no secret away, and advice."""

import pytest

from domain.outcomes import DeclineKind
from gateways.stripe.declines import DECLINES, ERRORS, decline, refusal

KINDS = {
    DeclineKind.SOFT: "insufficient_funds processing_error issuer_not_available try_again_later reenter_transaction "
    "card_velocity_exceeded approve_with_id",
    DeclineKind.CUSTOMER_FIX: "incorrect_cvc expired_card incorrect_number authentication_required "
    "payment_intent_authentication_failure",
    DeclineKind.HARD: "lost_card stolen_card pickup_card restricted_card card_not_supported do_not_honor "
    "generic_decline",
    DeclineKind.FRAUD: "fraudulent merchant_blacklist highest_risk_level",
}


@pytest.mark.parametrize(("kind", "code"), [(kind, code) for kind, codes in KINDS.items() for code in codes.split()])
def test_the_kinds_stripe_documents(kind: DeclineKind, code: str) -> None:
    told = decline(code="card_declined", decline_code=code)
    assert (told.kind, told.code) == (kind, code)


@pytest.mark.parametrize("code", sorted(DECLINES))
def test_every_row_speaks_to_customer_and_merchant(code: str) -> None:
    told = decline(code=code)
    assert told.message.endswith(".")
    assert told.advice.endswith(".")
    assert "_" not in told.message


@pytest.mark.parametrize(
    "code", [c for c, row in DECLINES.items() if row[0] is DeclineKind.FRAUD or c in ("lost_card", "stolen_card")]
)
def test_customers_are_never_told_of_fraud_or_theft(code: str) -> None:
    assert decline(code="card_declined", decline_code=code).message == decline(code="generic_decline").message


def test_an_unlisted_decline_code_is_a_hard_decline_under_its_own_name() -> None:
    told = decline(code="card_declined", decline_code="brand_new_code")
    assert (told.kind, told.code) == (DeclineKind.HARD, "brand_new_code")


def test_the_decline_code_wins_over_the_error_code() -> None:
    assert decline(code="expired_card", decline_code="stolen_card").kind is DeclineKind.HARD


@pytest.mark.parametrize(
    ("decline_code", "advice_code", "kind"),
    [
        ("insufficient_funds", "do_not_try_again", DeclineKind.HARD),
        ("do_not_honor", "try_again_later", DeclineKind.SOFT),
        ("do_not_honor", "confirm_card_data", DeclineKind.CUSTOMER_FIX),
        ("brand_new_code", "try_again_later", DeclineKind.SOFT),
        ("do_not_honor", "unheard_of", DeclineKind.HARD),
        ("fraudulent", "try_again_later", DeclineKind.FRAUD),
        ("expired_card", "do_not_try_again", DeclineKind.CUSTOMER_FIX),
    ],
)
def test_stripes_advice_is_obeyed_unless_fraud_or_the_customers_to_mend(
    decline_code: str, advice_code: str, kind: DeclineKind
) -> None:
    assert decline(code="card_declined", decline_code=decline_code, advice_code=advice_code).kind is kind


def test_a_refusal_says_what_stripe_said_to_the_merchant_only() -> None:
    told = refusal(DeclineKind.INVALID_REQUEST, code="parameter_unknown", detail="Received unknown parameter: x")
    assert "Received unknown parameter: x" in told.advice
    assert "Received" not in told.message
    assert len(refusal(DeclineKind.CONFIGURATION, code="", detail="x" * 900).advice) <= 500


def test_error_codes_only_name_the_calls_own_fault() -> None:
    assert set(ERRORS.values()) == {DeclineKind.INVALID_STATE, DeclineKind.CONFIGURATION}
    assert not ERRORS.keys() & DECLINES.keys()
