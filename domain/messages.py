"""Models that cross Temporal's wire between API, workflow and activities. Names here are forever (see tests/house)."""

from dataclasses import dataclass

from domain.commands import Abilities
from domain.errors import CommandRefused
from domain.operation import Operation
from domain.payment import Attention, Payment, PaymentState
from domain.review import Resolution


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentStart:
    """The workflow's input: it loads everything else from the record.

    `begins`: whoever starts it has just made the payment, so loading and the authorization are one activity. Only a
    hint: for a payment that has begun long ago that activity just loads.
    """

    payment_id: str
    begins: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What the workflow decides with: the payment and what its gateway can do."""

    payment: Payment
    abilities: Abilities


@dataclass(frozen=True, slots=True, kw_only=True)
class EventNotice:
    """Signal: a verified webhook lies in the inbox."""

    inbox_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PerformRequest:
    """Journal this operation, call the gateway, record the outcome: one activity."""

    payment_id: str
    operation: Operation


@dataclass(frozen=True, slots=True, kw_only=True)
class LookRequest:
    """Ask the gateway how an operation stands (`check`), or what became of an unknown one (`resolve`)."""

    payment_id: str
    operation_number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsorbRequest:
    """Apply one inbox event to its payment."""

    payment_id: str
    inbox_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AbandonRequest:
    """Cancel a payment no gateway has heard of."""

    payment_id: str
    command_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideRequest:
    """Record a person's decision."""

    payment_id: str
    resolution: Resolution


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedCommand:
    code: str
    message: str
    state: str
    field: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The answer to a command: where the payment stands, or why it was refused."""

    payment_id: str
    version: int
    state: PaymentState
    attention: Attention
    operation_number: int | None = None
    refused: RefusedCommand | None = None


def receipt(payment: Payment, operation: Operation | None = None, refusal: CommandRefused | None = None) -> Receipt:
    refused = refusal and RefusedCommand(
        code=refusal.code, message=refusal.message, state=refusal.state, field=refusal.field
    )
    return Receipt(
        payment_id=payment.id,
        version=payment.version,
        state=payment.state,
        attention=payment.attention,
        operation_number=operation.number if operation else None,
        refused=refused or None,
    )
