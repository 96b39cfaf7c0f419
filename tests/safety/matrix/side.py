"""What the matrix must know of a gateway: how to reach it, where its calls go, how its customers pay, what it tells."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from domain.gateway import Gateway
from domain.operation import Operation
from domain.outcomes import DeclineKind
from domain.payment import MethodChoice, Payment
from simulator.faults import path_matcher
from tests.contract.simulator.process import RunningSimulator
from tests.safety.matrix.line import Request

WEBHOOK_SECRET = "whsec_matrix"


@dataclass(frozen=True, slots=True)
class Delivery:
    """A webhook as it would arrive: headers and raw body."""

    headers: Mapping[str, str]
    raw: bytes


@dataclass(frozen=True, slots=True)
class Place:
    """Where a call meets the gateway, as the simulator's fault rules say it."""

    path: str
    method: str = "POST"


class Side(ABC):
    """One gateway's side of the matrix, for one fresh account. `direct_url` leads to the simulator without the line.

    `refused` are the fields of a payment whose first call is refused for good, `refusal` is how.
    """

    wire: str
    currency: str
    refused: Mapping[str, Any] = {}
    refusal: DeclineKind
    lookups_before = 0
    """What a renewal's call reads before it charges."""

    def __init__(self, account: str, simulator: RunningSimulator) -> None:
        self.account = account
        self.simulator = simulator
        self.direct_url: str = self.address(simulator)

    @staticmethod
    @abstractmethod
    def address(simulator: RunningSimulator) -> str:
        """Where the simulator speaks this gateway's wire."""

    @abstractmethod
    def build(self, address: str, *, timeout_seconds: float) -> Gateway:
        """Our adapter, its requests going to that address."""

    @abstractmethod
    def method(self, *, declined: bool) -> MethodChoice:
        """What a customer who is there pays with."""

    @abstractmethod
    def stored_method(self, *, declined: bool) -> MethodChoice:
        """What a customer saved before, for a charge without them."""

    @abstractmethod
    def place(self, payment: Payment, operation: Operation) -> Place:
        """Where the operation's own call goes."""

    def place_of_figures(self, payment: Payment, operation: Operation) -> Place:
        """Where the amount it moved is told."""
        return self.place(payment, operation)

    def is_own(self, request: Request, place: Place, *, key: str) -> bool:
        """Whether a request is the operation's own call."""
        del key
        return request.method == place.method and path_matcher(place.path)(request.path.partition("?")[0])

    @abstractmethod
    def occupy(self, key: str) -> None:
        """Use the key for something else that moves none of the payment's money."""

    @contextmanager
    @abstractmethod
    def listening(self) -> Iterator[Callable[[], Sequence[Delivery]]]:
        """While webhooks are listened for: every event so far, oldest first, as the gateway delivers it."""
        yield lambda: ()

    def renumbered(self, headers: Mapping[str, str]) -> Mapping[str, str]:
        """As somebody may repeat a genuine delivery: with another number where the gateway does not sign it."""
        return headers

    def seconds_until_told(self, payment: Payment) -> float:
        """How long the gateway itself takes to have an end to tell by webhook."""
        del payment
        return 0.0

    def go_on(self, payment: Payment) -> None:
        """What only the customer can do, once they are asked to."""
        raise AssertionError(f"{self.wire} asks nobody: {payment}")
