"""How our messages become payloads: Temporal's pydantic converter, with what it builds per type kept for the process.

The SDK makes a new converter for every workflow, and the pydantic one then builds the validator of every type anew: for
a Payment that is 8 ms of CPU, more than the workflow itself costs. On the wire nothing differs.
"""

import functools
from typing import Any

from pydantic import TypeAdapter
from temporalio.api.common.v1 import Payload
from temporalio.contrib.pydantic import PydanticJSONPlainPayloadConverter
from temporalio.converter import (
    CompositePayloadConverter,
    DataConverter,
    DefaultPayloadConverter,
    EncodingPayloadConverter,
    JSONPlainPayloadConverter,
)


class JsonPayloads(PydanticJSONPlainPayloadConverter):
    """Type hints must be hashable, as classes are."""

    def from_payload(self, payload: Payload, type_hint: type | None = None) -> Any:
        """Raises ValidationError."""
        return _validator(type_hint).validate_json(payload.data)


class Payloads(CompositePayloadConverter):
    def __init__(self) -> None:
        super().__init__(*_converters())


def data_converter() -> DataConverter:
    """The one every client, worker and test of ours uses."""
    return DataConverter(payload_converter_class=Payloads)


@functools.cache
def _validator(type_hint: type | None) -> TypeAdapter[Any]:
    return TypeAdapter(Any if type_hint is None else type_hint)


@functools.cache
def _converters() -> tuple[EncodingPayloadConverter, ...]:
    """Temporal's own in their order, JSON replaced; they keep no state."""
    return tuple(
        JsonPayloads() if isinstance(converter, JSONPlainPayloadConverter) else converter
        for converter in DefaultPayloadConverter.default_encoding_payload_converters
    )
