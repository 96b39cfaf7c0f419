"""The Stripe wire: one synchronous function from request to response over a book, a clock and an entropy.

Order of a write, as at Stripe: key and version of the caller, the URL, the idempotency key, the parameters, then
execution. The money effect, the events and the kept answer commit in one transaction, or none of them does.
"""

import hashlib
import hmac
import re
from typing import Any

import orjson

from simulator.book import Book
from simulator.clock import Clock
from simulator.effects import Effects
from simulator.entropy import Entropy
from simulator.idempotency import FirstAnswer, IdempotencyKeys
from simulator.jobs import Jobs
from simulator.outside import Outside
from simulator.records import Json, Record, Records, compact
from simulator.settings import Settings
from simulator.stripe import authentication, caller, charging, disputes, errors, expansion, pages, routes, transitions
from simulator.stripe.balance import amend
from simulator.stripe.errors import StripeError
from simulator.stripe.form import Tree, decode
from simulator.stripe.parameters import ParameterTable
from simulator.stripe.specification import VERSION
from simulator.stripe.turn import WIRE, Parts, Reply, Turn
from simulator.turn import run_due
from simulator.webhooks import Webhooks
from simulator.wire import CALM, Disturbance, RefusalKind, SignatureDisguise, WireRequest, WireResponse

KEY_LIFETIME_SECONDS = 24 * 3_600.0  # https://docs.stripe.com/api/idempotent_requests


