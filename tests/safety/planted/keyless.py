"""Bugs where a gateway honours no key: Razorpay's orders, captures and charges of a token."""

from tests.safety.planted.bug import Bug, Edit, bug

_ADAPTER = "gateways/razorpay/adapter.py"
_FORGERIES = "tests/safety/test_forgeries.py"
_SIMULATION = "tests/safety/test_core_simulation.py::test_no_payment_is_charged_twice_lost_or_called_what_it_is_not"
_CUSTOMERS = f"{_SIMULATION}[razorpay-0-125-20]"


def _cell(row: str, trouble: str) -> str:
    return f"tests/safety/test_matrix.py::test_cell[razorpay-{row}-{trouble}]"


BUGS: tuple[Bug, ...] = (
    bug(
        "capture-sent-blindly",
        "a capture that may have been executed is sent again without a look",
        _ADAPTER,
        "        if _may_have_been_sent(call):\n            seen = self._lookup.retrieve(call)\n",
        "        if False:\n            seen = self._lookup.retrieve(call)\n",
        _cell("capture", "timeout-executed"),
        _cell("capture", "lookups_fail_for_hours"),
    ),
    Bug(
        name="token-charged-again",
        what="a charge of a token that nobody saw is sent again",
        edits=(
            Edit(
                path=_ADAPTER,
                old="        if _may_have_been_sent(call):\n            return self._lookup.find(call)\n        try:\n",
                new="        try:\n",
            ),
            Edit(
                path="domain/gateway.py",
                old="in self.repeatable_verbs and not charges",
                new="in self.repeatable_verbs",
            ),
        ),
        noticed_by=(_cell("renewal", "timeout-not_executed"), _cell("renewal", "late_answer")),
    ),
    bug(
        "refund-without-its-key",
        "a refund goes out without its idempotency key",
        _ADAPTER,
        "{KEY_HEADER: call.key}",
        "{}",
        _cell("refund", "timeout-executed"),
    ),
    bug(
        "lost-order-ends-the-renewal",
        "an order that got lost before its charge is taken for the end of the renewal",
        _ADAPTER,
        'raise NotSent(f"the charge: {fault.evidence}")',
        'raise GatewayError(f"the charge: {fault.evidence}")',
        "tests/safety/test_matrix.py::test_a_renewal_whose_order_gets_lost_is_charged_once",
    ),
    bug(
        "order-of-another-amount",
        "an order is believed whatever amount it says",
        "gateways/razorpay/replies.py",
        "    if why := contradiction(order, call):\n",
        '    if why := "":\n',
        _cell("sale", "other_amount"),
    ),
    bug(
        "callback-cut-elsewhere",
        "the signed ids of a callback may be cut where a forger likes",
        "gateways/razorpay/signature.py",
        '    if any("|" in word for word in words):\n',
        "    if not words:\n",
        f"{_FORGERIES}::test_no_forged_callback_is_believed",
    ),
    bug(
        "callback-signed-by-the-webhook-secret",
        "a callback is checked with the secret of the webhooks",
        _ADAPTER,
        "key_secret=self._key_secret, now=now",
        "key_secret=self._webhook_secrets[0], now=now",
        f"{_FORGERIES}::test_no_forged_callback_is_believed",
    ),
    bug(
        "late-charge-kept",
        "what a customer paid after our end of their time is kept",
        "domain/amends.py",
        "    unwanted = payment.state is State.CAPTURED and review.given_up != State.FAILED",
        "    unwanted = False",
        _CUSTOMERS,
    ),
    bug(
        "first-try-decides",
        "a customer's first payment of an order decides, though a later one took the money",
        "gateways/razorpay/replies.py",
        "    return max(payments, key=_weight, default=None)",
        "    return payments[0] if payments else None",
        _CUSTOMERS,
    ),
    bug(
        "unheard-is-declined",
        "an answer that was not heard is a decline",
        "gateways/razorpay/faults.py",
        "    return Unknown(reason=_unknown_reason(fault, repeated), evidence=fault.evidence, references",
        '    return Declined(decline=decline("", redacted(fault.description)), references',
        _CUSTOMERS,
    ),
    bug(
        "letting-go-is-tried-once",
        "an order is let go by one look, and stays in doubt for ever when that is not heard",
        _ADAPTER,
        "Verb.CAPTURE, Verb.VOID})",
        "Verb.CAPTURE})",
        _CUSTOMERS,
    ),
)
