"""The Razorpay wire: one synchronous function from request to response over a book, a clock and an entropy.

Order of a write: who calls, the URL, the idempotency key (refunds only), the parameters, then execution. The money
effect, the events and the kept answer commit in one transaction, or none of them does.
"""

import hashlib
import hmac
import json
import re
from dataclasses import dataclass

from simulator.book import Book
from simulator.clock import Clock
from simulator.effects import Effects
from simulator.entropy import Entropy
from simulator.idempotency import FirstAnswer, IdempotencyKeys
from simulator.jobs import Jobs
from simulator.outside import Outside
from simulator.razorpay import body, caller, disputes, errors, fields, ledger, pages, paying, routes
from simulator.razorpay.errors import RazorpayError
from simulator.razorpay.names import named_by, names_in
from simulator.razorpay.parameters import PARAMETERS
from simulator.razorpay.transitions import TRANSITIONS
from simulator.razorpay.turn import WIRE, Parts, Turn
from simulator.records import Json, Record, Records, compact
from simulator.settings import Settings
from simulator.turn import run_due
from simulator.webhooks import Webhooks
from simulator.wire import CALM, Disturbance, RefusalKind, SignatureDisguise, WireRequest, WireResponse

_KEY = re.compile(r"[A-Za-z0-9_-]+")
_SHORTEST_KEY = 10


@dataclass(frozen=True, slots=True)
class _Call:
    """A request understood: the operation, its ids and its parameters as given."""

    request: WireRequest
    operation: str
    ids: list[str]
    given: Json
    disturbance: Disturbance


