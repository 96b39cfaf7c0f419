"""Stripe's own way to register a webhook endpoint; the secret is shown once, on creation."""

from dataclasses import replace
from urllib.parse import urlsplit

from simulator.records import Json, Record
from simulator.stripe import lists, metadata
from simulator.stripe.errors import invalid
from simulator.stripe.turn import WIRE, Turn
from simulator.webhooks import Endpoint


def create(turn: Turn, parameters: Json) -> Json:
    _check_url(parameters["url"])
    secret = f"whsec_{turn.parts.entropy.letters(32)}"
    body: Json = {
        "id": turn.new_id("we"), "object": "webhook_endpoint", "api_version": parameters.get("api_version"),
        "application": None, "created": turn.second, "description": parameters.get("description"),
        "enabled_events": parameters["enabled_events"], "livemode": False,
        "metadata": metadata.merged({}, parameters), "status": "enabled", "url": parameters["url"],
    }  # fmt: skip
    endpoint = turn.add("webhook_endpoint", body, {"secret": secret})
    _register(turn, endpoint)
    return {**body, "secret": secret}


def retrieve(turn: Turn, _parameters: Json, endpoint_id: str) -> Json:
    return turn.get("webhook_endpoint", endpoint_id, param="webhook_endpoint").body


def update(turn: Turn, parameters: Json, endpoint_id: str) -> Json:
    endpoint = turn.get("webhook_endpoint", endpoint_id, param="webhook_endpoint")
    if "url" in parameters:
        _check_url(parameters["url"])
    for name in ("url", "enabled_events", "description"):
        if name in parameters:
            endpoint.body[name] = parameters[name]
    if "disabled" in parameters:
        endpoint.body["status"] = "disabled" if parameters["disabled"] else "enabled"
    metadata.update(turn, endpoint, parameters)
    turn.save(endpoint)
    _register(turn, endpoint)
    return endpoint.body


def delete(turn: Turn, _parameters: Json, endpoint_id: str) -> Json:
    endpoint = turn.get("webhook_endpoint", endpoint_id, param="webhook_endpoint")
    turn.remove(endpoint)
    turn.parts.webhooks.remove_endpoint(endpoint_id)
    return {"id": endpoint_id, "object": "webhook_endpoint", "deleted": True}


def listed(turn: Turn, parameters: Json) -> Json:
    return lists.listed(turn, "webhook_endpoint", "/v1/webhook_endpoints", parameters)


def _register(turn: Turn, record: Record) -> None:
    body = record.body
    endpoint = Endpoint(
        record.id, WIRE, turn.account, body["url"], record.private["secret"], tuple(body["enabled_events"])
    )
    turn.parts.webhooks.put_endpoint(replace(endpoint, enabled=body["status"] == "enabled"))


def _check_url(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise invalid(
            "Invalid URL: An explicit scheme (such as https) must be provided.", param="url", code="url_invalid"
        )
