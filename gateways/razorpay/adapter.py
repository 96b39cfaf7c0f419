"""The Gateway port for Razorpay, through Razorpay's own SDK. The only file that touches the wire, and only in `_ask`.

The server makes an order, the customer's browser makes the payment: `authorize` answers what the browser needs. Keys
are honoured for refunds only, so everything else is read back before it is sent again: an order by its unique receipt,
a capture by its payment, which can be captured once and in full only. There is no void: a hold lapses.
Verbs: razorpay.com/docs/api/orders, /payments, /payments/payment-links, /refunds.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from requests.adapters import BaseAdapter

from domain.commands import Abilities
from domain.errors import GatewayError, InvalidInput, NotSent
from domain.failpoints import after_in_thread, before_in_thread
from domain.gateway import Capabilities, GatewayCall, GatewayEvent, MethodSetup, Movement, MovementPage, StoredMethod
from domain.operation import OperationState, Verb
from domain.outcomes import Authorized, Declined, DeclineKind, NotFound, Outcome, Unknown, Voided
from gateways.circuit import heard
from gateways.razorpay import callbacks, parameters, stored_methods, webhooks
from gateways.razorpay.book import Book
from gateways.razorpay.declines import refusal
from gateways.razorpay.faults import Fault, Refused, read_fault, told_by_refusal
from gateways.razorpay.lookup import Lookup
from gateways.razorpay.mapping import known, readable
from gateways.razorpay.replies import link_outcome, order_outcome, payment_outcome, payments_of, refund_outcome
from gateways.razorpay.transport import Clients

Json = dict[str, Any]
Method = Literal["get", "post", "delete"]

ADDRESS = "https://api.razorpay.com"
CONNECT_TIMEOUT_SECONDS = 3.05
KEY_HEADER = "X-Refund-Idempotency"
CAPABILITIES = Capabilities(
    abilities=Abilities(partial_capture=False, multiple_capture=False, void=False),
    keyed_verbs=frozenset({Verb.REFUND}),
    key_life=timedelta(hours=23),  # Razorpay documents no end; its keys are trusted no longer than others'
    repeatable_verbs=frozenset({Verb.AUTHORIZE, Verb.CAPTURE, Verb.VOID}),  # an order is let go by looking at it
    finds_by_reference=True,
    settle_time=timedelta(minutes=15),  # a payment silent for ten minutes is called failed
    server_can_confirm=False,
    hosted_holds=False,
    saves_without_payment=False,
    listing_reach=timedelta(days=6),  # a payment may be authorized, and so captured, up to five days after it was made
    default_authorization_life=timedelta(days=5),
)
_KEY_PREFIXES = {"test": "rzp_test_", "live": "rzp_live_"}
_LOOK_FIRST = frozenset({DeclineKind.INVALID_STATE, DeclineKind.INVALID_REQUEST})


class RazorpayGateway:
    """One Razorpay account. Thread-safe: each thread has a client of its own and nothing else changes.

    `timeout_seconds` bounds each wait for an answer; `base_address` leads to a stand-in. Raises InvalidInput for
    a key that is not of the account's mode.
    """

    name = "razorpay"
    capabilities = CAPABILITIES

    def __init__(
        self,
        *,
        key_id: str,
        key_secret: str,
        webhook_secrets: Sequence[str],
        mode: Literal["test", "live"],
        base_address: str | None = None,
        timeout_seconds: float = 20.0,
        wire: BaseAdapter | None = None,
    ) -> None:
        if not key_id.startswith(_KEY_PREFIXES[mode]):
            raise InvalidInput("key_id", f"a {mode} account needs a key id beginning with {_KEY_PREFIXES[mode]}")
        if not key_secret:
            raise InvalidInput("key_secret", "must not be empty")
        self._key_id = key_id
        self._key_secret = key_secret
        self._webhook_secrets = tuple(webhook_secrets)
        self._timeout = (CONNECT_TIMEOUT_SECONDS, timeout_seconds)
        address = (base_address or ADDRESS).rstrip("/")
        self._clients = Clients(key_id=key_id, key_secret=key_secret, address=address, wire=wire)
        self._book = Book(lambda path, query: self._ask_harmlessly("get", path, query))
        self._lookup = Lookup(lambda path, query: self._ask("get", path, query), key_id=key_id)

    def authorize(self, call: GatewayCall) -> Outcome:
        method = call.payment.method
        if method is not None and method.kind == "token":
            return self._charge(call)
        if _may_have_been_sent(call):
            seen = self._lookup.find(call)
            if not isinstance(seen, NotFound):
                return seen
        if method is not None and method.kind == "hosted":
            return self._open_page(call)
        return self._send(call, "/orders", parameters.order, lambda body: self._read_order(body, call))

    def proceed(self, call: GatewayCall) -> Outcome:
        """Razorpay goes on by itself after the customer's step; there is only something to see."""
        return self.retrieve(call)

    def capture(self, call: GatewayCall) -> Outcome:
        payment_id = call.payment.references.get("payment")
        if payment_id is None:
            return _nothing_to("capture")
        if _may_have_been_sent(call):
            seen = self._lookup.retrieve(call)
            if not isinstance(seen, Authorized):
                return seen
        path = f"/payments/{payment_id}/capture"
        return self._send(call, path, parameters.capture, lambda body: payment_outcome(body, call))

    def void(self, call: GatewayCall) -> Outcome:
        """A page is closed. An order cannot be: it is let go when no payment of it lives, and what a bank authorizes
        later is only held and lapses. What is held cannot be released."""
        references = call.payment.references
        if link_id := references.get("payment_link"):
            return self._close_page(call, link_id)
        if call.payment.amounts.authorized_minor or "order" not in references:
            return _impossible("void_unsupported", "Razorpay cannot void; what is not captured lapses by itself")
        return self._let_go(references["order"])

    def refund(self, call: GatewayCall) -> Outcome:
        payment_id = call.payment.references.get("payment")
        if payment_id is None:
            return _nothing_to("refund")
        path, key = f"/payments/{payment_id}/refund", {KEY_HEADER: call.key}
        outcome = self._send(call, path, parameters.refund, lambda body: refund_outcome(body, call), key)
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
        told = stored_methods.customer(customer_id=customer_id, email=email, name=name)
        reference: str = self._ask_harmlessly("post", "/customers", told)["id"]
        return reference

    def save_method(self, *, customer_reference: str, token: str, key: str, return_url: str | None) -> MethodSetup:
        del customer_reference, token, key, return_url
        raise InvalidInput(
            "payment_method", "Razorpay saves a method only with a payment the customer makes: use save_method there"
        )

    def stored_methods(self, *, customer_reference: str) -> Sequence[StoredMethod]:
        reference = stored_methods.check_reference("customer_reference", customer_reference, "cust_")
        found = self._ask_harmlessly("get", f"/customers/{reference}/tokens", {"count": 100})["items"]
        return [stored_methods.read_token(token, reference) for token in found if stored_methods.is_usable(token)]

    def forget_method(self, *, token: str) -> None:
        """Forgetting what is forgotten already is no error."""
        customer_reference, token_id = stored_methods.split(token)
        try:
            self._ask("delete", f"/customers/{customer_reference}/tokens/{token_id}", {})
        except Refused as refused:
            if not refused.fault.is_refusal:
                raise _harmless_error(refused.fault) from refused

    def movements(self, *, since: datetime, until: datetime, cursor: str | None) -> MovementPage:
        """What was made within the window, and what was paid out. Raises GatewayError when Razorpay does not answer."""
        return self._book.page(since=since, until=until, cursor=cursor)

    def movements_of(self, *, references: Mapping[str, str], dispute_references: Sequence[str]) -> Sequence[Movement]:
        return self._book.of_objects(references, dispute_references)

    def parse_webhook(
        self, *, headers: Mapping[str, str], raw: bytes, url: str, now: datetime
    ) -> Sequence[GatewayEvent]:
        del url, now  # Razorpay signs neither
        return webhooks.parse(headers=headers, raw=raw, secrets=self._webhook_secrets)

    def parse_callback(self, *, fields: Mapping[str, str], now: datetime) -> GatewayEvent | None:
        return callbacks.verify_callback(fields, key_secret=self._key_secret, now=now)

    def _open_page(self, call: GatewayCall) -> Outcome:
        path = "/payment_links"
        outcome = self._send(call, path, parameters.payment_link, lambda body: link_outcome(body, call))
        if not isinstance(outcome, Declined) or outcome.decline.kind is not DeclineKind.INVALID_STATE:
            return outcome
        seen = self._lookup.find(call)  # the reference is taken: by a send of ours that we lost sight of
        return outcome if isinstance(seen, NotFound) else seen

    def _close_page(self, call: GatewayCall, link_id: str) -> Outcome:
        """Only an open link can be cancelled. One that was paid meanwhile tells what it became."""
        path = f"/payment_links/{link_id}/cancel"
        outcome = self._send(call, path, lambda _: {}, lambda body: link_outcome(body, call))
        if not isinstance(outcome, Declined) or outcome.decline.kind not in _LOOK_FIRST:
            return outcome
        seen = self._lookup.retrieve(call)
        return outcome if seen.kind in ("action_required", "not_found") else seen

    def _let_go(self, order_id: str) -> Outcome:
        try:
            live = self._lookup.live_payment(order_id)
        except Refused as refused:
            told_by_refusal(refused.fault)  # raises when surely not executed
            return Unknown(reason="no_answer", evidence=refused.fault.evidence)
        if live is not None:
            return _impossible("payment_under_way", f"the customer has begun to pay: {live}")
        return Voided(references=known(order=order_id))

    def _charge(self, call: GatewayCall) -> Outcome:
        """A token without its customer: an order, and the charge on it. Only the charge moves money, and it is sent
        only on an order that no charge was tried on, by a call that was not sent before."""
        if _may_have_been_sent(call):
            return self._lookup.find(call)
        try:
            order = self._lookup.order_of(call)
            if order is not None and payments_of(order):
                return self._read_order(order, call)
            token, customer = self._token_of(call)
            order_id = (order or self._ask("post", "/orders", parameters.order(call), subject=call.key))["id"]
            told = parameters.recurring(call, order_id, customer) | {"token": token}
        except InvalidInput as invalid:
            return Declined(decline=refusal(DeclineKind.INVALID_REQUEST, code=invalid.field, detail=str(invalid)))
        except Refused as refused:
            return _never_charged(refused.fault)
        except (KeyError, TypeError) as error:
            raise NotSent(f"the charge: {type(error).__name__}: {error}") from error
        return self._charged(call, order_id, told)

    def _read_order(self, order: Json, call: GatewayCall) -> Outcome:
        return readable(lambda: order_outcome(order, call, self._key_id), order)

    def _token_of(self, call: GatewayCall) -> tuple[str, Json]:
        """The token's id and its customer as Razorpay knows them. Raises InvalidInput and Refused."""
        method = call.payment.method
        if method is None or not method.token or not method.customer_reference:
            raise InvalidInput("payment_method", "a token of Razorpay's needs its customer")
        token = method.token.rpartition("/")[2]
        stored_methods.check_reference("payment_method", token, "token_")
        customer = stored_methods.check_reference("customer", method.customer_reference, "cust_")
        return token, self._ask("get", f"/customers/{customer}", {})

    def _charged(self, call: GatewayCall, order_id: str, told: Json) -> Outcome:
        """Razorpay answers with ids only, so the payment is looked at; when that fails, its order is still known."""
        try:
            self._ask("post", "/payments/create/recurring", told, subject=call.key)
        except Refused as refused:
            outcome = told_by_refusal(refused.fault)
            return _known_by(outcome, order_id) if isinstance(outcome, Unknown) else outcome
        try:
            seen = self._lookup.order(order_id, call)
        except Refused as refused:
            return Unknown(reason="no_answer", evidence=refused.fault.evidence, references=known(order=order_id))
        return _known_by(seen, order_id) if isinstance(seen, Unknown) else seen

    def _send(
        self,
        call: GatewayCall,
        path: str,
        build: Callable[[GatewayCall], Json],
        read: Callable[[Json], Outcome],
        headers: Mapping[str, str] | None = None,
    ) -> Outcome:
        """One POST and what it means. Raises GatewayError when it surely did not execute."""
        try:
            body = self._ask("post", path, build(call), headers, subject=call.key)
        except InvalidInput as invalid:
            return Declined(decline=refusal(DeclineKind.INVALID_REQUEST, code=invalid.field, detail=str(invalid)))
        except Refused as refused:
            return told_by_refusal(refused.fault, repeated=_may_have_been_sent(call))
        return readable(lambda: read(body), body)

    def _ask_harmlessly(self, method: Method, path: str, told: Json) -> Json:
        """For calls that move no money. Raises InvalidInput when refused, GatewayError when it may be tried again."""
        try:
            return self._ask(method, path, told)
        except Refused as refused:
            raise _harmless_error(refused.fault) from refused

    def _ask(
        self, method: Method, path: str, told: Json, headers: Mapping[str, str] | None = None, *, subject: str = ""
    ) -> Json:
        """The wire: one attempt, bounded. Raises Refused for everything but a JSON object with a 2xx status."""
        send = getattr(self._clients.current(), method)
        name = path.rpartition("/")[2]
        try:
            before_in_thread("gateway_request", subject, name, detail=method)
            answer = send(f"/v1{path}", dict(told), timeout=self._timeout, headers=dict(headers or {}))
            after_in_thread("gateway_request", subject, name, detail=method)
        except Exception as error:  # whatever it is, the request may have executed
            fault = read_fault(error)
            heard(fault.status, refuses_credentials=fault.refuses_credentials)
            raise Refused(fault) from error
        heard(200)
        if not isinstance(answer, dict):
            raise Refused(Fault(status=200, description=f"not an object: {answer!r:.100}"))
        return answer


