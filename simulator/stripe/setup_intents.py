"""Setup intents: saving a card for later charges while the customer is away."""

from simulator.records import Json, Record
from simulator.stripe import charging, lists, metadata, payment_methods
from simulator.stripe.cards import Decline
from simulator.stripe.errors import StripeError, invalid, refused
from simulator.stripe.turn import Reply, Turn

_OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")
_NOT_OFFERED = (
    "on_behalf_of",
    "attach_to_self",
    "flow_directions",
    "single_use",
    "confirmation_token",
    "customer_account",
)


def create(turn: Turn, parameters: Json) -> Json | Reply:
    _check(parameters)
    if parameters.get("customer"):
        turn.get("customer", parameters["customer"], param="customer", status=400)
    intent = add(turn, parameters)
    turn.emit("setup_intent.created", intent.body)
    return _confirm(turn, intent, parameters) if parameters.get("confirm") else intent.body


def add(turn: Turn, parameters: Json, private: Json | None = None) -> Record:
    intent_id = turn.new_id("seti")
    automatic, types = parameters.get("automatic_payment_methods"), parameters.get("payment_method_types")
    enabled = automatic["enabled"] if automatic else not types
    redirects = (automatic or {}).get("allow_redirects", "always")
    options = {"card": {"mandate_options": None, "network": None, "request_three_d_secure": "automatic"}}
    body: Json = {
        "id": intent_id, "object": "setup_intent", "application": None,
        "automatic_payment_methods": {"allow_redirects": redirects, "enabled": True} if enabled else None,
        "cancellation_reason": None, "client_secret": f"{intent_id}_secret_{turn.parts.entropy.letters(25)}",
        "created": turn.second, "customer": parameters.get("customer"), "description": parameters.get("description"),
        "flow_directions": None, "last_setup_error": None, "latest_attempt": None, "livemode": False, "mandate": None,
        "metadata": metadata.merged({}, parameters), "next_action": None, "on_behalf_of": None, "payment_method": None,
        "payment_method_configuration_details": None,
        "payment_method_options": options,
        "payment_method_types": types or ["card"], "single_use_mandate": None, "status": "requires_payment_method",
        "usage": parameters.get("usage", "off_session"),
    }  # fmt: skip
    intent = turn.add("setup_intent", body, private, charging.reference_terms(body))
    _take_method(turn, intent, parameters)
    turn.save(intent)
    return intent


def retrieve(turn: Turn, parameters: Json, intent_id: str) -> Json:
    intent = turn.get("setup_intent", intent_id, param="intent")
    if parameters.get("client_secret") not in (None, intent.body["client_secret"]):
        raise invalid("The client_secret provided does not match this SetupIntent.", param="client_secret")
    return intent.body


def update(turn: Turn, parameters: Json, intent_id: str) -> Json:
    intent = turn.get("setup_intent", intent_id, param="intent")
    _check({**parameters, "confirm": True})
    _require_open(intent, "update")
    if parameters.get("customer"):
        turn.get("customer", parameters["customer"], param="customer", status=400)
        intent.body["customer"] = parameters["customer"]
    if "description" in parameters:
        intent.body["description"] = parameters["description"]
    _take_method(turn, intent, parameters)
    metadata.update(turn, intent, parameters)
    turn.save(intent)
    return intent.body


def confirm(turn: Turn, parameters: Json, intent_id: str) -> Json | Reply:
    intent = turn.get("setup_intent", intent_id, param="intent")
    _check({**parameters, "confirm": True})
    _require_open(intent, "confirm")
    _take_method(turn, intent, parameters)
    return _confirm(turn, intent, parameters)


def cancel(turn: Turn, parameters: Json, intent_id: str) -> Json:
    intent = turn.get("setup_intent", intent_id, param="intent")
    _require_open(intent, "cancel")
    intent.body.update(status="canceled", cancellation_reason=parameters.get("cancellation_reason"), next_action=None)
    turn.save(intent)
    turn.emit("setup_intent.canceled", intent.body)
    return intent.body


def listed(turn: Turn, parameters: Json) -> Json:
    terms = lists.filters(parameters, "customer", "payment_method")
    return lists.listed(turn, "setup_intent", "/v1/setup_intents", parameters, terms)