class RazorpayWire(Outside[Turn]):
    """Razorpay's API, Checkout, bank pages and payment links. `public_url` is where a browser reaches this wire."""

    name = WIRE
    dispute_rules = disputes
    disputed = "payment"

    def __init__(
        self,
        book: Book,
        clock: Clock,
        *,
        entropy: Entropy | None = None,
        settings: Settings | None = None,
        webhooks: Webhooks | None = None,
        public_url: str = "http://127.0.0.1:12112",
    ) -> None:
        settings = settings or Settings(book)
        self.parts = Parts(
            book, clock, entropy or Entropy(), settings, webhooks or Webhooks(book, settings),
            Records(book, WIRE), Effects(book), Jobs(book, WIRE), public_url,
        )  # fmt: skip
        # How long Razorpay keeps a key is not documented: for ever, here.
        self._keys = IdempotencyKeys(book, WIRE, lifetime_seconds=float("inf"))

    # Requests

    def handle(self, request: WireRequest, disturbance: Disturbance = CALM) -> WireResponse:
        if not request.path.startswith("/v1/") or request.path.startswith("/v1/checkout"):
            return self._page(request)
        try:
            account = self._account(request)
            operation, ids = routes.find(request.method, request.path)
            call = _Call(request, operation, ids, body.given(request), disturbance)
            turn = Turn(self.parts, account, self.parts.clock.now(), idempotency_key=_key(request, operation))
            return self._read(turn, call) if request.method == "GET" else self._write(turn, call)
        except RazorpayError as error:
            return _refused(error)

    def refuse(self, request: WireRequest, kind: RefusalKind, *, retry_after_seconds: float) -> WireResponse:
        del request  # Razorpay's refusals repeat nothing of what was asked
        headers = (("Retry-After", str(round(retry_after_seconds))),)
        refusals: dict[RefusalKind, RazorpayError] = {
            "rate_limit": errors.too_many_requests(headers),
            "in_flight_409": errors.key_in_use(),
            "before_commit_500": errors.internal(),
            "unavailable_503": errors.unavailable(headers),
        }
        return _refused(refusals[kind])

    def references(self, request: WireRequest) -> set[str]:
        found = names_in(request)
        for name in tuple(found):
            found |= named_by(self.parts.records, name)
        return found

    def lock(self, request: WireRequest) -> bool:
        held = self._held_key(request)
        return held is None or self._keys.lock(*held)

    def unlock(self, request: WireRequest) -> None:
        held = self._held_key(request)
        if held is not None:
            self._keys.unlock(*held)

    # Time

    def run_due(self) -> int:
        return run_due(self.parts, Turn, TRANSITIONS)

    # What only a test or a customer's bank does

    def begin(self, account: str) -> Turn:
        return Turn(self.parts, account, self.parts.clock.now())

    def missing(self, kind: str, record_id: str) -> RazorpayError:
        del kind, record_id  # Razorpay repeats neither
        return errors.missing()

    def authenticate(self, payment_id: str, *, approve: bool) -> Json:
        def step(turn: Turn, payment: Record) -> Json:
            paying.decide(turn, payment, approved=approve)
            return payment.body

        return self.as_owner(payment_id, ("payment",), step)

    def expire(self, payment_id: str) -> Json:
        """Let an authorized payment lapse now."""

        def step(turn: Turn, payment: Record) -> Json:
            if payment.body["status"] != "authorized":
                raise errors.invalid(f"{payment.id} is {payment.body['status']}; only an authorized payment can lapse")
            paying.lapse(turn, payment)
            return payment.body

        return self.as_owner(payment_id, ("payment",), step)

    def amend_statement(self, source_id: str, *, hidden: bool, amount: int | None, currency: str | None) -> Json:
        """Falsify the payout report of a payment, refund or dispute; a hidden one is in no list any more either."""

        def step(turn: Turn, source: Record) -> Json:
            lines = ledger.amend(turn, source.id, hidden=hidden, amount=amount, currency=currency)
            if hidden:
                paying.unmake(turn, source)
            return {"source": source.id, "lines": lines}

        return self.as_owner(source_id, ("payment", "refund", "dispute"), step)

    def resend(self, event_id: str) -> int:
        event = self.parts.records.find(event_id)
        if event is None or event.kind != "event":
            raise errors.missing()
        return self.parts.webhooks.resend(
            WIRE, event.account, event=event.id, event_type=event.body["event"],
            body=compact(event.body).encode(), now=self.parts.clock.now(),
        )  # fmt: skip

    def sign(
        self, body: bytes, *, secret: str, timestamp: int, event: str = "", disguise: SignatureDisguise | None = None
    ) -> dict[str, str]:
        """Over the raw body only: Razorpay signs no time, so `old_timestamp` can disguise nothing."""
        del timestamp
        key = f"{secret}-wrong" if disguise == "wrong_signature" else secret
        signature = hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
        return {
            "content-type": "application/json", "x-razorpay-signature": signature, "x-razorpay-event-id": event,
        }  # fmt: skip

    # The steps of a request

    def _account(self, request: WireRequest) -> str:
        return caller.account_of(self.parts.book, self.parts.records, request, now=self.parts.clock.now())

    def _read(self, turn: Turn, call: _Call) -> WireResponse:
        if call.disturbance.fail:
            raise errors.internal()
        if call.disturbance.lookup_lag_seconds:
            turn.visible_until = turn.now - call.disturbance.lookup_lag_seconds
        told = routes.HANDLERS[call.operation](turn, fields.read(PARAMETERS[call.operation], call.given), *call.ids)
        assert isinstance(told, dict)
        return _response(200, compact(told).encode())

    def _write(self, turn: Turn, call: _Call) -> WireResponse:
        key = turn.idempotency_key
        fingerprint = _fingerprint(call)
        if key is not None and (replay := self._replay(turn, key, fingerprint, call.disturbance)) is not None:
            return replay
        parameters = fields.read(PARAMETERS[call.operation], call.given)
        answer = self._execute(turn, call, parameters, fingerprint)
        if call.disturbance.fail is not None:
            raise errors.internal()
        return answer

    def _execute(self, turn: Turn, call: _Call, parameters: Json, fingerprint: bytes) -> WireResponse:
        """The handler, its writes and the kept answer: one transaction."""
        try:
            with self.parts.book.transaction():
                answer = _refused(errors.internal())
                if call.disturbance.fail != "before_commit":
                    told = routes.HANDLERS[call.operation](turn, parameters, *call.ids)
                    turn.flush()
                    answer = (
                        _refused(told) if isinstance(told, RazorpayError) else _response(200, compact(told).encode())
                    )
                self._keep(turn, call, fingerprint, answer)
        except BaseException:
            # What was rolled back in the book must not live on in memory.
            self.parts.webhooks.reload()
            raise
        return answer

    def _keep(self, turn: Turn, call: _Call, fingerprint: bytes, answer: WireResponse) -> None:
        """A key remembers what was executed; a failure only where a fault says so, a refusal never."""
        failing = call.disturbance.fail
        if turn.idempotency_key is None or (failing == "before_commit" and not call.disturbance.keep_failure):
            return
        if failing is not None and call.disturbance.keep_failure:
            answer = _refused(errors.internal())
        first = FirstAnswer(fingerprint, "", answer.status, answer.body)
        self._keys.keep(turn.account, turn.idempotency_key, first, now=turn.now)

    def _replay(self, turn: Turn, key: str, fingerprint: bytes, disturbance: Disturbance) -> WireResponse | None:
        if self._keys.is_locked(turn.account, key) and not disturbance.holds_lock:
            raise errors.key_in_use()
        first = self._keys.first_answer(turn.account, key, now=turn.now)
        if first is None:
            return None
        if not hmac.compare_digest(first.fingerprint, fingerprint):
            raise errors.key_reused()
        return _response(first.status, first.body)

    def _page(self, request: WireRequest) -> WireResponse:
        with self.parts.book.transaction():
            return pages.serve(self.parts, request)

    def _held_key(self, request: WireRequest) -> tuple[str, str] | None:
        """The account and key a request holds while it runs; a request that will be refused anyway holds none."""
        try:
            key = _key(request, routes.find(request.method, request.path)[0])
            return None if key is None else (self._account(request), key)
        except RazorpayError:
            return None


def _key(request: WireRequest, operation: str) -> str | None:
    key = request.headers.get("x-refund-idempotency")
    if key is None or operation != routes.REFUND:
        return None
    if not _KEY.fullmatch(key):
        raise errors.RazorpayError(
            400, "The idempotency key must only contain alphanumeric characters, underscores, and hyphens"
        )
    if len(key) < _SHORTEST_KEY:
        raise errors.RazorpayError(400, f"The idempotency key must be at least {_SHORTEST_KEY} characters long.")
    return key


def _fingerprint(call: _Call) -> bytes:
    told = json.dumps([call.request.method, call.request.path.rstrip("/"), call.given], sort_keys=True)
    return hashlib.sha256(told.encode()).digest()


def _refused(error: RazorpayError) -> WireResponse:
    return _response(error.status, compact(error.envelope()).encode(), error.headers)


def _response(status: int, body: bytes, headers: tuple[tuple[str, str], ...] = ()) -> WireResponse:
    return WireResponse(status, (("Content-Type", "application/json"), *headers), body)
