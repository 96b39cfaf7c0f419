"""The parameters of every operation; anything else is refused, as Razorpay does ("is/are not required ...")."""

from simulator.razorpay.fields import (
    Field,
    Schema,
    anything,
    boolean,
    choice,
    group,
    integer,
    notes,
    text,
    texts,
)

RECEIPT_LENGTH = 40
METHODS = ("card", "netbanking", "wallet", "upi")
_NONE: Schema = {}
_EXPAND: Schema = {"expand": Field(texts)}
_PAGE: Schema = {"from": Field(integer), "to": Field(integer), "count": Field(integer), "skip": Field(integer)}
_NOTES_ONLY: Schema = {"notes": Field(notes, required=True)}

_CAPTURE_OPTIONS: Schema = {
    "automatic_expiry_period": Field(integer), "manual_expiry_period": Field(integer),
    "refund_speed": Field(choice("normal", "optimum", "optimal")),
}  # fmt: skip
_MANDATE: Schema = {
    "max_amount": Field(integer), "expire_at": Field(integer), "auth_type": Field(text()), "frequency": Field(text()),
    "recurring_value": Field(integer), "recurring_type": Field(text()), "notes": Field(notes),
}  # fmt: skip
_ORDER: Schema = {
    "amount": Field(integer, required=True), "currency": Field(text(3), required=True),
    "receipt": Field(text(RECEIPT_LENGTH)), "notes": Field(notes), "partial_payment": Field(boolean),
    "first_payment_min_amount": Field(integer), "payment_capture": Field(boolean),
    "payment": Field(group({
        "capture": Field(choice("manual", "automatic"), required=True),
        "capture_options": Field(group(_CAPTURE_OPTIONS)),
    })),
    "customer_id": Field(text()), "method": Field(choice(*METHODS)), "token": Field(group(_MANDATE)),
    "notification": Field(group({"token_id": Field(text(), required=True), "payment_after": Field(integer)})),
}  # fmt: skip

_CARD: Schema = {
    "number": Field(text(32), required=True), "name": Field(text()), "expiry_month": Field(integer, required=True),
    "expiry_year": Field(integer, required=True), "cvv": Field(text(4)),
}  # fmt: skip
_ORIGIN = ("ip", "referer", "user_agent", "browser", "authentication", "device", "callback_url")
CREATE_JSON: Schema = {
    "amount": Field(integer, required=True), "currency": Field(text(3), required=True), "order_id": Field(text()),
    "email": Field(text(), required=True), "contact": Field(text(), required=True),
    "method": Field(choice(*METHODS), required=True), "card": Field(group(_CARD)), "vpa": Field(text()),
    "upi": Field(group({
        "flow": Field(choice("collect", "intent")), "vpa": Field(text()), "expiry_time": Field(integer),
    })),
    "bank": Field(text()), "wallet": Field(text()), "customer_id": Field(text()), "save": Field(boolean),
    "recurring": Field(anything), "token": Field(text()), "description": Field(text()), "notes": Field(notes),
    **{name: Field(anything) for name in _ORIGIN},
}  # fmt: skip
_RECURRING: Schema = {
    "email": Field(text(), required=True), "contact": Field(text(), required=True),
    "amount": Field(integer, required=True), "currency": Field(text(3), required=True),
    "order_id": Field(text(), required=True), "customer_id": Field(text(), required=True),
    "token": Field(text(), required=True), "recurring": Field(boolean, required=True), "description": Field(text()),
    "notes": Field(notes),
}  # fmt: skip
_REFUND: Schema = {
    "amount": Field(integer), "speed": Field(choice("normal", "optimum")), "notes": Field(notes),
    "receipt": Field(text(RECEIPT_LENGTH)),
}  # fmt: skip
_PERSON: Schema = {"name": Field(text(50)), "email": Field(text(64)), "contact": Field(text(15))}
_LINK: Schema = {
    "amount": Field(integer, required=True), "currency": Field(text(3)), "accept_partial": Field(boolean),
    "first_min_partial_amount": Field(integer), "expire_by": Field(integer),
    "reference_id": Field(text(RECEIPT_LENGTH)),
    "description": Field(text(2048)), "customer": Field(group(_PERSON)), "notify": Field(anything),
    "reminder_enable": Field(boolean), "notes": Field(notes), "callback_url": Field(text(2048)),
    "callback_method": Field(choice("get")), "upi_link": Field(boolean), "options": Field(anything),
}  # fmt: skip
_CONTEST: Schema = {
    "amount": Field(integer), "summary": Field(text(1000)), "action": Field(choice("draft", "submit")),
    **{name: Field(anything) for name in (
        "shipping_proof", "billing_proof", "cancellation_proof", "customer_communication", "proof_of_service",
        "explanation_letter", "refund_confirmation", "access_activity_log", "refund_cancellation_policy",
        "term_and_conditions", "others",
    )},
}  # fmt: skip

