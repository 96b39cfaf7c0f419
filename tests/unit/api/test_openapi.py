"""The OpenAPI document is whole: every reference resolves, every schema is one, every example fits, every real answer
is as documented."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from api.app import create_app
from tests.unit.api.conftest import PAY, World, make_parts

METHODS = ("get", "post", "delete", "put", "patch")


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    made: dict[str, Any] = json.loads(json.dumps(create_app(make_parts()).openapi()))
    return made


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert method in METHODS
            yield path, method, operation


def validator(document: dict[str, Any], schema: dict[str, Any]) -> Draft202012Validator:
    return Draft202012Validator({**schema, "components": document["components"]})


def contents(operation: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for name, holder in [("request", operation.get("requestBody", {})), *operation["responses"].items()]:
        for media_type, content in holder.get("content", {}).items():
            yield name, media_type, content


def shown(content: dict[str, Any]) -> Iterator[Any]:
    """A content has one example or several named ones, never both."""
    assert ("example" in content) != ("examples" in content)
    yield from [content["example"]] if "example" in content else (e["value"] for e in content["examples"].values())


def test_it_is_openapi_31_and_every_reference_resolves(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    names = re.findall(r'"\$ref": "([^"]+)"', json.dumps(document))
    assert names
    for name in names:
        assert name.startswith("#/components/schemas/")
        assert name.rpartition("/")[2] in document["components"]["schemas"]


def test_every_schema_is_a_schema_and_is_used(document: dict[str, Any]) -> None:
    text = json.dumps(document)
    for name, schema in document["components"]["schemas"].items():
        Draft202012Validator.check_schema(schema)
        assert f'"#/components/schemas/{name}"' in text, f"{name} is used nowhere"


def test_every_operation_has_a_name_examples_and_problems(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(names) == len(set(names))
    for path, method, operation in operations(document):
        where = f"{method} {path}"
        assert operation["summary"], where
        assert operation["tags"], where
        parameters = {p["name"] for p in operation.get("parameters", []) if p["in"] == "path"}
        assert parameters == set(re.findall(r"{(\w+)}", path)), where
        for name, media_type, content in contents(operation):
            assert list(shown(content)), f"{where} {name}"
            expected = "application/problem+json" if name >= "400" and name.isdigit() else "application/json"
            assert media_type in (expected, "text/plain") or path == "/readyz", f"{where} {name}"
        if path.startswith("/v1/") and operation.get("security") != []:
            assert {"401", "403", "503"} <= set(operation["responses"]), where
        if "requestBody" in operation:
            assert {"400", "413", "415", "422"} <= set(operation["responses"]), where


def test_every_example_fits_its_schema(document: dict[str, Any]) -> None:
    checked = 0
    for path, method, operation in operations(document):
        for name, _, content in contents(operation):
            for example in shown(content):
                errors = list(validator(document, content["schema"]).iter_errors(example))
                assert errors == [], f"{method} {path} {name}"
                checked += 1
    assert checked > 150


def test_a_payment_in_the_browser_is_shown_with_what_the_gateways_script_needs(document: dict[str, Any]) -> None:
    created = document["paths"]["/v1/payments"]["post"]["responses"]["201"]["content"]["application/json"]
    action = created["examples"]["paid in the browser"]["value"]["next_action"]
    assert {"order_id", "key_id", "amount", "currency"} <= action["data"].keys()
    assert all(isinstance(told, str) for told in action["data"].values())
    assert action["callback_url"]


def test_money_moving_routes_of_v1_require_a_key(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        moving = method == "post" and re.fullmatch(r"/v1/(payments.*|checkout-sessions)", path)
        keys = [p for p in operation.get("parameters", []) if p["name"] == "Idempotency-Key"]
        if moving:
            assert keys[0]["required"], path


def test_open_routes_say_so(document: dict[str, Any]) -> None:
    assert document["security"] == [{"api_key": []}]
    open_routes = {path for path, _, operation in operations(document) if operation.get("security") == []}
    gateways = {"/v1/webhooks/{gateway}/{account}", "/api/webhooks/{gateway}", "/v1/callbacks/{gateway}/{account}"}
    assert open_routes == {"/livez", "/readyz", "/metrics"} | gateways


async def test_real_answers_are_as_documented(world: World) -> None:
    document = (await world.client.get("/openapi.json")).json()
    paid = await world.pay(payment_method="pm_3ds")
    captured = await world.pay()
    requests: list[tuple[str, str, str, Any]] = [
        ("post", "/v1/payments", "/v1/payments", PAY),
        ("post", "/v1/payments", "/v1/payments", PAY | {"payment_method": "pm_decline"}),
        ("post", "/v1/payments", "/v1/payments", PAY | {"payment_method": "pm_unknown"}),
        ("post", "/v1/payments", "/v1/payments", {"amount": 0}),
        ("get", "/v1/payments", "/v1/payments?limit=2", None),
        ("get", "/v1/payments/{payment_id}", f"/v1/payments/{paid['id']}", None),
        ("get", "/v1/payments/{payment_id}/timeline", f"/v1/payments/{paid['id']}/timeline", None),
        ("post", "/v1/payments/{payment_id}/cancel", f"/v1/payments/{paid['id']}/cancel", {}),
        ("post", "/v1/payments/{payment_id}/capture", f"/v1/payments/{paid['id']}/capture", {}),
        ("post", "/v1/payments/{payment_id}/refunds", f"/v1/payments/{captured['id']}/refunds", {"amount": 5}),
        ("post", "/v1/customers", "/v1/customers", {"name": "Ada"}),
        ("post", "/charge", "/charge", {"provider": "stripe", "amount": 1, "currency": "EUR", "paymentMethodId": "pm"}),
        ("post", "/refund", "/refund", {"transactionId": captured["id"], "amount": 5}),
        ("get", "/transactions", "/transactions", None),
        ("get", "/readyz", "/readyz", None),
    ]
    for method, template, path, body in requests:
        answer = await (world.post(path, body) if method == "post" else world.get(path))
        documented = document["paths"][template][method]["responses"][str(answer.status_code)]
        media_type = answer.headers["Content-Type"].partition(";")[0]
        schema = documented["content"][media_type]["schema"]
        errors = list(validator(document, schema).iter_errors(answer.json()))
        assert errors == [], f"{method} {path}: {answer.text}"
