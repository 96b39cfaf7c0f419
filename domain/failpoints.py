"""Failpoints: named places around every effect outside this process, where a test may make it fail on purpose.

`await before("journal", id)` and `await after("journal", id)` stand around the effect in the code itself. Off, which is
always so in production, each costs one look at a module global. A test installs a reaction; it may end the process,
raise, wait, or claim that the reply was lost. Not for workflow code: what happens there is replayed.
"""

from dataclasses import dataclass
from typing import Literal, Protocol, get_args

from domain.errors import InvalidInput, OwnerUnavailable, RecordUnavailable

Moment = Literal["before", "after"]
Kind = Literal["exit", "exception", "hang", "drop_reply"]

MOMENTS: tuple[Moment, ...] = get_args(Moment)
KINDS: tuple[Kind, ...] = get_args(Kind)
"""exit: the process ends at once, as by kill -9. exception: an error nobody planned for. hang: nothing goes on for a
while, then the zombie does. drop_reply: the effect happened, its caller is told that nobody knows; only `after` it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failpoint:
    """`effect`: a sentence. `lost`: what a caller of the effect gets to see when its reply is lost; None: it has no
    reply of its own to lose."""

    room: str
    effect: str
    lost: type[Exception] | None = None


FAILPOINTS: dict[str, Failpoint] = {
    "acceptance": Failpoint(
        room="storage", effect="A new payment and its Idempotency-Key are committed together.", lost=RecordUnavailable
    ),
    "key_claim": Failpoint(
        room="storage", effect="An Idempotency-Key is taken, or its claim renewed.", lost=RecordUnavailable
    ),
    "key_complete": Failpoint(
        room="storage", effect="The answer to a request is stored under its key.", lost=RecordUnavailable
    ),
    "key_release": Failpoint(
        room="storage", effect="A key whose request had no effect is set free.", lost=RecordUnavailable
    ),
    "transition": Failpoint(
        room="storage",
        effect="A payment's move is committed: journal before the wire, outcome after it, webhook, lookup, park.",
        lost=RecordUnavailable,
    ),
    "note": Failpoint(
        room="storage",
        effect="An attempt (surely not sent, sent again) or a handled webhook is noted without a move.",
        lost=RecordUnavailable,
    ),
    "look": Failpoint(
        room="storage", effect="A question about an unknown outcome is kept as evidence.", lost=RecordUnavailable
    ),
    "inbox_store": Failpoint(
        room="storage", effect="A batch of verified webhooks is committed to the inbox.", lost=RecordUnavailable
    ),
    "inbox_handled": Failpoint(
        room="storage", effect="Webhooks that tell nothing new are marked handled.", lost=RecordUnavailable
    ),
    "command_keep": Failpoint(
        room="storage", effect="A command nobody has answered in time is committed.", lost=RecordUnavailable
    ),
    "command_answer": Failpoint(
        room="storage", effect="What became of such a command is committed.", lost=RecordUnavailable
    ),
    "orphan_match": Failpoint(
        room="storage", effect="Webhooks without a payment are looked at again.", lost=RecordUnavailable
    ),
    "expiry_warning": Failpoint(
        room="storage", effect="Authorizations about to end are noted once.", lost=RecordUnavailable
    ),
    "customer_create": Failpoint(room="storage", effect="A customer is committed.", lost=RecordUnavailable),
    "customer_reference": Failpoint(
        room="storage", effect="The gateway's id of a customer is committed.", lost=RecordUnavailable
    ),
    "method_add": Failpoint(room="storage", effect="A saved payment method is committed.", lost=RecordUnavailable),
    "method_remove": Failpoint(
        room="storage", effect="A saved payment method is marked removed.", lost=RecordUnavailable
    ),
    "gateway_request": Failpoint(
        room="gateways", effect="One HTTP request to the gateway is sent and answered.", lost=ConnectionError
    ),
    "gateway_call": Failpoint(room="activities", effect="One verb or lookup of the gateway port runs in its thread."),
    "activity": Failpoint(room="activities", effect="An activity runs, from its start to its answer to Temporal."),
    "owner_start": Failpoint(room="workflows", effect="A new payment's workflow is started.", lost=OwnerUnavailable),
    "owner_update": Failpoint(
        room="workflows", effect="An update-with-start reaches the payment's workflow.", lost=OwnerUnavailable
    ),
    "owner_signal": Failpoint(
        room="workflows", effect="A signal-with-start reaches the payment's workflow.", lost=OwnerUnavailable
    ),
    "owner_question": Failpoint(
        room="workflows", effect="Temporal is asked whether a workflow runs.", lost=OwnerUnavailable
    ),
    "sweep_start": Failpoint(room="activities", effect="The sweep starts a payment accepted and never begun."),
    "sweep_notice": Failpoint(room="activities", effect="The sweep delivers a webhook nobody acted on."),
    "sweep_command": Failpoint(room="activities", effect="The sweep gives a command to its payment's owner again."),
    "sweep_adopt": Failpoint(room="activities", effect="The sweep gives an open payment an owner again."),
    "sweep_reset": Failpoint(room="activities", effect="The sweep lets a workflow stuck in nondeterminism begin anew."),
}
"""Every name, in the order of a payment's life. A name that is not here, or here and nowhere placed, fails a test."""


