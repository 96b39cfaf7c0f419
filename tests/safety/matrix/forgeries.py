"""Webhooks that must not be believed, one function per way to forge them, and the edges that must be.

Each takes a genuine delivery and spoils one thing. A forger never makes something that means the same: a byte really
differs, a window is really left. Here is what all gateways share; each has a file of its own for how it signs.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Protocol

from domain.gateway import Gateway

SECRET = "whsec_alice"
OLD_SECRET = "whsec_alice_before_the_rotation"
REVOKED_SECRET = "whsec_alice_revoked"
OTHER_TENANT = "whsec_bob"
NO_SECRETS_OF_OURS = (REVOKED_SECRET, "", " ", SECRET + " ", SECRET.upper(), SECRET[:-1], "whsec_")


@dataclass(frozen=True, slots=True)
class Post:
    """What arrives at the door. `at` is the second in which it was signed."""

    headers: tuple[tuple[str, str], ...]
    raw: bytes
    at: int

    def value(self, name: str) -> str:
        return next(value for given, value in self.headers if given == name)

    def having(self, name: str, value: str) -> "Post":
        """With another value of that header."""
        return replace(self, headers=tuple((given, value if given == name else v) for given, v in self.headers))


Forger = Callable[[Random, Post], Post]


class Genuine(Protocol):
    """A delivery as the gateway signs it."""

    def __call__(self, raw: bytes, *, at: int, secret: str = SECRET) -> Post: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Craft:
    """How one gateway's webhooks are made and forged. `account` builds our adapter with these webhook secrets,
    `believable` are the edges of what must be accepted."""

    genuine: Genuine
    forgers: Mapping[str, Forger]
    believable: Callable[[bytes, int], Mapping[str, Post]]
    account: Callable[..., Gateway]


def named(*forgers: Forger) -> Mapping[str, Forger]:
    """By their names, with those of the body, which no gateway's signature may let through."""
    every: Iterable[Forger] = (*_OF_THE_BODY, *forgers)
    return {forger.__name__: forger for forger in every}


def a_byte_changed(draw: Random, post: Post) -> Post:
    place = draw.randrange(len(post.raw))
    other = draw.choice([byte for byte in range(256) if byte != post.raw[place]])
    return replace(post, raw=post.raw[:place] + bytes([other]) + post.raw[place + 1 :])


def a_byte_dropped(draw: Random, post: Post) -> Post:
    place = draw.randrange(len(post.raw))
    return replace(post, raw=post.raw[:place] + post.raw[place + 1 :])


def a_byte_added(draw: Random, post: Post) -> Post:
    place = draw.randrange(len(post.raw) + 1)
    return replace(post, raw=post.raw[:place] + draw.randbytes(1) + post.raw[place:])


def cut_short(draw: Random, post: Post) -> Post:
    return replace(post, raw=post.raw[: draw.randrange(len(post.raw))])


def more_of_it(draw: Random, post: Post) -> Post:
    return replace(post, raw=post.raw + draw.choice([b"\n", b" ", b"\x00", b"{}", post.raw]))


def encoded_again(draw: Random, post: Post) -> Post:
    """The same meaning in other bytes: signatures are over what was sent, not over what it says."""
    event = json.loads(post.raw)
    forms = [
        json.dumps(event, indent=2),
        json.dumps(event, sort_keys=True, separators=(", ", ": ")),
        json.dumps(event, separators=(" ,", ":")),
        json.dumps({**event, "again": True}),
    ]
    return replace(post, raw=draw.choice(forms).encode(draw.choice(["utf-8", "utf-16", "utf-8-sig"])))


_OF_THE_BODY: tuple[Forger, ...] = (
    a_byte_changed, a_byte_dropped, a_byte_added, cut_short, more_of_it, encoded_again,
)  # fmt: skip
