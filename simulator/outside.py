"""What happens to a gateway's objects without its merchant: customers, banks, tests and time. The same on every wire.

By the gateway's ids, across accounts; each step is one transaction of its own.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

from simulator.records import Json, Record
from simulator.turn import Parts, Turn
from simulator.wire import Refusal

AnyTurn = TypeVar("AnyTurn", bound=Turn)


class DisputeRules(Protocol):
    """A wire's own words for disputes; its module of that name."""

    def open_for(self, turn: Any, charge: Record, /, *, reason: str, inquiry: bool) -> Record: ...
    def decide(self, turn: Any, dispute: Record, /, *, won: bool) -> None: ...


class Outside(ABC, Generic[AnyTurn]):
    """One half of a wire; the other answers requests."""

    parts: Parts
    dispute_rules: DisputeRules
    disputed: str
    """The kind of object a dispute is opened against."""

    @abstractmethod
    def begin(self, account: str) -> AnyTurn: ...

    @abstractmethod
    def missing(self, kind: str, record_id: str) -> Refusal:
        """What this gateway says of an id it does not hold."""

    def knows(self, record_id: str) -> bool:
        return self.parts.records.find(record_id) is not None

    def next_due_at(self) -> float | None:
        job = self.parts.jobs.next_due()
        return job.due_at if job else None

    def open_dispute(self, charge_id: str, *, reason: str, inquiry: bool) -> Json:
        def step(turn: AnyTurn, charge: Record) -> Json:
            return self.dispute_rules.open_for(turn, charge, reason=reason, inquiry=inquiry).body

        return self.as_owner(charge_id, (self.disputed,), step)

    def decide_dispute(self, dispute_id: str, *, won: bool) -> Json:
        def step(turn: AnyTurn, dispute: Record) -> Json:
            self.dispute_rules.decide(turn, dispute, won=won)
            return dispute.body

        return self.as_owner(dispute_id, ("dispute",), step)

    def as_owner(self, record_id: str, kinds: tuple[str, ...], step: Callable[[AnyTurn, Record], Json]) -> Json:
        """A step on one object of one of these kinds. Raises Refusal when there is none."""
        record = self.parts.records.find(record_id)
        if record is None or record.kind not in kinds:
            raise self.missing(kinds[0], record_id)
        with self.parts.book.transaction():
            turn = self.begin(record.account)
            result = step(turn, turn.own(record.kind, record_id))
            turn.flush()
            return result
