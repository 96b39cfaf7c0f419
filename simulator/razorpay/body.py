"""What came with a request: JSON as every SDK but one sends it, or bracketed form fields; queries with `expand[]`."""

import json
import re
from typing import Any
from urllib.parse import parse_qsl

from simulator.razorpay.errors import invalid
from simulator.records import Json
from simulator.wire import WireRequest


def given(request: WireRequest) -> Json:
    """Query and body as one object. Raises RazorpayError for a body that is neither JSON nor a form."""
    found = nested(request.query)
    if request.body and request.method != "GET":
        found |= _body(request)
    return found


def _body(request: WireRequest) -> Json:
    try:
        told = request.body.decode()
        if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            return nested(told)
        value = json.loads(told)
    except ValueError as error:
        raise invalid("The request body is not valid JSON.") from error
    if value == []:  # how PHP writes an empty object
        return {}
    if not isinstance(value, dict):
        raise invalid("The request body must be an object.")
    return value


def nested(fields: str) -> Json:
    """`a[b]=1&c[]=2` as `{"a": {"b": "1"}, "c": ["2"]}`."""
    found: Json = {}
    for name, value in parse_qsl(fields, keep_blank_values=True):
        *path, last = re.findall(r"[^\[\]]+|\[\]", name) or [""]
        place: Any = found
        for index, part in enumerate(path):
            follows = (path[index + 1 :] or [last])[0]
            place = place.setdefault(part, [] if follows == "[]" else {}) if isinstance(place, dict) else {}
        if last == "[]" and isinstance(place, list):
            place.append(value)
        elif isinstance(place, dict):
            place[last] = value
    return found
