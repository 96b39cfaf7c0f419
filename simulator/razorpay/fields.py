"""What a parameter may be: small checks that turn a client's value into ours, or refuse it in Razorpay's words."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from simulator.razorpay.errors import invalid, required, unexpected

Check = Callable[[str, Any], Any]

_NOTES, _NOTE_LENGTH = 15, 256


@dataclass(frozen=True, slots=True)
class Field:
    """One parameter: how it is read, and whether it must be there."""

    check: Check
    required: bool = False


Schema = Mapping[str, Field]


def read(schema: Schema, given: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters as ours; null counts as absent. Raises RazorpayError for unknown, absent or wrong ones."""
    unknown = [name for name in given if name not in schema]
    if unknown:
        raise unexpected(unknown)
    for name, field in schema.items():
        if field.required and given.get(name) in (None, ""):
            raise required(name)
    return {name: schema[name].check(name, value) for name, value in given.items() if value is not None}


def integer(name: str, value: Any) -> int:
    """A number, or its digits in a string, as Razorpay takes both; none that a database could not hold."""
    written = value if isinstance(value, str) else str(value) if type(value) is int else ""
    if re.fullmatch(r"-?\d{1,15}", written):
        return int(written)
    raise invalid(f"The {name} must be an integer.", field=name)


def boolean(name: str, value: Any) -> bool:
    meaning = {"1": True, "true": True, "0": False, "false": False}.get(str(value).lower())
    if meaning is None:
        raise invalid(f"The {name.replace('_', ' ')} field must be true or false.", field=name)
    return meaning


def text(longest: int = 255) -> Check:
    def check(name: str, value: Any) -> str:
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise invalid(f"The {name.replace('_', ' ')} must be a string.", field=name)
        if len(str(value)) > longest:
            raise invalid(f"The {name.replace('_', ' ')} may not be greater than {longest} characters.", field=name)
        return str(value)

    return check


def choice(*allowed: str) -> Check:
    def check(name: str, value: Any) -> str:
        if value not in allowed:
            raise invalid(f"The selected {name.replace('_', ' ')} is invalid.", field=name)
        return str(value)

    return check


def group(schema: Schema) -> Check:
    """An object within the request; its fields are named as `card[number]`."""

    def check(name: str, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise invalid(f"The {name} must be an array.", field=name)
        return read(schema, value)

    return check


def texts(name: str, value: Any) -> list[str]:
    listed = value if isinstance(value, list) else [value]
    return [text()(name, item) for item in listed]


def anything(_name: str, value: Any) -> Any:
    """For what is accepted and has no effect here."""
    return value


def notes(name: str, value: Any) -> dict[str, str]:
    """Key-value pairs; an empty list means none, since Razorpay itself writes them so."""
    if value == []:
        return {}
    if not isinstance(value, dict):
        raise invalid("The notes must be an array.", field=name)
    if len(value) > _NOTES:
        raise invalid(f"The notes may not have more than {_NOTES} items.", field=name)
    return {key: text(_NOTE_LENGTH)(f"notes.{key}", item) for key, item in value.items()}


def shown_notes(given: dict[str, str] | None) -> dict[str, str] | list[str]:
    """As Razorpay shows notes: without any, an empty list."""
    return given or []