class FailpointError(Exception):
    """What an armed failpoint of the kind `exception` raises; no code of ours expects it."""


@dataclass(frozen=True, slots=True)
class Passing:
    """One pass of a failpoint. `subjects` are the ids it is about; `detail` tells which of several uses it is."""

    name: str
    moment: Moment
    subjects: tuple[str, ...]
    detail: str = ""


class Reaction(Protocol):
    """What a test wants done at a failpoint; it may raise."""

    async def reached(self, passing: Passing) -> None: ...
    def reached_in_thread(self, passing: Passing) -> None:
        """The same where no event loop runs."""
        ...


_reaction: Reaction | None = None


async def before(name: str, *subjects: str, detail: str = "") -> None:
    if _reaction is not None:
        await _reaction.reached(Passing(name, "before", subjects, detail))


async def after(name: str, *subjects: str, detail: str = "") -> None:
    if _reaction is not None:
        await _reaction.reached(Passing(name, "after", subjects, detail))


def before_in_thread(name: str, *subjects: str, detail: str = "") -> None:
    if _reaction is not None:
        _reaction.reached_in_thread(Passing(name, "before", subjects, detail))


def after_in_thread(name: str, *subjects: str, detail: str = "") -> None:
    if _reaction is not None:
        _reaction.reached_in_thread(Passing(name, "after", subjects, detail))


def install(reaction: Reaction | None) -> None:
    """Switch on for this whole process; None switches off."""
    global _reaction
    _reaction = reaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Armed:
    """The `nth` pass (from 1) of one moment of one failpoint fails in one way; with a subject, the nth about it."""

    name: str
    moment: Moment
    nth: int
    kind: Kind
    subject: str = ""

    def concerns(self, passing: Passing) -> bool:
        same = (passing.name, passing.moment) == (self.name, self.moment)
        return same and (not self.subject or self.subject in passing.subjects)


def read_armed(text: str) -> Armed:
    """`name:moment:nth:kind[:subject]`, as in `transition:after:1:exit`. Raises InvalidInput naming what is wrong."""
    name, moment, nth, kind, subject = (*text.split(":", 4), "", "", "", "", "")[:5]
    if name not in FAILPOINTS:
        raise InvalidInput("name", f"{name!r} is no failpoint; `payonce failpoints` lists them")
    if moment not in MOMENTS:
        raise InvalidInput("moment", f"{moment!r} is not one of {', '.join(MOMENTS)}")
    if not nth.isascii() or not nth.isdigit() or int(nth) < 1:
        raise InvalidInput("nth", f"{nth!r} is not a count from 1")
    if kind not in kinds_of(name, moment):
        raise InvalidInput("kind", f"{kind!r} is not one of {', '.join(kinds_of(name, moment))} ({moment} {name})")
    return Armed(name=name, moment=moment, nth=int(nth), kind=kind, subject=subject)


def kinds_of(name: str, moment: Moment) -> tuple[Kind, ...]:
    """What may go wrong there: only an effect that happened can lose its reply."""
    loses = moment == "after" and FAILPOINTS[name].lost is not None
    return KINDS if loses else tuple(kind for kind in KINDS if kind != "drop_reply")
