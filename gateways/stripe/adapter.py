"""The Gateway port for Stripe, through Stripe's own SDK. The only file that touches the wire, and only in `_ask`.

One HTTP attempt per call: the SDK's retries are off and every POST carries a key derived from the record. The API
version is pinned, the timeouts are ours. Verbs: docs.stripe.com/api/payment_intents, /refunds, /checkout/sessions.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal
from urllib.parse import urlsplit

import stripe

from domain.commands import Abilities
from domain.errors import GatewayError, InvalidInput
from domain.failpoints import after_in_thread, before_in_thread
from domain.gateway import Capabilities, GatewayCall, GatewayEvent, MethodSetup, MovementPage, StoredMethod
from domain.operation import Verb
from domain.outcomes import Declined, DeclineKind, NotFound, Outcome
from gateways.circuit import heard
from gateways.stripe import parameters, stored_methods, webhooks
from gateways.stripe.declines import refusal
from gateways.stripe.faults import REFUSED_STATUSES, Fault, Refused, read_fault, told_by_refusal
from gateways.stripe.lookup import Lookup
from gateways.stripe.movements import read_page
from gateways.stripe.replies import captured_reply, intent_outcome, readable, refund_outcome, session_outcome
from gateways.stripe.stored_methods import check_reference, derived_key

Json = dict[str, Any]
Reading = Callable[[Json, GatewayCall], Outcome]

API_VERSION = "2026-05-27.dahlia"
CONNECT_TIMEOUT_SECONDS = 3.05
CAPABILITIES = Capabilities(
    abilities=Abilities(partial_capture=True, multiple_capture=True, void=True),
    keyed_verbs=frozenset(Verb),
    key_life=timedelta(hours=23),  # Stripe forgets keys after 24 hours at the earliest
    finds_by_reference=True,
    settle_time=timedelta(minutes=2),  # lists show every committed write; a request we gave up on may still commit
)
_KEY_PREFIXES = {"test": ("sk_test_", "rk_test_"), "live": ("sk_live_", "rk_live_")}
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_SWALLOWED = frozenset({"api_key", "base", "content_type", "headers", "idempotency_key", "usage"})
_LOOK_FIRST = frozenset({DeclineKind.INVALID_STATE, DeclineKind.INVALID_REQUEST})


class StripeGateway:
    """One Stripe account. Thread-safe: the SDK keeps one connection pool per thread and nothing here changes.

    `timeout_seconds` bounds each wait for Stripe's answer; `base_address` leads to a stand-in. Raises InvalidInput for
    a key that is not of the account's mode.
    """

    name = "stripe"
    capabilities = CAPABILITIES

    def __init__(
        self,
        *,
        secret_key: str,
        webhook_secrets: Sequence[str],
        mode: Literal["test", "live"],
        base_address: str | None = None,
        timeout_seconds: float = 20.0,
        http_client: stripe.HTTPClient | None = None,
    ) -> None:
        if not secret_key.startswith(_KEY_PREFIXES[mode]):
            raise InvalidInput("secret_key", f"a {mode} account needs a key beginning with {_KEY_PREFIXES[mode][0]}")
        stripe.enable_telemetry = False  # it would write an id into the home directory and time our calls for Stripe
        address = (base_address or stripe.DEFAULT_API_BASE).rstrip("/")
        self._client = stripe.StripeClient(
            secret_key,
            stripe_version=API_VERSION,
            base_addresses={"api": address},
            max_network_retries=0,
            http_client=http_client or _http_client(address, timeout_seconds),
        )
        self._webhook_secrets = tuple(webhook_secrets)
        self._mode: Literal["test", "live"] = mode
        self._lookup = Lookup(lambda path, query: self._ask("get", path, query))

    def authorize(self, call: GatewayCall) -> Outcome:
        method = call.payment.method
        if method is not None and method.kind == "hosted":
            return self._send(call, "/v1/checkout/sessions", parameters.checkout_session, session_outcome)
        return self._send(call, "/v1/payment_intents", parameters.payment_intent, intent_outcome)

    def proceed(self, call: GatewayCall) -> Outcome:
        """Stripe goes on by itself after the customer's step; there is only something to see."""
        return self.retrieve(call)

    def capture(self, call: GatewayCall) -> Outcome:
        intent_id = call.payment.references.get("payment_intent")
        if intent_id is None:
            return _nothing_to("capture")
        return self._send(call, f"/v1/payment_intents/{intent_id}/capture", parameters.capture, captured_reply)

    def void(self, call: GatewayCall) -> Outcome:
        payment = call.payment
        session_id, intent_id = payment.references.get("checkout_session"), payment.references.get("payment_intent")
        if session_id and not payment.amounts.authorized_minor:
            return self._close_page(call, session_id)
        if intent_id is None:
            return _nothing_to("void")
        return self._let_go(call, intent_id, key=call.key)

    def refund(self, call: GatewayCall) -> Outcome:
        if "payment_intent" not in call.payment.references:
            return _nothing_to("refund")
        outcome = self._send(call, "/v1/refunds", parameters.refund, refund_outcome)
        if not isinstance(outcome, Declined) or outcome.decline.kind not in _LOOK_FIRST:
            return outcome
        # "Already refunded" may mean: by this very call, sent before. The list of refunds knows.
        seen = self._lookup.find(call)
        return outcome if isinstance(seen, NotFound) else seen

    def retrieve(self, call: GatewayCall) -> Outcome:
        return self._lookup.retrieve(call)

    def find_by_reference(self, call: GatewayCall) -> Outcome:
        return self._lookup.find(call)

    def disputes(self, call: GatewayCall) -> Sequence[Outcome]:
        return self._lookup.disputes(call)

    def create_customer(self, *, customer_id: str, email: str | None, name: str | None) -> str:
        key = derived_key("customer", customer_id)
        told = stored_methods.customer(customer_id=customer_id, email=email, name=name)
        try:
            return str(self._post_afresh("/v1/customers", told, key)["id"])
        except Refused as refused:
            raise _customer_error(refused.fault) from refused

    def save_method(self, *, customer_reference: str, token: str, key: str, return_url: str | None) -> MethodSetup:
        check_reference("customer_reference", customer_reference, "cus_")
        told = stored_methods.setup_intent(customer_reference=customer_reference, token=token, return_url=return_url)
        try:
            return stored_methods.read_setup(self._post_afresh("/v1/setup_intents", told, key))
        except Refused as refused:
            if refused.fault.status == 402:
                return MethodSetup(reference=refused.fault.references.get("setup_intent", ""), standing="failed")
            raise _customer_error(refused.fault) from refused

    def stored_methods(self, *, customer_reference: str) -> Sequence[StoredMethod]:
        path = f"/v1/customers/{check_reference('customer_reference', customer_reference, 'cus_')}/payment_methods"
        found: list[Json] = []
        cursor: Json = {}
        while True:
            page = self._list(path, {"limit": 100, **cursor})
            found += page["data"]
            if not page["has_more"]:
                return [stored_methods.read_method(method) for method in found]
            cursor = {"starting_after": found[-1]["id"]}

    def forget_method(self, *, token: str) -> None:
        """Forgetting what is forgotten already is no error."""
        path = f"/v1/payment_methods/{check_reference('token', token, 'pm_')}/detach"
        try:
            self._post_afresh(path, {}, derived_key("detach", token))
        except Refused as refused:
            if refused.fault.status not in REFUSED_STATUSES:
                raise _customer_error(refused.fault) from refused

    def movements(self, *, since: datetime, until: datetime, cursor: str | None) -> MovementPage:
        """`since` inclusive, `until` exclusive, newest first. Raises GatewayError when Stripe does not answer."""
        window = {"gte": int(since.timestamp()), "lt": int(until.timestamp())}
        query: Json = {"created": window, "limit": 100, "expand": ["data.source"]}
        if cursor:
            query["starting_after"] = cursor
        return read_page(self._list("/v1/balance_transactions", query))

    def parse_webhook(
        self, *, headers: Mapping[str, str], raw: bytes, url: str, now: datetime
    ) -> Sequence[GatewayEvent]:
        del url  # Stripe does not sign it
        return webhooks.parse(headers=headers, raw=raw, secrets=self._webhook_secrets, mode=self._mode, now=now)

    def _close_page(self, call: GatewayCall, session_id: str) -> Outcome:
        """Only an open session can be expired. One that was completed meanwhile tells what it became."""
        path = f"/v1/checkout/sessions/{session_id}/expire"
        expand = {"expand": ["payment_intent.latest_charge"]}
        outcome = self._send(call, path, lambda _: expand, session_outcome)
        if not isinstance(outcome, Declined) or outcome.decline.kind not in _LOOK_FIRST:
            return outcome
        seen = self._lookup.retrieve(call)
        if seen.kind != "authorized":
            return outcome if seen.kind in ("action_required", "not_found") else seen
        # Another endpoint needs another key: Stripe refuses one that was used elsewhere.
        return self._let_go(call, seen.references["payment_intent"], key=f"{call.key}-cancel")

    def _let_go(self, call: GatewayCall, intent_id: str, *, key: str) -> Outcome:
        path = f"/v1/payment_intents/{intent_id}"
        if call.payment.amounts.captured_minor:
            return self._send(call, f"{path}/capture", lambda _: parameters.release(), intent_outcome, key)
        return self._send(call, f"{path}/cancel", parameters.cancel, intent_outcome, key)

    def _send(
        self, call: GatewayCall, path: str, build: Callable[[GatewayCall], Json], read: Reading, key: str | None = None
    ) -> Outcome:
        """One POST and what it means. Raises GatewayError when it surely did not execute."""
        try:
            body = self._ask("post", path, build(call), key or call.key)
        except InvalidInput as invalid:
            return Declined(decline=refusal(DeclineKind.INVALID_REQUEST, code=invalid.field, detail=str(invalid)))
        except Refused as refused:
            return told_by_refusal(refused.fault)
        return readable(lambda: read(body, call), body)

    def _list(self, path: str, query: Json) -> Json:
        """Raises InvalidInput when refused, GatewayError when it may be tried again."""
        try:
            return self._ask("get", path, query)
        except Refused as refused:
            raise _customer_error(refused.fault) from refused

    def _post_afresh(self, path: str, told: Json, key: str) -> Json:
        """A POST that moves no money. An error of its own that Stripe keeps under the key it would repeat for a day, so
        the next key asks afresh: what may be made twice is an object nobody uses. Raises Refused."""
        for number in range(1, MOST_KEYS):
            try:
                return self._ask("post", path, told, key if number == 1 else f"{key}-{number}")
            except Refused as refused:
                if not refused.fault.is_kept_error:
                    raise
        return self._ask("post", path, told, f"{key}-{MOST_KEYS}")

    def _ask(self, method: Literal["get", "post"], path: str, told: Json, key: str = "") -> Json:
        """The wire. Raises Refused for everything but a JSON object with a 2xx status."""
        if method == "post" and not key:
            raise ValueError(f"{path} needs a derived idempotency key; the SDK would invent a random one")
        if swallowed := _SWALLOWED & told.keys():
            raise ValueError(f"the SDK's raw_request keeps {sorted(swallowed)} for itself and would not send it")
        options = {"idempotency_key": key} if key else {}
        try:
            before_in_thread("gateway_request", key, path.rpartition("/")[2], detail=method)
            answer = self._client.raw_request(method, path, **options, **told)
            after_in_thread("gateway_request", key, path.rpartition("/")[2], detail=method)
        except stripe.StripeError as error:
            fault = read_fault(error)
            heard(fault.status, refuses_credentials=fault.refuses_credentials)
            raise Refused(fault) from error
        except Exception as error:  # the SDK trips over answers that are not Stripe's; the request may have executed
            raise Refused(Fault(message=f"{type(error).__name__}: {error}")) from error
        heard(answer.code)
        if not isinstance(answer.data, dict):
            raise Refused(Fault(status=answer.code, message=f"not an object: {answer.body}"))
        return answer.data


MOST_KEYS = 10
"""How many kept errors a call that moves no money gets past."""


def _http_client(address: str, timeout_seconds: float) -> stripe.RequestsClient:
    """A stand-in on this machine is reached directly, whatever proxy the environment names for the world outside."""
    host = urlsplit(address).hostname or ""
    direct = {"no_proxy": host} if host in _LOOPBACK else None
    timeout = (CONNECT_TIMEOUT_SECONDS, timeout_seconds)
    return stripe.RequestsClient(timeout=timeout, proxy=direct)  # type: ignore[arg-type]  # handed to requests as it is


def _customer_error(fault: Fault) -> GatewayError | InvalidInput:
    """Nothing here moves money and every POST has its key, so trying again is always safe."""
    if fault.status in REFUSED_STATUSES | {402} and fault.type != "idempotency_error":
        return InvalidInput(fault.code or "request", f"Stripe refused it: {fault.evidence}")
    told: Outcome = told_by_refusal(fault)  # raises the narrower errors
    return GatewayError(f"{told.kind}: {fault.evidence}")


def _nothing_to(verb: str) -> Declined:
    detail = f"there is no payment intent to {verb}"
    return Declined(decline=refusal(DeclineKind.INVALID_STATE, code="no_payment_intent", detail=detail))
