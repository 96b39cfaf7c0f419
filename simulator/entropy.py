"""Where ids and secrets come from: the machine's randomness, or a seed when a run must be repeatable."""

import os
import random
from collections.abc import Callable

_ALPHABET = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_TO_ALPHABET = bytes(_ALPHABET[value % len(_ALPHABET)] for value in range(256))


class Entropy:
    """Draws the letters and digits of ids."""

    def __init__(self, source: Callable[[int], bytes] = os.urandom) -> None:
        self._source = source

    @classmethod
    def seeded(cls, seed: int) -> "Entropy":
        return cls(random.Random(seed).randbytes)  # noqa: S311 - repeatable ids for tests, not secrets

    def letters(self, count: int) -> str:
        return self._source(count).translate(_TO_ALPHABET).decode("ascii")
