"""The table of what every gateway must do: every public function of these files is a scenario, told once for all.

A scenario asserts what our record would say and what the simulator's own book says; the two must agree to the unit. The
suite is the definition of a gateway: one is done when its row of `registry.WORLDS` is green.
"""

import inspect
from collections.abc import Callable

from tests.contract import (
    browser_payments,
    crowds,
    customer_steps,
    deliveries,
    lives,
    obstacles,
    refunds_and_disputes,
    stored_methods,
)
from tests.contract.world import World

Scenario = Callable[[World], None]

FILES = (
    lives,
    customer_steps,
    browser_payments,
    refunds_and_disputes,
    stored_methods,
    crowds,
    obstacles,
    deliveries,
)
SCENARIOS: tuple[Scenario, ...] = tuple(
    told
    for file in FILES
    for told in vars(file).values()
    if inspect.isfunction(told) and told.__module__ == file.__name__ and not told.__name__.startswith("_")
)