PARAMETERS: dict[str, Schema] = {
    "POST /v1/orders": _ORDER,
    "GET /v1/orders": {**_PAGE, **_EXPAND, "receipt": Field(text()), "authorized": Field(boolean)},
    "GET /v1/orders/{id}": _EXPAND,
    "PATCH /v1/orders/{id}": _NOTES_ONLY,
    "GET /v1/orders/{id}/payments": _EXPAND,
    "POST /v1/payments/create/json": CREATE_JSON,
    "POST /v1/payments/create/recurring": _RECURRING,
    "GET /v1/payments": {**_PAGE, **_EXPAND},
    "GET /v1/payments/{id}": _EXPAND,
    "PATCH /v1/payments/{id}": _NOTES_ONLY,
    "GET /v1/payments/{id}/card": _NONE,
    "POST /v1/payments/{id}/capture": {
        "amount": Field(integer, required=True),
        "currency": Field(text(3), required=True),
    },
    "POST /v1/payments/{id}/otp_generate": _NONE,
    "POST /v1/payments/{id}/otp/resend": _NONE,
    "POST /v1/payments/{id}/otp/submit": {"otp": Field(text(10), required=True)},
    "POST /v1/payments/{id}/refund": _REFUND,
    "GET /v1/payments/{id}/refunds": _PAGE,
    "GET /v1/payments/{id}/refunds/{refund}": _NONE,
    "POST /v1/refunds": {**_REFUND, "payment_id": Field(text(), required=True)},
    "GET /v1/refunds": _PAGE,
    "GET /v1/refunds/{id}": _NONE,
    "PATCH /v1/refunds/{id}": _NOTES_ONLY,
    "POST /v1/customers": {**_PERSON, "fail_existing": Field(boolean), "gstin": Field(text(20)), "notes": Field(notes)},
    "GET /v1/customers": _PAGE,
    "GET /v1/customers/{id}": _NONE,
    "PUT /v1/customers/{id}": _PERSON,
    "GET /v1/customers/{id}/tokens": _PAGE,
    "GET /v1/customers/{id}/tokens/{token}": _NONE,
    "DELETE /v1/customers/{id}/tokens/{token}": _NONE,
    "PUT /v1/customers/{id}/tokens/{token}/cancel": _NONE,
    "POST /v1/payment_links": _LINK,
    "GET /v1/payment_links": {**_PAGE, "reference_id": Field(text()), "payment_id": Field(text())},
    "GET /v1/payment_links/{id}": _NONE,
    "PATCH /v1/payment_links/{id}": {
        name: _LINK[name] for name in ("reference_id", "expire_by", "notes", "reminder_enable", "accept_partial")
    },
    "POST /v1/payment_links/{id}/cancel": _NONE,
    "POST /v1/payment_links/{id}/notify_by/{medium}": _NONE,
    "GET /v1/disputes": {**_PAGE, **_EXPAND},
    "GET /v1/disputes/{id}": _EXPAND,
    "POST /v1/disputes/{id}/accept": _NONE,
    "PATCH /v1/disputes/{id}/contest": _CONTEST,
    "GET /v1/settlements": _PAGE,
    "GET /v1/settlements/{id}": _NONE,
    "GET /v1/settlements/recon/combined": {
        "year": Field(integer, required=True), "month": Field(integer, required=True), "day": Field(integer),
        "count": Field(integer), "skip": Field(integer),
    },
}  # fmt: skip
