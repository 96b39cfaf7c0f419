"""What customers pay with: Razorpay's test cards and UPI ids, its banks and wallets (https://razorpay.com/docs/payments).

Only the published card numbers are accepted and none is ever kept: an object has the last four digits and the network.
"""

import re
from dataclasses import dataclass
from typing import Literal

from simulator.razorpay.errors import invalid
from simulator.records import Json

BANKS = {"HDFC": "HDFC Bank", "ICIC": "ICICI Bank", "SBIN": "State Bank of India", "UTIB": "Axis Bank",
         "KKBK": "Kotak Mahindra Bank", "YESB": "Yes Bank", "PUNB_R": "Punjab National Bank"}  # fmt: skip
WALLETS = ("airtelmoney", "amazonpay", "freecharge", "jiomoney", "mobikwik", "olamoney", "paypal", "payzapp", "phonepe")
SUCCESS_VPA, FAILURE_VPA = "success@razorpay", "failure@razorpay"
_VPA = re.compile(r"[A-Za-z0-9._-]{2,256}@[A-Za-z][A-Za-z0-9]{1,63}")
_SHORTEST_OTP, _LONGEST_OTP = 4, 10

By = Literal["approve", "fail", "ask"]


@dataclass(frozen=True, slots=True)
class PublishedCard:
    """A published number; `failure` is what happens when the test's bank page is answered with failure."""

    number: str
    network: str
    failure: str = "payment_failed"
    international: bool = False


@dataclass(frozen=True, slots=True)
class Instrument:
    """One way to pay as a payment shows it; `decides` says whether the test id answers by itself or asks."""

    method: str
    shown: Json
    failure: str = "payment_failed"
    decides: By = "ask"


CARDS = (
    PublishedCard("4100280000001007", "Visa"),
    PublishedCard("5500670000001002", "MasterCard"),
    PublishedCard("6527658900001005", "RuPay"),
    PublishedCard("340256000401007", "American Express"),
    PublishedCard("5555555555554444", "MasterCard", international=True),
    PublishedCard("4012888888881881", "Visa", international=True),
    PublishedCard("4100280000090000", "Visa", "payment_timed_out"),
    PublishedCard("4100280000080001", "Visa", "insufficient_fund"),
    PublishedCard("4100280000070002", "Visa", "payment_cancelled"),
    PublishedCard("4100280000060003", "Visa", "card_declined"),
    PublishedCard("4100280000050004", "Visa", "card_declined"),
    PublishedCard("4100280000040005", "Visa", "card_declined"),
    PublishedCard("4100280000030006", "Visa", "card_disabled_for_online_payments"),
    PublishedCard("4100280000020007", "Visa", "gateway_technical_error"),
    PublishedCard("4100280000010008", "Visa", "card_number_invalid"),
    PublishedCard("4100280000000009", "Visa", "authentication_failed"),
)
_BY_NUMBER = {card.number: card for card in CARDS}
_BARE: Json = {"card_id": None, "bank": None, "wallet": None, "vpa": None}


def chosen(parameters: Json, *, card_id: str) -> Instrument:
    """The instrument of a payment request. Raises RazorpayError for what is missing or does not exist."""
    method = parameters["method"]
    if method == "card":
        return card(parameters.get("card"), card_id=card_id)
    if method == "upi":
        asked = parameters.get("upi") or {}
        return upi(parameters.get("vpa") or asked.get("vpa"), flow=asked.get("flow"))
    if method == "netbanking":
        bank = parameters.get("bank")
        if bank not in BANKS:
            raise invalid(f"The bank must be one of {', '.join(BANKS)}", field="bank")
        return Instrument("netbanking", {**_BARE, "bank": bank})
    if method != "wallet":
        raise invalid("The selected method is invalid.", field="method")
    wallet = parameters.get("wallet")
    if wallet not in WALLETS:
        raise invalid(f"The wallet must be one of {', '.join(WALLETS)}", field="wallet")
    return Instrument("wallet", {**_BARE, "wallet": wallet})


def card(given: Json | None, *, card_id: str) -> Instrument:
    """A test card by its number; any other number is refused without being kept or repeated."""
    if not given:
        raise invalid("The card field is required.", field="card")
    known = _BY_NUMBER.get(re.sub(r"[ -]", "", given["number"]))
    if known is None:
        raise invalid("Only Razorpay's published test cards can be used in test mode.", field="card[number]")
    if not 1 <= given["expiry_month"] <= 12:
        raise invalid("The expiry month is invalid.", field="card[expiry_month]")
    shown = {
        "id": card_id, "entity": "card", "name": given.get("name") or "", "last4": known.number[-4:],
        "network": known.network, "type": "credit", "issuer": None if known.international else "HDFC",
        "international": known.international, "emi": False, "sub_type": "consumer", "token_iin": None,
    }  # fmt: skip
    return Instrument(
        "card", {**_BARE, "card_id": card_id, "card": shown, "international": known.international}, known.failure
    )


def upi(vpa: str | None, *, flow: str | None) -> Instrument:
    """With an id the customer is asked in their app (collect); without one they scan or follow a link (intent)."""
    if vpa is None:
        if flow == "collect":
            raise invalid("The vpa field is required.", field="vpa")
        return Instrument("upi", {**_BARE, "upi": {"vpa": None, "flow": "intent"}}, "payment_declined")
    if not _VPA.fullmatch(vpa):
        raise invalid("Invalid VPA. Please enter a valid Virtual Payment Address", field="vpa", reason="invalid_vpa")
    decides: By = {SUCCESS_VPA: "approve", FAILURE_VPA: "fail"}.get(vpa, "ask")  # type: ignore[assignment]  # literals
    shown = {**_BARE, "vpa": vpa, "upi": {"vpa": vpa, "flow": "collect"}}
    return Instrument("upi", shown, "payment_declined", decides)


def otp_is_right(otp: str) -> bool:
    """In test mode any OTP of four to ten digits is right."""
    return otp.isdigit() and _SHORTEST_OTP <= len(otp) <= _LONGEST_OTP


def decision_of(payment: Json) -> By:
    """What Razorpay's UPI test ids do by themselves."""
    if payment["method"] != "upi":
        return "ask"
    return {SUCCESS_VPA: "approve", FAILURE_VPA: "fail"}.get(payment["vpa"], "ask")  # type: ignore[return-value]  # literals
