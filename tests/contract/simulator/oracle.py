"""Stripe's published OpenAPI document as a judge: every answer and event of the simulator must fit it.

Stricter than the document itself: an object may not carry a field the document does not name.
"""

import json
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.protocols import Validator

from simulator.stripe.routes import find
from simulator.stripe.specification import openapi_document

Json = dict[str, Any]


@cache
def _components() -> Json:
    # Copied first: the generator of the parameter table edits the document it is given.
    document = json.loads(json.dumps(openapi_document()))
    return {"paths": document["paths"], "schemas": {n: _plain(s) for n, s in document["components"]["schemas"].items()}}


def _plain(schema: Any) -> Any:
    """OpenAPI's dialect as JSON Schema: `nullable` spelled out, prose dropped, unknown fields refused."""
    if isinstance(schema, list):
        return [_plain(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return {"$ref": "#/$defs/" + schema["$ref"].rsplit("/", 1)[1]}
    kept: Json = {}
    for name, value in schema.items():
        if name == "properties":
            kept[name] = {field: _plain(inner) for field, inner in value.items()}
        elif name in ("items", "anyOf", "additionalProperties"):
            kept[name] = _plain(value)
        elif name in ("type", "required", "enum", "maxLength"):
            kept[name] = value
    if kept.get("properties") and "additionalProperties" not in kept:
        kept["additionalProperties"] = False
    return {"anyOf": [kept, {"type": "null"}]} if schema.get("nullable") else kept


@cache
def _validator(name: str) -> Validator:
    return _compiled({"$ref": f"#/$defs/{name}"})


@cache
def _answer_validator(operation: str) -> Validator:
    method, path = operation.split(" ")
    responses = _components()["paths"][path][method.lower()]["responses"]
    return _compiled(_plain(responses["200"]["content"]["application/json"]["schema"]))


def _compiled(schema: Json) -> Validator:
    return Draft202012Validator({**schema, "$defs": _components()["schemas"]})


def check_answer(method: str, path: str, status: int, body: Json) -> None:
    """Raise AssertionError naming every field where an HTTP answer leaves the document."""
    if status == 200:
        _assert_fits(_answer_validator(find(method, path)[0]), body, f"{method} {path}")
    else:
        _assert_fits(_validator("error"), body, f"{method} {path} -> {status}")


def check_event(event: Json) -> None:
    _assert_fits(_validator("event"), event, event["type"])
    told = event["data"]["object"]
    _assert_fits(_validator(told["object"]), told, f"{event['type']} data.object")


def check_object(body: Json) -> None:
    _assert_fits(_validator(body["object"]), body, body["object"])


def _assert_fits(validator: Validator, body: Json, what: str) -> None:
    problems = [
        f"{'.'.join(map(str, error.absolute_path))}: {error.message[:300]}" for error in _deepest(validator, body)
    ]
    assert not problems, f"{what} leaves Stripe's document:\n" + "\n".join(problems)


def _deepest(validator: Validator, body: Json) -> list[Any]:
    """Of an anyOf, the alternative that came closest says what is wrong."""
    found = []
    for error in validator.iter_errors(body):
        while error.context:
            error = max(error.context, key=lambda inner: len(inner.absolute_path))
        found.append(error)
    return found
