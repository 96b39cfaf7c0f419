"""Checks a decoded request against the table of allowed parameters and gives typed values back, as Stripe would.

Unknown names, missing ones, bad integers and words outside an enum are refused with Stripe's own codes. Errors leave
the idempotency key free. A cleared parameter (an empty string where Stripe lets one unset) comes back as None.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from simulator.stripe.errors import StripeError, invalid
from simulator.stripe.form import Tree

Check = Callable[[Any, str], Any]

_INTEGER = re.compile(r"[+-]?\d{1,18}")
_NUMBER = re.compile(r"[+-]?\d{1,15}(\.\d+)?")
_METADATA_PAIRS, _METADATA_NAME, _METADATA_VALUE = 50, 40, 500


class ParameterTable:
    """The compiled table: one check per operation."""

    def __init__(self) -> None:
        table = json.loads(Path(__file__).with_name("parameters.json").read_text(encoding="utf-8"))
        self._shapes: list[Check] = []
        for shape in table["shapes"]:
            self._shapes.append(self._compile(shape))
        self._operations = {name: self._compile(node) for name, node in table["operations"].items()}
        self.names = frozenset(self._operations)

    def check(self, operation: str, given: Tree) -> dict[str, Any]:
        values: dict[str, Any] = self._operations[operation](given, "")
        return values

    def _compile(self, node: Any) -> Check:
        if isinstance(node, int):
            return self._shapes[node]
        if isinstance(node, str):
            return _SCALARS[node]
        [(kind, inner), *_rest] = node.items()
        match kind:
            case "string":
                return _short_string(inner)
            case "enum":
                return _enum(tuple(inner))
            case "array":
                return _array(self._compile(inner))
            case "map":
                return _map(self._compile(inner))
            case "clearable":
                return _clearable(self._compile(inner))
            case "any":
                return _any([self._compile(alternative) for alternative in inner])
            case _:
                checks = {name: self._compile(item) for name, item in inner.items()}
                return _object(checks, tuple(node["required"]))


def _string(value: Any, path: str) -> str:
    if not isinstance(value, str):
        raise invalid(f"Invalid string: {json.dumps(value)}", param=path)
    if not value:
        raise invalid(
            f"You passed an empty string for '{path}'. We assume empty values are an attempt to unset a parameter;"
            f" however '{path}' cannot be unset. You should remove '{path}' from your request or supply a"
            " non-empty value.",
            param=path, code="parameter_invalid_empty",
        )  # fmt: skip
    if len(value) > 5_000:
        raise _too_long(value, path, 5_000)
    return value


def _integer(value: Any, path: str) -> int:
    if not isinstance(value, str) or not _INTEGER.fullmatch(value):
        if value == "":
            return int(_string(value, path))
        raise invalid(f"Invalid integer: {value}", param=path, code="parameter_invalid_integer")
    return int(value)


def _boolean(value: Any, path: str) -> bool:
    if value not in ("true", "false"):
        raise invalid(f"Invalid boolean: {value}", param=path)
    return bool(value == "true")


def _number(value: Any, path: str) -> float:
    if not isinstance(value, str) or not _NUMBER.fullmatch(value):
        raise invalid(f"Invalid decimal: {value}", param=path)
    return float(value)


_SCALARS: dict[str, Check] = {"string": _string, "integer": _integer, "boolean": _boolean, "number": _number}


def _short_string(maximum: int) -> Check:
    def check(value: Any, path: str) -> str:
        text = _string(value, path) if maximum <= 5_000 or not isinstance(value, str) or not value else value
        if len(text) > maximum:
            raise _too_long(text, path, maximum)
        return text

    return check


def _too_long(value: str, path: str, maximum: int) -> StripeError:
    shown = f"{value[:10]}...{value[-5:]}"
    return invalid(f"Invalid string: {shown}; must be at most {maximum} characters", param=path)


def _enum(words: tuple[str, ...]) -> Check:
    allowed = frozenset(words)
    listed = ", ".join(words[:-1]) + (
        f", or {words[-1]}" if len(words) > 2 else f" or {words[-1]}" if words[1:] else words[0]
    )

    def check(value: Any, path: str) -> str:
        if not isinstance(value, str) or value not in allowed:
            raise invalid(f"Invalid {path}: must be one of {listed}", param=path)
        return value

    return check


def _array(item: Check) -> Check:
    def check(value: Any, path: str) -> list[Any]:
        if value == "":
            return []
        if not isinstance(value, dict) or not all(key.isdigit() for key in value):
            raise invalid("Invalid array", param=path)
        return [item(value[key], f"{path}[{key}]") for key in sorted(value, key=int)]

    return check


def _map(item: Check) -> Check:
    """Free names, as in metadata: at most 50 pairs of 40 and 500 characters; an empty value unsets its name."""

    def check(value: Any, path: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise invalid(f"Invalid object: {value}", param=path)
        if len(value) > _METADATA_PAIRS:
            raise invalid(f"Metadata can have at most {_METADATA_PAIRS} keys, you passed {len(value)}.", param=path)
        return {name: _map_value(name, text, path, item) for name, text in value.items()}

    return check


def _map_value(name: str, value: Any, path: str, item: Check) -> Any:
    if len(name) > _METADATA_NAME:
        raise invalid(f"Metadata keys can have up to {_METADATA_NAME} characters, you passed {len(name)}.", param=path)
    if isinstance(value, str) and len(value) > _METADATA_VALUE:
        raise invalid(
            f"Metadata values can have up to {_METADATA_VALUE} characters, but you passed in a value that is"
            f" {len(value)} characters. Invalid value: {value[:20]}...", param=f"{path}[{name}]",
        )  # fmt: skip
    return None if value == "" else item(value, f"{path}[{name}]")


def _clearable(inner: Check) -> Check:
    def check(value: Any, path: str) -> Any:
        return None if value == "" else inner(value, path)

    return check


def _any(alternatives: list[Check]) -> Check:
    def check(value: Any, path: str) -> Any:
        problem: StripeError | None = None
        for alternative in alternatives:
            try:
                return alternative(value, path)
            except StripeError as error:
                # An error inside a nested value says more than "not this shape".
                if problem is None or len(str(error.fields.get("param", ""))) > len(
                    str(problem.fields.get("param", ""))
                ):
                    problem = error
        raise problem or invalid(f"Invalid value: {value}", param=path)

    return check


def _object(checks: dict[str, Check], required: tuple[str, ...]) -> Check:
    def check(value: Any, path: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise invalid(f"Invalid object: {value}", param=path)
        values = {}
        for name, item in value.items():
            inner = checks.get(name)
            full = f"{path}[{name}]" if path else name
            if inner is None:
                raise invalid(f"Received unknown parameter: {full}", param=full, code="parameter_unknown")
            values[name] = inner(item, full)
        for name in required:
            if name not in values:
                full = f"{path}[{name}]" if path else name
                raise invalid(f"Missing required param: {full}.", param=full, code="parameter_missing")
        return values

    return check
