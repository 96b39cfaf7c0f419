"""Handlers only fill the mailbox; the workflow's one loop takes messages out, in order, and answers them."""

from collections import deque
from dataclasses import dataclass
from typing import Generic, TypeVar

from domain.commands import Command
from domain.messages import EventNotice, Receipt

M = TypeVar("M", bound=Command | EventNotice)


@dataclass(slots=True)
class Letter(Generic[M]):
    """A message and, once the loop has acted, its answer or the reason there is none."""

    message: M
    receipt: Receipt | None = None
    failure: str | None = None

    @property
    def is_answered(self) -> bool:
        return self.receipt is not None or self.failure is not None


class Mailbox:
    """First in, first out. Notices already waiting are not queued twice."""

    def __init__(self) -> None:
        self._letters: deque[Letter[Command | EventNotice]] = deque()

    def put(self, message: Command | EventNotice) -> Letter[Command | EventNotice]:
        same = next((letter for letter in self._letters if letter.message == message), None)
        if same is not None:
            return same
        letter = Letter(message)
        self._letters.append(letter)
        return letter

    def take(self) -> Letter[Command | EventNotice] | None:
        return self._letters.popleft() if self._letters else None

    @property
    def is_empty(self) -> bool:
        return not self._letters