class StripeWire(Outside[Turn]):
    """Stripe's API, 3-D Secure page and hosted checkout. `public_url` is where a browser reaches this wire.

    With `keeps_unheard_events=False` an event that no endpoint wants is not made at all, so `GET /v1/events` shows only
    the others: a fifth faster, for tests that count in payments per second.
    """

    name = WIRE
    dispute_rules = disputes
    disputed = "charge"

    def __init__(
        self,
        book: Book,
        clock: Clock,
        *,
        entropy: Entropy | None = None,
        settings: Settings | None = None,
        webhooks: Webhooks | None = None,
        public_url: str = "http://127.0.0.1:12111",
        parameter_table: ParameterTable | None = None,
        keeps_unheard_events: bool = True,
    ) -> None:
        settings = settings or Settings(book)
        self.parts = Parts(
            book, clock, entropy or Entropy(), settings, webhooks or Webhooks(book, settings),
            Records(book, WIRE), Effects(book), Jobs(book, WIRE), public_url, keeps_unheard_events,
        )  # fmt: skip
        self._keys = IdempotencyKeys(book, WIRE, lifetime_seconds=KEY_LIFETIME_SECONDS)
        self._table = parameter_table or ParameterTable()

    # Requests

    def handle(self, request: WireRequest, disturbance: Disturbance = CALM) -> WireResponse:
        if not request.path.startswith("/v1/"):
            return self._page(request)
        request_id = f"req_{self.parts.entropy.letters(14)}"
        try:
            account_id = caller.account_of(request)
            operation, ids = routes.find(request.method, request.path)
            caller.check_version(request)
            given = decode(request.query) | decode(request.body.decode("utf-8", errors="strict"))
            turn = Turn(self.parts, account_id, self.parts.clock.now(), request_id, caller.key_of(request))
            if request.method == "GET":
                return self._read(request, turn, operation, ids, given, disturbance)
            return self._write(request, turn, operation, ids, given, disturbance)
        except UnicodeDecodeError:
            return self._error(request, request_id, errors.invalid("Invalid request: the body is not UTF-8."))
        except StripeError as error:
            return self._error(request, request_id, error)

    def refuse(self, request: WireRequest, kind: RefusalKind, *, retry_after_seconds: float) -> WireResponse:
        request_id = f"req_{self.parts.entropy.letters(14)}"
        retry_after = (("Retry-After", str(round(retry_after_seconds))),)
        refusals: dict[RefusalKind, StripeError] = {
            "rate_limit": StripeError(
                429, headers=retry_after, type="invalid_request_error", code="rate_limit",
                message="Request rate limit exceeded. Please retry your requests with exponential backoff.",
            ),
            "in_flight_409": errors.key_in_use(request.headers.get("idempotency-key", "")),
            "before_commit_500": errors.internal(),
            "unavailable_503": StripeError(
                503, headers=retry_after, type="api_error", message="Stripe is temporarily unavailable."
            ),
        }  # fmt: skip
        return self._error(request, request_id, refusals[kind])

    def references(self, request: WireRequest) -> set[str]:
        try:
            given = decode(request.query) | decode(request.body.decode("utf-8", errors="replace"))
        except StripeError:
            return set()
        ids = [part for part in request.path.split("/") if "_" in part and part not in _NOUNS]
        ids += [
            value
            for name in ("payment_intent", "charge", "payment_method")
            if isinstance(value := given.get(name), str)
        ]
        found = set(ids) | _metadata_values(given.get("metadata"))
        for record_id in ids:
            found |= self._known_by(record_id)
        return found | set(re.findall(r"['\"]([^'\"]+)['\"]", str(given.get("query", ""))))

    def lock(self, request: WireRequest) -> bool:
        held = self._held_key(request)
        return held is None or self._keys.lock(*held)

    def unlock(self, request: WireRequest) -> None:
        held = self._held_key(request)
        if held is not None:
            self._keys.unlock(*held)

    # Time

    def run_due(self) -> int:
        return run_due(self.parts, Turn, transitions.TRANSITIONS)

    # What only a test or a customer's browser does

    def begin(self, account: str) -> Turn:
        return Turn(self.parts, account, self.parts.clock.now())

    def missing(self, kind: str, record_id: str) -> StripeError:
        return errors.missing(kind, record_id)

    def authenticate(self, intent_id: str, *, approve: bool) -> Json:
        def step(turn: Turn, intent: Record) -> Json:
            authentication.decide(turn, intent, approve=approve)
            return authentication.summary(intent)

        return self.as_owner(intent_id, ("payment_intent", "setup_intent"), step)

    def expire(self, intent_id: str) -> Json:
        """Let a hold run out now."""

        def step(turn: Turn, intent: Record) -> Json:
            if intent.body["status"] != "requires_capture":
                raise errors.refused(
                    f"{intent.id} has a status of {intent.body['status']}; only requires_capture can expire."
                )
            charging.expire_authorization(turn, intent, turn.own("charge", intent.body["latest_charge"]))
            return intent.body

        return self.as_owner(intent_id, ("payment_intent",), step)

    def amend_statement(self, source_id: str, *, hidden: bool, amount: int | None, currency: str | None) -> Json:
        """Falsify the balance transactions of a charge, refund or dispute."""

        def step(turn: Turn, source: Record) -> Json:
            lines = amend(turn, source.id, hidden=hidden, amount=amount, currency=currency)
            return {"source": source.id, "lines": lines}

        return self.as_owner(source_id, ("charge", "refund", "dispute"), step)

    def resend(self, event_id: str) -> int:
        """Tell everyone who wants it of an event once more; returns to how many endpoints."""
        event = self.parts.records.find(event_id)
        if event is None or event.kind != "event":
            raise errors.missing("event", event_id)
        return self.parts.webhooks.resend(
            WIRE, event.account, event=event.id, event_type=event.body["type"],
            body=compact(event.body).encode(), now=self.parts.clock.now(),
        )  # fmt: skip

    def sign(
        self, body: bytes, *, secret: str, timestamp: int, event: str = "", disguise: SignatureDisguise | None = None
    ) -> dict[str, str]:
        del event  # Stripe tells the event's id in the body only
        if disguise == "old_timestamp":
            timestamp -= 3_600
        key = f"{secret}-wrong" if disguise == "wrong_signature" else secret
        signature = hmac.new(key.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
        return {"content-type": "application/json; charset=utf-8", "stripe-signature": f"t={timestamp},v1={signature}"}

    # The steps of a request

    def _read(
        self, request: WireRequest, turn: Turn, operation: str, ids: list[str], given: Tree, disturbance: Disturbance
    ) -> WireResponse:
        if disturbance.fail:
            raise errors.internal()
        if disturbance.lookup_lag_seconds:
            turn.visible_until = turn.now - disturbance.lookup_lag_seconds
        parameters = self._table.check(operation, given)
        body = routes.HANDLERS[operation](turn, parameters, *ids)
        assert isinstance(body, dict)
        return _response(request, turn.request_id, 200, _encoded(turn, body, parameters))

    def _write(
        self, request: WireRequest, turn: Turn, operation: str, ids: list[str], given: Tree, disturbance: Disturbance
    ) -> WireResponse:
        key = turn.idempotency_key if request.method == "POST" else None
        fingerprint = _fingerprint(request, given)
        if key is not None and (replay := self._replay(request, turn, key, fingerprint, disturbance)) is not None:
            return replay
        parameters = self._table.check(operation, given)
        try:
            status, body = self._execute(turn, operation, ids, parameters, disturbance, key, fingerprint)
        except StripeError as error:
            self._keep_refusal(turn, error, key, fingerprint)
            raise
        if disturbance.fail is not None:
            raise errors.internal()
        return _response(request, turn.request_id, status, body)

    def _execute(
        self, turn: Turn, operation: str, ids: list[str], parameters: Json, disturbance: Disturbance,
        key: str | None, fingerprint: bytes,
    ) -> tuple[int, bytes]:  # fmt: skip
        """The handler, its writes and the kept answer: one transaction."""
        try:
            with self.parts.book.transaction():
                status, body = 500, b""
                if disturbance.fail != "before_commit":
                    result = routes.HANDLERS[operation](turn, parameters, *ids)
                    status, told = (result.status, result.body) if isinstance(result, Reply) else (200, result)
                    turn.flush()
                    body = _encoded(turn, told, parameters if status == 200 else {})
                if key is not None and (kept := self._to_keep(turn, status, body, disturbance)) is not None:
                    self._keys.keep(
                        turn.account, key, FirstAnswer(fingerprint, turn.request_id or "", *kept), now=turn.now
                    )
        except BaseException:
            # What was rolled back in the book must not live on in memory.
            self.parts.webhooks.reload()
            raise
        return status, body

    def _keep_refusal(self, turn: Turn, error: StripeError, key: str | None, fingerprint: bytes) -> None:
        """A refusal by a request that had begun is kept for its key; its writes are already undone."""
        if key is None or not error.kept:
            return
        body = compact(error.envelope(turn.request_id or "")).encode()
        with self.parts.book.transaction():
            answer = FirstAnswer(fingerprint, turn.request_id or "", error.status, body)
            self._keys.keep(turn.account, key, answer, now=turn.now)

    def _to_keep(self, turn: Turn, status: int, body: bytes, disturbance: Disturbance) -> tuple[int, bytes] | None:
        if disturbance.fail is not None:
            failure = compact(errors.internal().envelope(turn.request_id or "")).encode()
            if disturbance.keep_failure:
                return 500, failure
            return (status, body) if disturbance.fail == "after_commit" else None
        return status, body

    def _replay(
        self, request: WireRequest, turn: Turn, key: str, fingerprint: bytes, disturbance: Disturbance
    ) -> WireResponse | None:
        if self._keys.is_locked(turn.account, key) and not disturbance.holds_lock:
            raise errors.key_in_use(key)
        first = self._keys.first_answer(turn.account, key, now=turn.now)
        if first is None:
            return None
        if not hmac.compare_digest(first.fingerprint, fingerprint):
            raise errors.key_reused(key)
        replayed = (("Idempotent-Replayed", "true"), ("Original-Request", first.request_id))
        return _response(request, turn.request_id, first.status, first.body, replayed)

    def _page(self, request: WireRequest) -> WireResponse:
        with self.parts.book.transaction():
            return pages.serve(self.parts, request)

    def _error(self, request: WireRequest, request_id: str, error: StripeError) -> WireResponse:
        body = compact(error.envelope(request_id)).encode()
        return _response(request, request_id, error.status, body, error.headers)

    def _held_key(self, request: WireRequest) -> tuple[str, str] | None:
        """The account and key a request holds while it runs; a request that will be refused anyway holds none."""
        try:
            key = caller.key_of(request)
            return None if key is None else (caller.account_of(request), key)
        except StripeError:
            return None

    def _known_by(self, record_id: str) -> set[str]:
        record = self.parts.records.find(record_id)
        if record is None:
            return set()
        found = set((record.body.get("metadata") or {}).values())
        intent = record.body.get("payment_intent")
        return found | {intent} | self._known_by(intent) if isinstance(intent, str) else found


_NOUNS = frozenset(name.split("/")[2] for name in routes.HANDLERS)


def _encoded(turn: Turn, body: Json, parameters: Json) -> bytes:
    if parameters.get("expand"):
        body = expansion.expand(turn, body, parameters["expand"])
    return orjson.dumps(body)


def _fingerprint(request: WireRequest, given: Tree) -> bytes:
    """Two requests are the same when method, path and parameters are, in whatever order they were written."""
    told = orjson.dumps([request.method, request.path, given], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(told).digest()


def _metadata_values(given: Any) -> set[str]:
    return {value for value in given.values() if isinstance(value, str)} if isinstance(given, dict) else set()


def _response(
    request: WireRequest, request_id: str | None, status: int, body: bytes, more: tuple[tuple[str, str], ...] = ()
) -> WireResponse:
    headers = [("Content-Type", "application/json"), ("Request-Id", request_id or "")]
    headers.append(("Stripe-Version", request.headers.get("stripe-version", VERSION)))
    if request.method == "POST" and (key := request.headers.get("idempotency-key")):
        headers.append(("Idempotency-Key", key))
        if not any(name == "Original-Request" for name, _value in more):
            headers.append(("Original-Request", request_id or ""))
    return WireResponse(status, (*headers, *more), body)