def _may_have_been_sent(call: GatewayCall) -> bool:
    return call.repeated or call.operation.state is not OperationState.SENT


def _known_by(outcome: Unknown, order_id: str) -> Unknown:
    return Unknown(reason=outcome.reason, evidence=outcome.evidence, references=known(order=order_id))


def _never_charged(fault: Fault) -> Outcome:
    """Reading back or making the order failed, so no byte of the charge itself left. Raises GatewayError unless
    Razorpay refused for good."""
    told = told_by_refusal(fault)
    if isinstance(told, Declined):
        return told
    raise NotSent(f"the charge: {fault.evidence}")


def _harmless_error(fault: Fault) -> GatewayError | InvalidInput:
    """Nothing here moves money and customers are found again by their address, so trying again is safe."""
    if fault.is_refusal:
        return InvalidInput(fault.parameter or "request", f"Razorpay refused it: {fault.evidence}")
    told: Outcome = told_by_refusal(fault)  # raises the narrower errors
    return GatewayError(f"{told.kind}: {fault.evidence}")


def _nothing_to(verb: str) -> Declined:
    return _impossible("no_payment", f"there is no payment to {verb}")


def _impossible(code: str, detail: str) -> Declined:
    return Declined(decline=refusal(DeclineKind.INVALID_STATE, code=code, detail=detail))
