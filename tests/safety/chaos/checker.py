"""The checker: our books against the gateway's, and what clients were told against both (money-safety, section 2).

Each rule yields sentences that begin with the invariant they break; nothing else in the run decides what is wrong.
"""

import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from domain.payment import PAYMENT_TABLE, Late, Move, PaymentEvent, PaymentState
from tests.safety.chaos.books import Books, Row
from tests.safety.chaos.stories import Story

NO_MONEY = frozenset({"canceled", "failed", "expired"})
REFINED = {("authorized", "captured"), ("captured", "authorized"), ("authorized", "authorized")}
"""Two entries of the table depend on amounts (`domain.transitions`); a void after a part was captured ends captured."""

GATEWAY_ACCOUNT = "gateway"


@dataclass(frozen=True, slots=True)
class Totals:
    """The referee's sums of one payment, in minor units. `charges` is how many were ever approved."""

    charges: int
    authorized: int
    captured: int
    released: int
    refunded: int

    @property
    def live(self) -> int:
        """What a customer has lost or cannot use now."""
        return self.authorized - self.released - self.refunded


def totals_of(effects: Sequence[Row]) -> Totals:
    sums: Counter[str] = Counter()
    for effect in effects:
        sums[effect["kind"]] += effect["amount_minor"]
    return Totals(
        charges=len({effect["charge"] for effect in effects if effect["kind"] == "authorize"}),
        authorized=sums["authorize"],
        captured=sums["capture"],
        released=sums["release"],
        refunded=sums["refund"] - sums["refund_failed"],
    )


def check(books: Books, stories: Sequence[Story]) -> list[tuple[str, str]]:
    """Every violation as (payment id, sentence)."""
    found = [
        (payment_id, sentence)
        for payment_id, payment in books.payments.items()
        for rule in RULES
        for sentence in rule(books, payment)
    ]
    found += [(story.payment_id, sentence) for story in stories for sentence in _told(books, story)]
    strangers = set(books.effects) - set(books.payments)
    found += [(reference, "I2: the gateway moved money for a payment we do not have") for reference in strangers]
    found += [("", sentence) for sentence in _sums(books)]
    return found


def _one_effect_per_operation(books: Books, payment: Row) -> Iterator[str]:
    effects = books.effects.get(payment["id"], ())
    for (kind, key), count in Counter((e["kind"], e["idempotency_key"]) for e in effects).items():
        if count > 1 and key is not None:
            yield f"I1: {count} times {kind} under {key}"
    keys = {attempt["key"] for attempt in books.attempts.get(payment["id"], ())}
    for effect in effects:
        if effect["idempotency_key"] is not None and effect["idempotency_key"] not in keys:
            yield f"I1: {effect['kind']} under {effect['idempotency_key']}, which is no key of an attempt on record"
    charges = totals_of(effects).charges
    if charges > 1:
        yield f"I1: {charges} charges"
    refunds = sum(1 for operation in books.operations.get(payment["id"], ()) if operation["verb"] == "refund")
    made = sum(1 for effect in effects if effect["kind"] == "refund")
    if made > refunds:
        yield f"I1: {made} refunds for {refunds} operations"


def _same_money(books: Books, payment: Row) -> Iterator[str]:
    told = totals_of(books.effects.get(payment["id"], ()))
    ours = (payment["captured_minor"], payment["refunded_minor"])
    if payment["attention"] != "parked" and ours != (told.captured, told.refunded):
        yield f"I2: captured and refunded are {ours} here and {(told.captured, told.refunded)} at the gateway"
    if not 0 <= told.refunded <= told.captured <= told.authorized:
        yield f"I2: the gateway's own totals do not add up: {told}"
    balance = sum(p["amount_minor"] for p in books.postings.get(payment["id"], ()) if p["account"] == GATEWAY_ACCOUNT)
    expected = payment["captured_minor"] - payment["refunded_minor"] - payment["disputed_minor"]
    if balance != expected:
        yield f"I2: the ledger says the gateway owes {balance}, the payment says {expected}"


def _balanced_ledger(books: Books, payment: Row) -> Iterator[str]:
    balance: Counter[int] = Counter()
    for posting in books.postings.get(payment["id"], ()):
        balance[posting["sequence"]] += posting["amount_minor"]
    sequences = [transaction["sequence"] for transaction in books.transactions.get(payment["id"], ())]
    if any(balance.values()):
        yield f"I2: ledger transactions do not sum to zero: {dict(balance)}"
    if len(sequences) != len(set(sequences)) or set(balance) - set(sequences):
        yield f"I2: more or less than one ledger transaction per sequence: {sequences}"
    if set(sequences) - {event["sequence"] for event in books.events.get(payment["id"], ())}:
        yield "I6: a ledger transaction without its event"


