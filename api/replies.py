"""An answer as the bytes that are sent, stored for replay and sent again."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from fastapi import Response
from pydantic import BaseModel

PROBLEM = "application/problem+json"
NO_HEADERS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Reply:
    """Status and body are what a replay repeats; headers are made anew."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self) -> Response:
        media_type = PROBLEM if self.status >= 400 else "application/json"
        return Response(self.body, self.status, headers=dict(self.headers), media_type=media_type)


def told(
    model: BaseModel, status: int = 200, headers: Mapping[str, str] = NO_HEADERS, *, only_set: bool = False
) -> Reply:
    """The model as an answer; `only_set` leaves out the fields nobody set."""
    return Reply(status, model.__pydantic_serializer__.to_json(model, exclude_unset=only_set), headers)
