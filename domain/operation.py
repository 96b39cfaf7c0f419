"""The small life every gateway call lives, whatever its verb. The table is the law; nothing else moves an operation.

prepared -> sent -> approved | declined | action_required | pending | unknown
unknown, pending and action_required are open: evidence settles them. Beyond the horizon an unknown one is parked and
waits for evidence or a person. `approved -> declined` is the late failure that really happens (a refund that bounces,
a debit that is returned).
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.copying import replace
from domain.errors import TransitionRefused
from domain.outcomes import Decline


class Verb(StrEnum):
    AUTHORIZE = "authorize"
    CAPTURE = "capture"
    VOID = "void"
    REFUND = "refund"


class OperationState(StrEnum):
    PREPARED = "prepared"
    SENT = "sent"
    APPROVED = "approved"
    DECLINED = "declined"
    ACTION_REQUIRED = "action_required"
    PENDING = "pending"
    UNKNOWN = "unknown"
    PARKED = "parked"
    CANCELED = "canceled"


_S = OperationState
_ANSWERS = frozenset({_S.APPROVED, _S.DECLINED, _S.ACTION_REQUIRED, _S.PENDING, _S.UNKNOWN, _S.CANCELED})
OPERATION_TABLE: dict[OperationState, frozenset[OperationState]] = {
    _S.PREPARED: frozenset({_S.SENT, _S.CANCELED}),
    _S.SENT: _ANSWERS | {_S.PARKED},
    _S.ACTION_REQUIRED: frozenset({_S.APPROVED, _S.DECLINED, _S.PENDING, _S.CANCELED, _S.UNKNOWN}),
    _S.PENDING: frozenset({_S.APPROVED, _S.DECLINED, _S.ACTION_REQUIRED, _S.CANCELED}),  # heard is never unheard
    _S.UNKNOWN: _ANSWERS - {_S.UNKNOWN} | {_S.PARKED},
    _S.PARKED: _ANSWERS - {_S.UNKNOWN},
    _S.APPROVED: frozenset({_S.DECLINED}),
    _S.DECLINED: frozenset({_S.APPROVED}),  # only late success: a failed payment that the bank authorizes days later
    _S.CANCELED: frozenset({_S.APPROVED}),  # only late success: the customer finished after we gave up
}

UNSETTLED = frozenset({_S.SENT, _S.UNKNOWN, _S.PARKED})
"""We do not know whether money moved: no other money movement of the payment may start."""

OPEN = UNSETTLED | {_S.PREPARED, _S.PENDING, _S.ACTION_REQUIRED}

MOST_SENDS = 6
"""How often an operation is sent whose sends surely did not execute, whoever sends it, before it is given up. Sends
whose outcome is unknown are not counted by this: they are resolved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One money verb on a payment. Amount in minor units; times are UTC. `command_key` names the command that asked."""

    number: int
    verb: Verb
    amount_minor: int
    state: OperationState = OperationState.PREPARED
    generation: int = 1
    command_key: str
    final: bool = True  # capture only: release what is left
    reason: str = ""
    reference: str | None = None  # the gateway's id for this very operation (a refund's id)
    decline: Decline | None = None
    started_at: datetime
    settled_at: datetime | None = None

    @property
    def is_unsettled(self) -> bool:
        return self.state in UNSETTLED

    @property
    def is_open(self) -> bool:
        return self.state in OPEN


def advance(operation: Operation, to: OperationState, *, at: datetime, decline: Decline | None = None) -> Operation:
    """The operation in its new state. Raises TransitionRefused when the table has no such move."""
    if to not in OPERATION_TABLE[operation.state]:
        raise TransitionRefused(f"{operation.verb} {to}", operation.state, "the operation's table has no such move")
    settled_at = None if to in OPEN else at
    return replace(operation, state=to, settled_at=settled_at, decline=decline)


def exchanged(operations: tuple[Operation, ...], changed: Operation) -> tuple[Operation, ...]:
    """The operations with the one of the same number replaced."""
    return tuple(changed if o.number == changed.number else o for o in operations)