def _true_state(books: Books, payment: Row) -> Iterator[str]:
    told = totals_of(books.effects.get(payment["id"], ()))
    if payment["attention"] == "parked":
        return
    if payment["state"] in NO_MONEY and (told.live or told.captured):
        yield f"I4: {payment['state']}, and the gateway holds or took money: {told}"
    if payment["state"] == "captured" and told.charges != 1:
        yield f"I4: captured, and there are {told.charges} charges"
    if payment["state"] == "authorized" and told.live <= 0:
        yield f"I4: authorized, and nothing is held: {told}"


def _legal_moves(books: Books, payment: Row) -> Iterator[str]:
    events = books.events.get(payment["id"], ())
    sequences = [event["sequence"] for event in events]
    if sequences != list(range(1, payment["version"] + 1)):
        yield f"I9: events are numbered {sequences}, the version is {payment['version']}"
    states = ["created", *(event["state"] for event in events)]
    for before, after in itertools.pairwise(states):
        if after not in REACHABLE[before] and (before, after) not in REFINED:
            yield f"I5: went from {before} to {after}"
    if states[-1] != payment["state"]:
        yield f"I5: is {payment['state']}, its last event says {states[-1]}"


def _at_rest(books: Books, payment: Row) -> Iterator[str]:
    unsettled = [o for o in books.operations.get(payment["id"], ()) if o["state"] in ("sent", "unknown", "parked")]
    if len(unsettled) > 1:
        yield f"I12: {len(unsettled)} operations whose outcome is unknown at once"
    if payment["attention"] == "parked":
        if not any(attempt["answer"] for attempt in books.attempts.get(payment["id"], ())):
            yield "I3: parked without evidence"
    elif _waits_for_whom_it_could_not_tell(books, payment):
        return
    elif payment["state"] in ("created", "processing", "requires_action") or payment["attention"] != "none":
        yield f"I8: is {payment['state']} with attention {payment['attention']} after the quiet time"


def _waits_for_whom_it_could_not_tell(books: Books, payment: Row) -> bool:
    """Parked at first, so its customer was shown no page and left; evidence has un-parked it, and its end is known."""
    was_parked = any(event["type"] == "payment.parked" for event in books.events.get(payment["id"], ()))
    waits = payment["state"] == "requires_action" and payment["action_expires_at"] is not None
    return was_parked and waits and payment["attention"] == "none"


def _told(books: Books, story: Story) -> Iterator[str]:
    """What final answers said must be so in the books."""
    if story.ended_at is None:
        yield f"I8: the story {story.kind} {story.number} did not end: {story.seen[-1:]}"
    payment = books.payments.get(story.payment_id)
    if payment is None:
        if story.payment_id:
            yield f"I3: {story.payment_id} was answered and is not on record"
        return
    promises = story.promises
    if "captured" in promises and payment["captured_minor"] != promises["captured"]:
        yield f"I4: the client was told {promises['captured']} captured, it is {payment['captured_minor']}"
    if payment["refunded_minor"] < promises.get("refunded_at_least", 0):
        yield f"I4: the client was told {promises['refunded_at_least']} refunded, it is {payment['refunded_minor']}"
    if "authorized_now" in promises and payment["state"] == "authorized":
        yield "I4: the client was told that nothing is held any more"


def _sums(books: Books) -> Iterator[str]:
    """Conservation over everything: parked payments are the only ones that may differ."""
    parked = {payment_id for payment_id, payment in books.payments.items() if payment["attention"] == "parked"}
    ours: Counter[tuple[str, str]] = Counter()
    theirs: Counter[tuple[str, str]] = Counter()
    for payment_id, payment in books.payments.items():
        if payment_id not in parked:
            told = totals_of(books.effects.get(payment_id, ()))
            ours[payment["currency"], "captured"] += payment["captured_minor"]
            ours[payment["currency"], "refunded"] += payment["refunded_minor"]
            theirs[payment["currency"], "captured"] += told.captured
            theirs[payment["currency"], "refunded"] += told.refunded
    if +ours != +theirs:
        yield f"I2: sums differ: here {dict(ours)}, at the gateway {dict(theirs)}"


def _reachable(row: Mapping[PaymentEvent, object], state: PaymentState) -> frozenset[str]:
    return frozenset({str(state), *(str(entry.to) for entry in row.values() if isinstance(entry, Move | Late))})


REACHABLE: Mapping[str, frozenset[str]] = {str(s): _reachable(row, s) for s, row in PAYMENT_TABLE.items()}

RULES: tuple[Callable[[Books, Row], Iterator[str]], ...] = (
    _one_effect_per_operation,
    _same_money,
    _balanced_ledger,
    _true_state,
    _legal_moves,
    _at_rest,
)
