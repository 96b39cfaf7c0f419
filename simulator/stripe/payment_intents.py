"""Payment intents: create, update, confirm, capture, cancel, raise the hold, and find again."""

from typing import Any

from simulator.records import Json, Record
from simulator.stripe import charging, currencies, intents, lists, metadata, payment_methods, session_state
from simulator.stripe.currencies import shown
from simulator.stripe.errors import StripeError, invalid, refused
from simulator.stripe.turn import Reply, Turn

_SEARCHABLE = frozenset({"status", "amount", "currency"})
_ONLY_WITH_CONFIRM = (
    "return_url",
    "off_session",
    "error_on_requires_action",
    "mandate_data",
    "use_stripe_sdk",
    "mandate",
)
_NOT_OFFERED = (
    "transfer_data",
    "on_behalf_of",
    "application_fee_amount",
    "hooks",
    "confirmation_token",
    "customer_account",
)
_CONFIRMABLE = ("requires_payment_method", "requires_confirmation", "requires_action")
_CANCELABLE = ("requires_payment_method", "requires_capture", "requires_confirmation", "requires_action")


def create(turn: Turn, parameters: Json) -> Json | Reply:
    _check_create(parameters)
    currency = currencies.check_currency(parameters["currency"])
    currencies.check_amount(parameters["amount"], currency)
    if parameters.get("customer"):
        turn.get("customer", parameters["customer"], param="customer", status=400)
    intent = intents.add(turn, parameters, currency)
    turn.emit("payment_intent.created", intent.body)
    return _confirm(turn, intent, parameters) if parameters.get("confirm") else intent.body


def retrieve(turn: Turn, parameters: Json, intent_id: str) -> Json:
    intent = turn.get("payment_intent", intent_id, param="intent")
    if parameters.get("client_secret") not in (None, intent.body["client_secret"]):
        raise invalid("The client_secret provided does not match this PaymentIntent.", param="client_secret")
    return intent.body


def update(turn: Turn, parameters: Json, intent_id: str) -> Json:
    intent = turn.get("payment_intent", intent_id, param="intent")
    _refuse_not_offered(parameters)
    body = intent.body
    if body["status"] not in _CONFIRMABLE and parameters.keys() - {
        "metadata",
        "description",
        "expand",
        "receipt_email",
    }:
        raise _unexpected_state(
            intent, f"This PaymentIntent's parameters could not be updated because it has a status of {body['status']}."
            " Only metadata, description and receipt_email can be changed now.",
        )  # fmt: skip
    currency = currencies.check_currency(parameters["currency"] if "currency" in parameters else body["currency"])
    body["currency"] = currency
    body["amount"] = currencies.check_amount(
        parameters["amount"] if "amount" in parameters else body["amount"], currency
    )
    _take_customer(turn, intent, parameters)
    intents.take_options(intent, parameters)
    metadata.update(turn, intent, parameters)
    if intents.method_given(parameters):
        body["payment_method"] = intents.method(turn, intent, parameters).id
        body["status"] = "requires_confirmation"
    turn.save(intent)
    return body


def confirm(turn: Turn, parameters: Json, intent_id: str) -> Json | Reply:
    intent = turn.get("payment_intent", intent_id, param="intent")
    _refuse_not_offered(parameters)
    status = intent.body["status"]
    if status not in _CONFIRMABLE:
        why = (
            "it has already succeeded after being previously confirmed"
            if status == "succeeded"
            else f"it has a status of {status}. Only a PaymentIntent with one of the following statuses may be"
            f" confirmed: {', '.join(_CONFIRMABLE[1:])}"
        )
        raise _unexpected_state(intent, f"You cannot confirm this PaymentIntent because {why}.")
    if "amount_to_confirm" in parameters and parameters["amount_to_confirm"] != intent.body["amount"]:
        raise refused(
            "The amount_to_confirm does not match the amount of the PaymentIntent.",
            param="amount_to_confirm", code="parameter_invalid_integer",
        )  # fmt: skip
    intents.take_options(intent, parameters)
    return _confirm(turn, intent, parameters)


