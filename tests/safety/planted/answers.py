"""Bugs in reading what a gateway answered: an unknown outcome taken for a known one."""

from tests.safety.planted.bug import ROOT, Bug, bug

_OPERATIONS = "tests/unit/activities/test_operations.py"
_SENT_AGAIN = "tests/unit/activities/test_operations_sent_again.py"
_FAULTS = "tests/unit/gateways/stripe/test_faults.py"


def _sale(trouble: str) -> str:
    """The cell of the ambiguity matrix in which a sale meets this trouble."""
    return f"tests/safety/test_matrix.py::test_cell[stripe-sale-{trouble}]"


def _two_decimals(name: str, what: str, listed: str, without: str, currency: str) -> Bug:
    """The currency moves to the list of those with two decimals."""
    path, first = "domain/money.py", "AED AFN "
    text = (ROOT / path).read_text()
    moved = text.replace(listed, without).replace(first, f"{first}{currency} ")
    return bug(name, what, path, text, moved, "tests/unit/domain/test_money.py")


BUGS: tuple[Bug, ...] = (
    bug(
        "timeout-is-a-decline",
        "a timeout is written down as declined",
        "gateways/stripe/faults.py",
        "    return Unknown(reason=_unknown_reason(fault), evidence=fault.evidence, references=fault.references)\n",
        "    if fault.status is None:\n"
        '        return Declined(decline=refusal(DeclineKind.INVALID_REQUEST, code="timeout", detail=fault.evidence))\n'
        "    return Unknown(reason=_unknown_reason(fault), evidence=fault.evidence, references=fault.references)\n",
        _FAULTS,
        _sale("timeout-executed"),
    ),
    bug(
        "server-error-is-a-decline",
        "a 5xx is written down as declined",
        "gateways/stripe/faults.py",
        "    return Unknown(reason=_unknown_reason(fault), evidence=fault.evidence, references=fault.references)\n",
        "    if fault.status and fault.status >= 500:\n"
        '        return Declined(decline=refusal(DeclineKind.INVALID_REQUEST, code="error", detail=fault.evidence))\n'
        "    return Unknown(reason=_unknown_reason(fault), evidence=fault.evidence, references=fault.references)\n",
        _FAULTS,
        _sale("500-executed-no_webhook"),
    ),
    bug(
        "any-connection-error-was-never-sent",
        "a connection lost after the request left counts as not sent, so it is sent anew",
        "gateways/stripe/faults.py",
        "never_sent=isinstance(error, stripe.APIConnectionError) and never_sent(error),",
        "never_sent=isinstance(error, stripe.APIConnectionError),",
        _sale("timeout-executed"),
    ),
    bug(
        "rate-limit-is-a-decline",
        "a 429 ends the payment instead of waiting",
        "gateways/stripe/faults.py",
        "    if fault.status == 429 or (fault.status == 400",
        "    if (fault.status == 400",
        _FAULTS,
    ),
    bug(
        "key-in-use-is-a-decline",
        "a 409 for a key still in use at the gateway is taken for a refusal",
        "gateways/stripe/faults.py",
        '    if fault.status == 409 and fault.type == "idempotency_error":\n        raise InFlight(fault.evidence)\n',
        '    if fault.status == 409 and fault.type == "idempotency_error":\n        raise NotSent(fault.evidence)\n',
        _FAULTS,
        _sale("key_in_use"),
    ),
    bug(
        "broken-answer-is-a-decline",
        "an answer nobody can read is written down as declined",
        "gateways/stripe/faults.py",
        '    return "unreadable" if not fault.type else "unexpected_answer"',
        "    raise NotSent(fault.evidence)",
        _FAULTS,
        _sale("html"),
    ),
    bug(
        "failed-after-the-last-retry",
        "when the retries are used up an unknown charge is called failed",
        "activities/operations.py",
        '            return Unknown(reason="in_flight", evidence=str(error))',
        "            return Declined(decline=given_up(operation, attempt))",
        _OPERATIONS,
        _sale("key_in_use"),
    ),
    bug(
        "given-up-at-the-first-look",
        "a capture noted as not sent by a try that died is called declined, though nobody gave it up",
        "activities/operations.py",
        "        again = await self._sent_again(payment, instructions, operation)\n",
        "        again = None\n",
        _SENT_AGAIN,
    ),
    bug(
        "never-given-up",
        "what the gateway never takes is sent for ever",
        "activities/resolution.py",
        "return attempt.sends >= MOST_SENDS or self._age(operation) > HORIZON",
        "return False",
        _OPERATIONS,
        _SENT_AGAIN,
    ),
    bug(
        "held-back-in-the-middle",
        "a call that has charged already is stopped by a circuit that opened meanwhile, and counts as not sent",
        "gateways/circuit.py",
        "        if _HEARD.get() is not None:\n            yield\n            return\n",
        "",
        "tests/unit/gateways/test_circuit.py",
    ),
    bug(
        "revoked-keys-are-tried-for-ever",
        "a 401 tells the circuit nothing, so every payment asks a gateway that refuses us",
        "gateways/stripe/faults.py",
        "return self.status == 401",
        "return False",
        "tests/unit/gateways/test_guarded.py",
    ),
    bug(
        "not-found-trusted-at-once",
        "a lookup's `not found` before the settle time counts as not executed",
        "activities/resolution.py",
        "return self._age(operation) > gateway.capabilities.settle_time",
        "return True",
        _OPERATIONS,
        _sale("lookup_lags"),
    ),
    bug(
        "lookup-refused-means-not-found",
        "a lookup that is refused (keys revoked) counts as `there is nothing`",
        "gateways/stripe/faults.py",
        '    if fault.status == 404 and fault.code == "resource_missing":',
        "    if fault.status in REFUSED_STATUSES | DENIED_STATUSES:",
        _FAULTS,
    ),
    bug(
        "another-currency-believed",
        "an answer with another amount or currency is believed",
        "domain/facts.py",
        "    if currency != payment.currency or not 0 < amount_minor <= payment.amount_minor:",
        "    if amount_minor < 0:",
        "tests/unit/domain",
    ),
    _two_decimals("yen-have-cents", "JPY gets two decimals", "ISK JPY KMF", "ISK KMF", "JPY"),
    _two_decimals("dinars-have-cents", "KWD gets two decimals instead of three", "JOD KWD LYD", "JOD LYD", "KWD"),
    bug(
        "krona-sent-as-is",
        "ISK is sent to Stripe without its two decimals: a hundredth of the price",
        "gateways/stripe/currency.py",
        '_STRIPE_HAS_MORE = {"ISK": 100, "UGX": 100}',
        '_STRIPE_HAS_MORE = {"UGX": 100}',
        "tests/unit/gateways/stripe",
    ),
    bug(
        "float-money",
        "an amount may be a float",
        "domain/money.py",
        "if type(self.amount_minor) is not int:  # bool and float are not money",
        "if not isinstance(self.amount_minor, int | float):",
        "tests/unit/domain/test_money.py",
    ),
)
