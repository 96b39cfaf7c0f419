"""Stripe's request bodies: form fields with bracketed names, `a[b][c]=1`, lists as `x[]=` or as `x[0]=`."""

import re
from typing import Any
from urllib.parse import parse_qsl

from simulator.stripe.errors import StripeError, invalid

_NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_PART = re.compile(r"\[([^\[\]]*)\]")
_MAXIMUM_FIELDS = 2_000

Tree = dict[str, Any]


def decode(encoded: str) -> Tree:
    """Nested dicts of strings; lists stay dicts of numbered keys until the parameter table says they are lists."""
    tree: Tree = {}
    if not encoded:
        return tree
    try:
        fields = parse_qsl(
            encoded, keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=_MAXIMUM_FIELDS
        )
    except (ValueError, UnicodeDecodeError) as error:
        raise invalid("Invalid request: the body is not a well-formed form.") from error
    for name, value in fields:
        if "[" in name or "]" in name:
            _place(tree, _path(name), value)
        else:
            _place(tree, [name], value)
    return tree


def _path(name: str) -> list[str]:
    match = _NAME.fullmatch(name)
    if match is None:
        raise _malformed(name)
    return [match[1], *_PART.findall(match[2])]


def _place(tree: Tree, path: list[str], value: str) -> None:
    node = tree
    for depth, part in enumerate(path[:-1]):
        name = part if part else _open_element(node, path[depth + 1])
        child = node.setdefault(name, {})
        if not isinstance(child, dict):
            raise _malformed(path[0])
        node = child
    last = path[-1] if path[-1] else str(len(node))
    if isinstance(node.get(last), dict):
        raise _malformed(path[0])
    node[last] = value


def _open_element(node: Tree, next_name: str) -> str:
    """With `x[][a]=1&x[][b]=2` the second field belongs to the first element, unless it already has that name."""
    if node:
        last = next(reversed(node))
        if isinstance(node[last], dict) and next_name and next_name not in node[last]:
            return last
    return str(len(node))


def _malformed(name: str) -> StripeError:
    return invalid(f"Invalid request: the field {name!r} is malformed or given twice in different shapes.", param=name)