def capture(turn: Turn, parameters: Json, intent_id: str) -> Json:
    intent = turn.get("payment_intent", intent_id, param="intent")
    _refuse_not_offered(parameters)
    body = intent.body
    if body["status"] != "requires_capture":
        raise _unexpected_state(
            intent, f"This PaymentIntent could not be captured because it has a status of {body['status']}. Only a"
            " PaymentIntent with one of the following statuses may be captured: requires_capture.",
        )  # fmt: skip
    charge = turn.own("charge", body["latest_charge"])
    amount, final = _capture_amount(body, charge.body, parameters)
    metadata.update(turn, intent, parameters)
    charging.capture(turn, intent, charge, amount, final=final)
    turn.emit("charge.captured", charge.body)
    if body["status"] == "succeeded":
        charging.succeed(turn, intent, charge, _card(turn, charge))
    else:
        turn.emit("payment_intent.amount_capturable_updated", body)
    session_state.follow(turn, intent)
    return body


def cancel(turn: Turn, parameters: Json, intent_id: str) -> Json:
    intent = turn.get("payment_intent", intent_id, param="intent")
    body = intent.body
    if body["status"] not in _CANCELABLE:
        raise _unexpected_state(
            intent,
            f"You cannot cancel this PaymentIntent because it has a status of {body['status']}. Only a PaymentIntent"
            f" with one of the following statuses may be canceled: {', '.join(_CANCELABLE)}.",
        )  # fmt: skip
    if intent.private.get("session") and body["status"] != "requires_capture":
        raise _unexpected_state(
            intent,
            "You cannot cancel this PaymentIntent because it was created by a Checkout Session. Expire the session"
            " instead.",
        )
    if body["amount_received"]:
        raise _unexpected_state(
            intent,
            "You cannot cancel this PaymentIntent because part of it was captured. Capture with final_capture=true and"
            " amount_to_capture=0 to release the rest.",
        )  # fmt: skip
    if body["amount_capturable"]:
        turn.move("release", intent, body["amount_capturable"], charge=body["latest_charge"])
        body["amount_capturable"] = 0
    charging.cancel(turn, intent, parameters.get("cancellation_reason"))
    return body


def increment_authorization(turn: Turn, parameters: Json, intent_id: str) -> Json:
    intent = turn.get("payment_intent", intent_id, param="intent")
    _refuse_not_offered(parameters)
    body, amount = intent.body, parameters["amount"]
    if body["status"] != "requires_capture":
        raise _unexpected_state(
            intent, f"This PaymentIntent could not be incremented because it has a status of {body['status']}."
        )
    charge = turn.own("charge", body["latest_charge"])
    if charge.body["payment_method_details"]["card"]["incremental_authorization"]["status"] != "available":
        raise refused(
            "This PaymentIntent does not support incremental authorization.", code="payment_intent_unexpected_state"
        )
    if amount <= body["amount"]:
        raise refused(
            f"The amount must be greater than the currently authorized amount ({body['amount']}).",
            param="amount", code="parameter_invalid_integer",
        )  # fmt: skip
    currencies.check_amount(amount, body["currency"])
    turn.move("authorize", intent, amount - body["amount"], charge=charge.id)
    metadata.update(turn, intent, parameters)
    charge.body["amount"] = charge.body["payment_method_details"]["card"]["amount_authorized"] = amount
    body.update(amount=amount, amount_capturable=amount - body["amount_received"])
    turn.save(charge)
    turn.save(intent)
    turn.emit("payment_intent.amount_capturable_updated", body)
    return body


def listed(turn: Turn, parameters: Json) -> Json:
    return lists.listed(
        turn, "payment_intent", "/v1/payment_intents", parameters, lists.filters(parameters, "customer")
    )


def search(turn: Turn, parameters: Json) -> Json:
    return lists.searched(turn, "payment_intent", "/v1/payment_intents/search", parameters, _SEARCHABLE)


