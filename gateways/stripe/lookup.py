"""What became of an operation: by Stripe's id when we have it, else by our reference. Reads only.

Consistency decides the order. Lists are read-after-write ("not subject to the availability delay",
docs.stripe.com/search), so they are the proof: our reference is in the metadata, the window starts at the operation's
own start. Search answers from an index that lags, usually below a minute and up to an hour in outages: it may find, but
its silence proves nothing, and what it finds is fetched again by id. A refund is found among its intent's refunds.
"""

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from domain.gateway import GatewayCall
from domain.identifiers import operation_reference
from domain.operation import Verb
from domain.outcomes import NotFound, Outcome, Unknown
from gateways.stripe.faults import Refused, told_by_lookup
from gateways.stripe.mapping import our_reference, read_dispute
from gateways.stripe.replies import intent_outcome, readable, refund_outcome, session_outcome

Json = dict[str, Any]
Read = Callable[[str, Json], Json]
"""GET a path with parameters; raises Refused."""

PAGE_SIZE = 100
MOST_PAGES = 100
MOST_SECONDS = 15.0
"""For the pages of one list together: a look has its own end to keep (`workflows/options.py`)."""

CLOCK_SLACK = timedelta(minutes=5)
WINDOW = timedelta(hours=24)
"""A call may be sent again, and execute first, as long as its key lives; no object of ours is younger than that. Once
its key has its final answer the window ends there, so that a list of it is short where thousands pay every hour."""

MONEY_FIRST = ("succeeded", "requires_capture", "processing", "requires_action")


class Lookup:
    """Questions about one call. Failures to ask are outcomes too: only 404 and a complete list say "nothing"."""

    def __init__(self, read: Read, clock: Callable[[], float] = time.monotonic) -> None:
        self._read = read
        self._clock = clock

    def retrieve(self, call: GatewayCall) -> Outcome:
        """The refund for a refund, else the payment: its session while it is hosted, else its intent."""
        return _told(lambda: self._by_id(call) or self._by_reference(call))

    def find(self, call: GatewayCall) -> Outcome:
        return _told(lambda: self._by_reference(call))

    def disputes(self, call: GatewayCall) -> list[Outcome]:
        intent_id = call.payment.references.get("payment_intent")
        if intent_id is None:
            return []
        try:
            found = list(self._pages("/v1/disputes", {"payment_intent": intent_id}))
        except Refused as refused:
            outcome = told_by_lookup(refused.fault)
            return [] if isinstance(outcome, NotFound) else [outcome]
        return [_reading_dispute(dispute) for dispute in found]

    def session(self, session_id: str, call: GatewayCall) -> Outcome:
        body = self._read(f"/v1/checkout/sessions/{session_id}", {"expand": ["payment_intent.latest_charge"]})
        return readable(lambda: session_outcome(body, call), body)

    def intent(self, intent_id: str, call: GatewayCall) -> Outcome:
        body = self._read(f"/v1/payment_intents/{intent_id}", {"expand": ["latest_charge"]})
        return readable(lambda: intent_outcome(body, call), body)

    def refund_by_reference(self, call: GatewayCall) -> Outcome:
        intent_id = call.payment.references.get("payment_intent")
        if intent_id is None:
            return NotFound()
        ours = (call.payment.id, call.operation.number)
        for refund in self._pages("/v1/refunds", {"payment_intent": intent_id}):
            if our_reference(refund) == ours:
                return _reading_refund(refund, call)
        return NotFound()

    def _by_id(self, call: GatewayCall) -> Outcome | None:
        references, operation = call.payment.references, call.operation
        if operation.verb is Verb.REFUND:
            if operation.reference is None:
                return None
            return _reading_refund(self._read(f"/v1/refunds/{operation.reference}", {}), call)
        # While a hosted page is open a declined try is not the end, and only the session knows that.
        if session_id := references.get("checkout_session"):
            return self.session(session_id, call)
        intent_id = references.get("payment_intent")
        return self.intent(intent_id, call) if intent_id else None

    def _by_reference(self, call: GatewayCall) -> Outcome:
        if call.operation.verb is Verb.REFUND:
            return self.refund_by_reference(call)
        method = call.payment.method
        if method is not None and method.kind == "hosted":
            return self._session_by_reference(call)
        return self._intent_by_reference(call)

    def _session_by_reference(self, call: GatewayCall) -> Outcome:
        found = [s["id"] for s in self._created("/v1/checkout/sessions", call) if _is_ours(s, call)]
        if len(found) > 1:
            return Unknown(reason="contradiction", evidence=f"several sessions carry our reference: {found}"[:500])
        return self.session(found[0], call) if found else NotFound()

    def _intent_by_reference(self, call: GatewayCall) -> Outcome:
        try:
            found = [i for i in self._created("/v1/payment_intents", call) if _is_ours(i, call)]
        except _WindowTooLong:
            found = self._searched(call)
            if not found:
                raise
        live = [i for i in found if i["status"] in MONEY_FIRST] or found
        if len(live) > 1:
            evidence = f"several payment intents carry our reference: {[i['id'] for i in live]}"
            return Unknown(reason="contradiction", evidence=evidence[:500])
        return self.intent(live[0]["id"], call) if live else NotFound()

    def _searched(self, call: GatewayCall) -> list[Json]:
        query = f"metadata['reference']:'{_first_reference(call)}'"
        found: list[Json] = self._read("/v1/payment_intents/search", {"query": query, "limit": PAGE_SIZE})["data"]
        return [intent for intent in found if _is_ours(intent, call)]

    def _created(self, path: str, call: GatewayCall) -> Iterator[Json]:
        start, until = _first_operation_started(call), _made_until(call)
        parameters: Json = {"created": {"gte": int((start - CLOCK_SLACK).timestamp()), "lte": int(until.timestamp())}}
        if call.payment.method and call.payment.method.customer_reference:
            parameters["customer"] = call.payment.method.customer_reference
        return self._pages(path, parameters)

    def _pages(self, path: str, parameters: Json) -> Iterator[Json]:
        """Every object of a list, newest first. Raises _WindowTooLong after MOST_PAGES pages, or MOST_SECONDS, with
        more to come."""
        cursor: Json = {}
        enough_at = self._clock() + MOST_SECONDS
        for number in range(1, MOST_PAGES + 1):
            page = self._read(path, {**parameters, "limit": PAGE_SIZE, **cursor})
            yield from page["data"]
            if not page["has_more"]:
                return
            if number == MOST_PAGES or self._clock() > enough_at:
                raise _WindowTooLong(number * PAGE_SIZE)
            cursor = {"starting_after": page["data"][-1]["id"]}


