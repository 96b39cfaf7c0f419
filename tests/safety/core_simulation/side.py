"""A gateway's side of the story: everything that is told differently at one gateway than at another.

A new gateway is one subclass: its adapter on a line, its bank, the lives its customers live, its laws for the referee.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from domain.gateway import GatewayEvent
from domain.payment import MethodChoice, Payment
from domain.ports import Attempt
from tests.safety.core_simulation.bank import Bank, OnEffect, OnEvent
from tests.safety.core_simulation.life import Life
from tests.safety.core_simulation.line import Line
from tests.safety.core_simulation.people import People
from tests.safety.core_simulation.weather import SWARM
from tests.safety.simulation.referee import Account, Referee
from tests.safety.simulation.timeline import Timeline


class Side(ABC):
    """`never_asked_for`: types of events about what nobody looks for by itself. Reconciliation finds it, which is not
    run here: a lost one comes after `reconciled_seconds` instead. `converged_seconds` after the last fault nothing is
    unresolved (I8), and after `end_seconds` nothing is open. `begins_within_seconds`: see CoreWire.
    `classes`: what befalls payments at this gateway only. `has_sdk`: whole seeds can run through its SDK."""

    name: str
    converged_seconds: float
    end_seconds: float
    reconciled_seconds: float
    never_asked_for: Collection[str]
    begins_within_seconds: float | None = None
    classes: frozenset[str] = frozenset()
    has_sdk = False
    swarm = SWARM
    line_type: type[Line] = Line
    people_type: type[People]

    # --- parts -------------------------------------------------------------------------------------------------------

    @abstractmethod
    def adapter(self, *, through_sdk: bool) -> Any:
        """The product's adapter; its `line` is the world's that lives now."""

    @abstractmethod
    def bank(
        self, timeline: Timeline, *, seed: int, on_effect: OnEffect, on_event: OnEvent, in_memory: bool
    ) -> Bank: ...

    def referee(self, payments: dict[str, Payment], keys: dict[str, Attempt], timeline: Timeline) -> Referee:
        return Referee(payments, keys)

    # --- lives -------------------------------------------------------------------------------------------------------

    @abstractmethod
    def new_life(self, seed: int, index: int) -> Life: ...

    @abstractmethod
    def saved_methods(self, adapter: Any, bank: Bank) -> Sequence[MethodChoice]:
        """Of customers who are not there when they are charged."""

    @abstractmethod
    def method(self, life: Life, saved: Sequence[MethodChoice]) -> MethodChoice: ...

    def may_stay_parked(self, life: Life, account: Account) -> bool:
        """Only where the gateway lied."""
        return life.is_lied_to

    # --- events ------------------------------------------------------------------------------------------------------

    @abstractmethod
    def type_of(self, event: Mapping[str, Any]) -> str: ...

    @abstractmethod
    def names_in(self, event: Mapping[str, Any]) -> Iterable[str]:
        """By which its payment may be known: our id, then the gateway's."""

    @abstractmethod
    def translated(self, event: Mapping[str, Any], event_id: str) -> list[GatewayEvent]:
        """By the adapter's own code, once it is verified."""