def finish_authentication(turn: Turn, intent: Record, method: Record, *, approve: bool) -> Reply | None:
    if approve:
        _succeed(turn, intent, method)
        return None
    message = (
        "We are unable to authenticate your payment method. Please choose a different payment method and try again."
    )
    error = {
        "type": "card_error", "code": "setup_intent_authentication_failure", "message": message,
        "payment_method": method.body,
    }  # fmt: skip
    return _fail(turn, intent, error)


def _confirm(turn: Turn, intent: Record, parameters: Json) -> Json | Reply:
    if intent.body["payment_method"] is None:
        raise _unexpected_state(intent, "You cannot confirm this SetupIntent because it's missing a payment method.")
    if "return_url" in parameters:
        intent.private["return_url"] = parameters["return_url"]
    automatic = intent.body["automatic_payment_methods"]
    if automatic and automatic["allow_redirects"] != "never" and not intent.private.get("return_url"):
        raise refused(
            "This SetupIntent is configured to accept payment methods enabled in your Dashboard. Because some of"
            " these payment"
            " methods might redirect your customer off of your page, you must provide a `return_url`."
        )
    method = turn.own("payment_method", intent.body["payment_method"])
    if parameters.get("mandate_data"):
        method.private["mandated"] = True
    card = payment_methods.card_of(method)
    intent.body.update(last_setup_error=None, next_action=None)
    if card is not None and card.authentication in ("always", "until_set_up") and not method.private.get("set_up"):
        intent.body.update(status="requires_action", next_action=charging.next_action(turn, intent))
        turn.save(intent)
        turn.emit("setup_intent.requires_action", intent.body)
    elif card is not None and card.decline is not None and not card.attaches:
        return _decline(turn, intent, method, card.decline)
    else:
        _succeed(turn, intent, method)
    return intent.body


def _succeed(turn: Turn, intent: Record, method: Record) -> None:
    method.private["set_up"] = intent.body["usage"] == "off_session"
    turn.save(method)
    if intent.body["customer"]:
        payment_methods.attach(turn, method, intent.body["customer"])
    intent.body.update(status="succeeded", next_action=None)
    turn.save(intent)
    turn.emit("setup_intent.succeeded", intent.body)


def _decline(turn: Turn, intent: Record, method: Record, decline: Decline) -> Reply:
    error = payment_methods.card_error(decline, payment_method=method.body)
    return _fail(turn, intent, error.envelope(turn.request_id or "")["error"])


def _fail(turn: Turn, intent: Record, error: Json) -> Reply:
    intent.body.update(status="requires_payment_method", payment_method=None, next_action=None, last_setup_error=error)
    turn.save(intent)
    turn.emit("setup_intent.setup_failed", intent.body)
    return Reply(402, {"error": {**error, "setup_intent": intent.body}})


def _take_method(turn: Turn, intent: Record, parameters: Json) -> None:
    if parameters.get("payment_method"):
        method = payment_methods.resolve(turn, parameters["payment_method"])
    elif parameters.get("payment_method_data"):
        method = payment_methods.from_data(turn, parameters["payment_method_data"])
    else:
        return
    payment_methods.check_usable(method, customer=intent.body["customer"])
    intent.body.update(payment_method=method.id, status="requires_confirmation")
    turn.index(intent, [("payment_method", method.id)])


def _check(parameters: Json) -> None:
    for name in _NOT_OFFERED:
        if name in parameters:
            raise invalid(f"The simulator does not offer `{name}`.", param=name)
    if "return_url" in parameters and not parameters.get("confirm"):
        raise invalid(
            "The parameter `return_url` cannot be passed when creating a SetupIntent unless `confirm` is set to true.",
            param="return_url",
        )


def _require_open(intent: Record, verb: str) -> None:
    if intent.body["status"] not in _OPEN:
        raise _unexpected_state(
            intent, f"You cannot {verb} this SetupIntent because it has a status of {intent.body['status']}."
        )


def _unexpected_state(intent: Record, message: str) -> StripeError:
    return refused(message, code="setup_intent_unexpected_state", setup_intent=intent.body)
