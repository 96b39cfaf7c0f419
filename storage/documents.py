"""Domain values as jsonb documents and back, through pydantic.

PostgreSQL cannot keep a NUL character or half a surrogate pair in text, so both become U+FFFD; nothing else changes.
"""

import json
from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter

from domain.commands import Command
from domain.gateway import GatewayEvent, Instructions
from domain.operation import Operation
from domain.outcomes import CustomerAction, Decline, MethodSummary
from domain.payment import Dispute, MethodChoice
from domain.review import Review

T = TypeVar("T")
_REPLACEMENT = "\ufffd"


class Document(Generic[T]):
    """Writes and reads one kind of value. None is SQL's NULL."""

    def __init__(self, kind: Any) -> None:
        self._adapter: TypeAdapter[T] = TypeAdapter(kind)

    def write(self, value: T | None) -> str | None:
        return None if value is None else self.text(value)

    def text(self, value: T) -> str:
        try:
            text = self._adapter.dump_json(value).decode()
        except ValueError:  # half a surrogate pair has no bytes in UTF-8
            text = "\\u0000"
        return text if "\\u0000" not in text else json.dumps(_storable(self._adapter.dump_python(value, mode="json")))

    def read(self, text: str | None) -> T | None:
        return None if text is None else self.value(text)

    def value(self, text: str) -> T:
        return self._adapter.validate_json(text)


def storable(text: str) -> str:
    """The text as PostgreSQL can keep it."""
    return text.replace("\0", _REPLACEMENT).encode("utf-8", "replace").decode()


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {storable(name): _storable(item) for name, item in value.items()}
    return [_storable(item) for item in value] if isinstance(value, list) else value


ACTION = Document[CustomerAction](CustomerAction)
COMMAND = Document[Command](Command)
DECLINE = Document[Decline](Decline)
DISPUTES = Document[tuple[Dispute, ...]](tuple[Dispute, ...])
EVENT = Document[GatewayEvent](GatewayEvent)
FACTS = Document[Mapping[str, object]](dict[str, Any])
INSTRUCTIONS = Document[Instructions](Instructions)
METHOD = Document[MethodChoice](MethodChoice)
METHOD_SUMMARY = Document[MethodSummary](MethodSummary)
OPERATIONS = Document[tuple[Operation, ...]](tuple[Operation, ...])
REVIEW = Document[Review](Review)
TEXTS = Document[Mapping[str, str]](dict[str, str])
ROWS = Document[list[dict[str, object]]](list[dict[str, Any]])