def _confirm(turn: Turn, intent: Record, parameters: Json) -> Json | Reply:
    body = intent.body
    if intents.method_given(parameters) and "confirm" not in parameters:
        body["payment_method"] = intents.method(turn, intent, parameters).id
    if body["payment_method"] is None:
        raise _unexpected_state(
            intent,
            "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the"
            " PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a"
            " payment method"
            " or ConfirmationToken.",
        )  # fmt: skip
    if "return_url" in parameters:
        intent.private["return_url"] = parameters["return_url"]
    _check_return_url(intent)
    method = turn.own("payment_method", body["payment_method"])
    payment_methods.check_usable(method, customer=body["customer"], user=intent.id)
    if method.body["type"] == "sepa_debit" and not (
        parameters.get("mandate_data") or parameters.get("mandate") or method.private.get("mandated")
    ):
        raise refused(
            "To confirm a PaymentIntent with a SEPA Debit PaymentMethod, you must provide `mandate_data` or a"
            " `mandate`.",
            param="mandate_data", code="parameter_missing",
        )  # fmt: skip
    if parameters.get("mandate_data"):
        method.private["mandated"] = True
        turn.save(method)
    outcome = charging.attempt(
        turn, intent, method, off_session=parameters.get("off_session") not in (None, False),
        error_on_action=bool(parameters.get("error_on_requires_action")),
    )  # fmt: skip
    return outcome or body


def _check_create(parameters: Json) -> None:
    _refuse_not_offered(parameters)
    if not parameters.get("confirm"):
        for name in _ONLY_WITH_CONFIRM:
            if name in parameters:
                raise invalid(
                    f"The parameter `{name}` cannot be passed when creating a PaymentIntent unless `confirm` is"
                    " set to true.",
                    param=name,
                )
    if (parameters.get("automatic_payment_methods") or {}).get("enabled") and "payment_method_types" in parameters:
        raise invalid(
            "You may only specify one of these parameters: automatic_payment_methods, payment_method_types.",
            param="payment_method_types",
        )
    for kind in parameters.get("payment_method_types", ()):
        if kind not in payment_methods.TYPES:
            allowed = ", ".join(payment_methods.TYPES)
            raise invalid(
                f'The payment method type "{kind}" is invalid. The simulator\'s account has activated: {allowed}.',
                param="payment_method_types",
            )


def _refuse_not_offered(parameters: Json) -> None:
    for name in _NOT_OFFERED:
        if name in parameters:
            raise invalid(f"The simulator does not offer `{name}`.", param=name)


def _take_customer(turn: Turn, intent: Record, parameters: Json) -> None:
    if parameters.get("customer"):
        turn.get("customer", parameters["customer"], param="customer", status=400)
        intent.body["customer"] = parameters["customer"]
        turn.index(intent, [("customer", parameters["customer"])])


def _check_return_url(intent: Record) -> None:
    """Stripe insists on a return_url where one of the account's methods might redirect."""
    automatic = intent.body["automatic_payment_methods"]
    if automatic and automatic.get("allow_redirects") != "never" and not intent.private.get("return_url"):
        raise refused(
            "This PaymentIntent is configured to accept payment methods enabled in your Dashboard. Because some of"
            " these"
            " payment methods might redirect your customer off of your page, you must provide a `return_url`. If"
            " you don't"
            " want to accept redirect-based payment methods, set `automatic_payment_methods[enabled]` to `true` and"
            " `automatic_payment_methods[allow_redirects]` to `never` when creating Setup Intents and Payment Intents."
        )


def _capture_amount(intent: Json, charge: Json, parameters: Json) -> tuple[int, bool]:
    capturable: int = intent["amount_capturable"]
    amount: int = parameters.get("amount_to_capture", capturable)
    final: bool = parameters.get("final_capture", True)
    multicapture = charge["payment_method_details"]["card"]["multicapture"]["status"] == "available"
    if not final and not multicapture:
        raise refused(
            "This PaymentIntent does not support multicapture; `final_capture` cannot be false.", param="final_capture"
        )
    if amount > capturable:
        raise refused(
            f"The requested capture amount ({shown(amount, intent['currency'])}) is greater than the amount you can"
            f" capture for this charge ({shown(capturable, intent['currency'])}).",
            param="amount_to_capture", code="amount_too_large",
        )  # fmt: skip
    # Zero ends a multicapture; otherwise there must be something to take.
    if amount < 0 or (amount == 0 and not (final and multicapture and intent["amount_received"])):
        raise refused(
            "This value must be greater than or equal to 1.",
            param="amount_to_capture",
            code="parameter_invalid_integer",
        )
    return amount, final or amount == capturable


def _card(turn: Turn, charge: Record) -> Any:
    return payment_methods.card_of(turn.own("payment_method", charge.body["payment_method"]))


def _unexpected_state(intent: Record, message: str) -> StripeError:
    return refused(message, code="payment_intent_unexpected_state", payment_intent=intent.body)
