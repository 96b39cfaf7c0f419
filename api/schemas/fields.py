"""The kinds of values public schemas are made of. Strict: a string is no number, a float is no amount."""

from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from domain.errors import InvalidInput
from domain.money import MAX_AMOUNT_MINOR, check_currency

PLAIN = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"
"""No control characters but tab and line ends: a NUL cannot be stored, the others forge log lines."""


class Asked(BaseModel):
    """What a client sends: unknown fields are refused, values are taken as they are or not at all."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Told(BaseModel):
    """What a client is told. Amounts are integers of minor units, times are UTC."""

    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True)


def _currency(code: str) -> str:
    try:
        return check_currency(code.upper())
    except InvalidInput as error:
        raise ValueError(error.message) from None


def _web_address(url: str) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.username
        _ = parts.port
    except ValueError:
        usable = False
    if not usable or any(character.isspace() for character in url):
        raise ValueError("must be an absolute http or https address without user name")
    return url


Amount = Annotated[int, Field(ge=1, le=MAX_AMOUNT_MINOR, description="integer of minor units: cents, yen, fils")]
Currency = Annotated[
    str, AfterValidator(_currency), Field(max_length=16, description="ISO 4217 code", examples=["EUR"])
]
Word = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=PLAIN)]
Text = Annotated[str, StringConstraints(max_length=1000, pattern=PLAIN)]
WebAddress = Annotated[str, StringConstraints(max_length=2048, pattern=PLAIN), AfterValidator(_web_address)]
MetadataKey = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=PLAIN)]
MetadataValue = Annotated[str, StringConstraints(max_length=500, pattern=PLAIN)]
Metadata = Annotated[
    dict[MetadataKey, MetadataValue], Field(max_length=40, description="your own notes: at most 40 strings by name")
]
Descriptor = Annotated[
    str, StringConstraints(min_length=2, max_length=22, pattern=r"^[^\x00-\x1f<>\\'\"*]*[A-Za-z][^\x00-\x1f<>\\'\"*]*$")
]
CaptureMethod = Literal["automatic", "manual"]
GatewayName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,31}$")]
MethodType = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,31}$")]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
JsonObject = dict[str, Any]