class _WindowTooLong(Exception):
    """More objects than we are willing to read (the argument is how many were): finding nothing among some of them
    proves nothing."""


def _told(ask: Callable[[], Outcome]) -> Outcome:
    try:
        return ask()
    except Refused as refused:
        return told_by_lookup(refused.fault)
    except _WindowTooLong as cut:
        evidence = f"not among the newest {cut.args[0]} objects made while the call could be made"
        return Unknown(reason="lookup_incomplete", evidence=evidence)
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        return Unknown(reason="unreadable", evidence=f"lookup: {type(error).__name__}: {error}"[:500])


def _is_ours(thing: Json, call: GatewayCall) -> bool:
    ours = our_reference(thing)
    return ours is not None and ours[0] == call.payment.id


def _first_reference(call: GatewayCall) -> str:
    """The intent was made by the payment's first operation, whichever operation asks now."""
    return operation_reference(call.payment.id, 1)


def _first_operation_started(call: GatewayCall) -> datetime:
    first = next((o for o in call.payment.operations if o.number == 1), call.operation)
    return first.started_at


def _made_until(call: GatewayCall) -> datetime:
    """Nothing the payment's first operation made is younger."""
    if call.ended_by is not None and call.operation.number == 1:
        return call.ended_by + CLOCK_SLACK
    return _first_operation_started(call) + WINDOW


def _reading_refund(refund: Json, call: GatewayCall) -> Outcome:
    return readable(lambda: refund_outcome(refund, call), refund)


def _reading_dispute(dispute: Json) -> Outcome:
    return readable(lambda: read_dispute(dispute), dispute)
