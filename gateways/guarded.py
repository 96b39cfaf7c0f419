"""Puts an adapter behind its account's circuit: what every call to a gateway passes, whoever makes it.

Each verb passes as a whole, the optional ones too. What only reads bytes we were sent (`parse_...`) asks nobody.
"""

import functools
import inspect
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from domain.gateway import Gateway
from gateways.circuit import Circuit

P = ParamSpec("P")
R = TypeVar("R")
_TOUCHES_NO_WIRE = "parse_"


def guarded(adapter: Gateway, circuit: Circuit) -> Gateway:
    """The same adapter, which still is all that it was (a gateway with callbacks, with a book): from now on its verbs
    raise CredentialsRefused while the account rests."""
    for name, verb in inspect.getmembers(adapter, callable):
        if not name.startswith(("_", _TOUCHES_NO_WIRE)):
            setattr(adapter, name, _passing(circuit, verb))
    return adapter


def _passing(circuit: Circuit, verb: Callable[P, R]) -> Callable[P, R]:
    @functools.wraps(verb)
    def passes(*args: P.args, **kwargs: P.kwargs) -> R:
        with circuit.passing():
            return verb(*args, **kwargs)

    return passes
