"""The table of test cards: published numbers that pass the check digit, tokens in all spellings."""

import pytest

from simulator.stripe import cards


def test_every_number_is_a_card_number_and_no_two_cards_share_one() -> None:
    numbers = [card.number for card in cards.BY_NAME.values()]
    assert len(set(numbers)) == len(numbers) == len(cards.BY_NAME)
    assert all(cards.passes_luhn(number) for number in numbers)
    assert all(cards.by_number(card.number) == card for card in cards.BY_NAME.values())


@pytest.mark.parametrize(
    ("token", "last4"),
    [
        ("pm_card_visa", "4242"), ("tok_visa", "4242"), ("pm_card_mastercard", "4444"), ("tok_amex", "0005"),
        ("pm_card_chargeDeclined", "0002"), ("pm_card_visa_chargeDeclined", "0002"), ("tok_chargeDeclined", "0002"),
        ("pm_card_visa_chargeDeclinedInsufficientFunds", "9995"), ("pm_card_visa_chargeDeclinedLostCard", "9987"),
        ("pm_card_visa_chargeDeclinedStolenCard", "9979"), ("pm_card_chargeDeclinedExpiredCard", "0069"),
        ("pm_card_chargeDeclinedIncorrectCvc", "0127"), ("pm_card_chargeDeclinedProcessingError", "0119"),
        ("pm_card_visa_chargeDeclinedVelocityLimitExceeded", "6975"), ("pm_card_chargeCustomerFail", "0341"),
        ("pm_card_authenticationRequiredOnSetup", "3155"), ("pm_card_authenticationRequired", "3184"),
        ("pm_card_threeDSecureRequiredChargeDeclined", "1629"), ("pm_card_threeDSecure2Required", "3220"),
        ("pm_card_authenticationRequiredChargeDeclinedInsufficientFunds", "3178"), ("pm_card_createDispute", "0259"),
        ("pm_card_createDisputeProductNotReceived", "2685"), ("pm_card_createDisputeInquiry", "1976"),
        ("pm_card_pendingRefund", "7726"), ("pm_card_refundFail", "5126"), ("pm_card_bypassPending", "0077"),
        ("pm_card_threeDSecureOptional", "3055"),
    ],
)  # fmt: skip
def test_a_token_names_its_card(token: str, last4: str) -> None:
    card = cards.by_token(token)
    assert card is not None
    assert card.last4 == last4


@pytest.mark.parametrize("token", ["pm_card_gold", "tok_", "pm_card_", "pm_1234"])
def test_an_unknown_token_is_no_card(token: str) -> None:
    assert cards.by_token(token) is None


@pytest.mark.parametrize(("number", "passes"), [("4242424242424242", True), ("4242424242424241", False), ("0", True)])
def test_the_check_digit(number: str, passes: bool) -> None:
    assert cards.passes_luhn(number) is passes
