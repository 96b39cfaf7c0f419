"""Events, as the API shows them; webhooks carry the same objects."""

from simulator.records import Json
from simulator.stripe import lists
from simulator.stripe.turn import Turn


def retrieve(turn: Turn, _parameters: Json, event_id: str) -> Json:
    return turn.get("event", event_id).body


def listed(turn: Turn, parameters: Json) -> Json:
    types = [parameters["type"]] if "type" in parameters else parameters.get("types")
    return lists.listed(turn, "event", "/v1/events", parameters, one_of=("type", types) if types else None)
