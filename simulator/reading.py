"""Bodies of control requests: JSON into a strict model; what is wrong is named by pydantic's ValidationError."""

from typing import TypeVar

from pydantic import BaseModel, ConfigDict
from starlette.requests import Request


class Strict(BaseModel):
    """A body in which an unknown field is an error."""

    model_config = ConfigDict(extra="forbid")


Model = TypeVar("Model", bound=BaseModel)


async def read(request: Request, model: type[Model]) -> Model:
    body = await request.body()
    return model.model_validate_json(body or b"{}")
