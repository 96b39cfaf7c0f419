"""Every operation of the sweep, by its name; the gateways it can be run for."""

from collections.abc import Collection

from tests.safety.crash_points.operation import Operation, another_round, nothing
from tests.safety.crash_points.razorpay_operations import RAZORPAY
from tests.safety.crash_points.stripe_operations import STRIPE

BATCHES: dict[str, Operation] = {
    "matching orphans": Operation(act=nothing, healed=another_round, batch="orphan_match"),
    "warning of expiry": Operation(act=nothing, healed=another_round, batch="expiry_warning"),
}

OPERATIONS: dict[str, Operation] = STRIPE | RAZORPAY | BATCHES

GATEWAYS = ("stripe", "razorpay")

BATCHED = frozenset(operation.batch for operation in BATCHES.values())
"""Failpoints of statements about no payment in particular, and so of no gateway."""


def operations_of(gateways: Collection[str]) -> set[str]:
    """What is tried at these gateways, and what is no gateway's."""
    return {name for name, operation in OPERATIONS.items() if not operation.gateway or operation.gateway in gateways}
