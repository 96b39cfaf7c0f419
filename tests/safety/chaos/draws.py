"""What goes wrong and when, drawn from a seed: the same seed is the same list of draws, whatever the machine does.

Kinds of gateway, webhook and link faults come from shuffled decks, each drawn once before one is drawn twice.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from tests.safety.chaos.house import APIS, MORTAL, OURS, SERVICES, WORKERS
from tests.safety.proxy import LINK_FAULTS

T = TypeVar("T")

SERVERS_SHARE = 0.15
"""Of kills and stops; the rest is for our own processes."""

STRIKES = {"kill": 48, "stop": 9, "terminate": 7, "link": 17, "gateway": 10, "webhooks": 5, "owner": 4}
"""How often each is drawn, in parts of a hundred."""

HANDS = ("reset", "cancel", "astray")
"""What somebody does to the workflow of a payment. A history that fits no code is noticed by the next round of a sweep
after its second failed task: a short run has no time for that either."""

GATEWAY_FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "before_commit_timeout"},
    {"kind": "after_commit_timeout"},
    {"kind": "before_commit_500"},
    {"kind": "after_commit_500"},
    {"kind": "after_commit_500", "stored": False},
    {"kind": "slow", "seconds": 4},
    {"kind": "drop_reply"},
    {"kind": "reset_before"},
    {"kind": "wrong_body", "body": "html"},
    {"kind": "wrong_body", "body": "empty"},
    {"kind": "wrong_body", "body": "broken_json"},
    {"kind": "wrong_body", "body": "other_amount"},
    {"kind": "wrong_body", "body": "other_currency"},
    {"kind": "lookup_lag", "seconds": 10},
    {"kind": "rate_limit", "seconds": 1},
    {"kind": "unavailable_503", "seconds": 1},
    {"kind": "in_flight_409"},
)
SETTLING_FAULTS: tuple[dict[str, Any], ...] = ({"kind": "before_commit_500", "stored": True},)
"""Nothing was executed and the key repeats its error for ever: only "not found" tells, and that may be believed when
the gateway's settle time has passed. A short run has no time for that."""

WEBHOOK_FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "lost"},
    {"kind": "late", "seconds": 5},
    {"kind": "duplicate", "copies": 4},
    {"kind": "reorder", "seconds": 2},
    {"kind": "wrong_signature"},
    {"kind": "old_timestamp"},
)


@dataclass(frozen=True, slots=True)
class Draw:
    """After `pause_seconds`, `strike` the `target` for `seconds`; `fault` says how, `amount` how hard."""

    pause_seconds: float
    strike: str
    target: str
    seconds: float
    fault: dict[str, Any] = field(default_factory=dict)
    amount: float = 0.0


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds between draws, the longest stop of a process, and whether there is time for what settles slowly:
    `SETTLING_FAULTS` and `HANDS`."""

    shortest: float = 0.5
    longest: float = 5.0
    longest_stop: float = 20.0
    settling: bool = True


def draws(seed: int, pace: Pace) -> Iterator[Draw]:
    """For ever."""
    chance = random.Random(seed)
    gateway = _deck((*GATEWAY_FAULTS, *(SETTLING_FAULTS if pace.settling else ())), chance)
    webhooks = _deck(WEBHOOK_FAULTS, chance)
    links, kinds = (
        _deck([f"{process}>{service}" for process in OURS for service in SERVICES], chance),
        _deck([{"kind": kind} for kind in LINK_FAULTS], chance),
    )
    hands = _deck(HANDS, chance)
    strikes = {name: weight for name, weight in STRIKES.items() if pace.settling or name != "owner"}
    while True:
        pause = chance.uniform(pace.shortest, pace.longest)
        match chance.choices(list(strikes), list(strikes.values()))[0]:
            case "kill":
                yield Draw(pause, "kill", _mortal(chance), chance.choice((0.0, chance.uniform(0, 3))))
            case "stop":
                yield Draw(pause, "stop", _mortal(chance), chance.uniform(1, pace.longest_stop))
            case "terminate":
                yield Draw(pause, "terminate", chance.choice(OURS), chance.uniform(0, 1))
            case "link":
                kind, wait = next(kinds), chance.uniform(0.5, 6)
                hard = chance.uniform(0.05, 0.5) if kind["kind"] == "delay" else chance.uniform(2_000, 20_000)
                yield Draw(pause, "link", next(links), wait, kind, hard)
            case "owner":
                yield Draw(pause, "owner", "owner", 0.0, {"kind": next(hands)}, chance.random())
            case "gateway":
                yield Draw(pause, "gateway", "gateway", chance.uniform(1, 5), next(gateway), chance.uniform(0.3, 1))
            case _:
                yield Draw(pause, "webhooks", "webhooks", chance.uniform(2, 8), next(webhooks))


def _mortal(chance: random.Random) -> str:
    servers = MORTAL[len(OURS) :]
    return chance.choice(servers if chance.random() < SERVERS_SHARE else (*APIS, *WORKERS))


def _deck(cards: Sequence[T], chance: random.Random) -> Iterator[T]:
    while True:
        yield from chance.sample(list(cards), len(cards))
