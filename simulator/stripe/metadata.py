"""Stripe's metadata: merged on update, a pair is unset by an empty value, all of them by an empty metadata."""

from collections.abc import Mapping

from simulator.records import Json, Record
from simulator.stripe.turn import Turn

_ABSENT: Json = {}


def merged(known: Mapping[str, str], parameters: Json) -> dict[str, str]:
    if "metadata" not in parameters:
        return dict(known)
    given = parameters["metadata"]
    if given is None:
        return {}
    return {name: value for name, value in {**known, **given}.items() if value is not None}


def terms(metadata: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(f"metadata[{name}]", value) for name, value in metadata.items()]


def update(turn: Turn, record: Record, parameters: Json) -> None:
    """Change the metadata of an object and of the index that finds it; the caller saves the object."""
    if "metadata" not in parameters:
        return
    turn.unindex(record, terms(record.body["metadata"] or _ABSENT))
    record.body["metadata"] = merged(record.body["metadata"] or _ABSENT, parameters)
    turn.index(record, terms(record.body["metadata"]))
