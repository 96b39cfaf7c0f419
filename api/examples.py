"""One true example of everything the API says, for its documentation. The tests hold them against the schemas."""

from typing import Any

PAYMENT_ID = "pay_01kax8qz4y0g5t7n2v9w3r6m1d"
CUSTOMER_ID = "cust_01kax8p1b2c3d4e5f6g7h8j9ka"
METHOD_ID = "meth_01kax8p5m6n7p8q9r0s1t2v3wx"
SESSION_ID = "chk_01kax8qz4y0g5t7n2v9w3r6m1d"
REFUND_ID = "ref_01kax8qz4y0g5t7n2v9w3r6m1d_2"
REQUEST_ID = "req_01kax8qz500000000000000000"
AT = "2026-11-21T10:15:30Z"

LINKS = {
    "self": f"/v1/payments/{PAYMENT_ID}",
    "timeline": f"/v1/payments/{PAYMENT_ID}/timeline",
    "workflow": f"http://127.0.0.1:8233/namespaces/default/workflows/{PAYMENT_ID}",
}
CREATE_PAYMENT = {
    "amount": 4999,
    "currency": "EUR",
    "payment_method": "pm_card_visa",
    "order_reference": "order-1001",
    "description": "Two tickets",
    "metadata": {"cart": "77"},
}
METHOD = {"type": "card", "brand": "visa", "last4": "4242", "expiry": "2030-12", "wallet": None}
PAYMENT: dict[str, Any] = {
    "id": PAYMENT_ID,
    "object": "payment",
    "amount": 4999,
    "currency": "EUR",
    "status": "captured",
    "display_status": "captured",
    "attention": "none",
    "capture_method": "automatic",
    "gateway": "stripe",
    "routed_because": None,
    "amounts": {"authorized": 4999, "captured": 4999, "refund_pending": 0, "refunded": 0, "disputed": 0},
    "next_action": None,
    "payment_method": METHOD,
    "customer": None,
    "order_reference": "order-1001",
    "description": "Two tickets",
    "metadata": {"cart": "77"},
    "decline": None,
    "refunds": [],
    "disputes": [],
    "authorization_expires_at": None,
    "created_at": AT,
    "updated_at": AT,
    "version": 2,
    "links": LINKS,
}
PENDING_PAYMENT: dict[str, Any] = {
    **PAYMENT,
    "status": "processing",
    "display_status": "processing",
    "amounts": {"authorized": 0, "captured": 0, "refund_pending": 0, "refunded": 0, "disputed": 0},
    "payment_method": None,
    "version": 1,
}
CANCELED_PAYMENT: dict[str, Any] = {
    **PENDING_PAYMENT,
    "status": "canceled",
    "display_status": "canceled",
    "capture_method": "manual",
    "version": 4,
}
IN_BROWSER = {
    "amount": 49900,
    "currency": "INR",
    "gateway": "razorpay",
    "payment_method_type": "upi",
    "return_url": "https://shop.example/thanks",
    "order_reference": "order-1002",
}
PAYMENT_IN_BROWSER: dict[str, Any] = {
    **PENDING_PAYMENT,
    "amount": 49900,
    "currency": "INR",
    "status": "requires_action",
    "display_status": "requires_action",
    "gateway": "razorpay",
    "next_action": {
        "type": "browser",
        "url": None,
        "data": {
            "order_id": "order_RkT2Yc3xQ9ZLmN",
            "key_id": "rzp_test_1DP5mmOlF5G5ag",
            "amount": "49900",
            "currency": "INR",
            "method": "upi",
        },
        "callback_url": f"http://127.0.0.1:8000/v1/callbacks/razorpay/razorpay_test?payment={PAYMENT_ID}",
        "expires_at": "2026-11-21T11:15:30Z",
    },
    "order_reference": "order-1002",
    "description": "",
    "metadata": {},
    "version": 2,
}
PAYMENTS = {
    "object": "list",
    "data": [PAYMENT],
    "has_more": True,
    "next": f"/v1/payments?limit=1&before={PAYMENT_ID}",
}
CAPTURE = {"amount": 4999}
CANCEL = {"reason": "out_of_stock"}
RESOLVE = {
    "decision": "confirm_charged",
    "reason": "the charge is on the gateway's statement of today",
    "by": "Anna",
}
CREATE_REFUND = {"amount": 1000, "reason": "requested_by_customer"}
REFUND = {
    "id": REFUND_ID,
    "object": "refund",
    "payment": PAYMENT_ID,
    "amount": 1000,
    "currency": "EUR",
    "status": "succeeded",
    "reason": "requested_by_customer",
    "failure": None,
    "created_at": AT,
}
REFUNDS = {"object": "list", "data": [REFUND]}
TIMELINE = {
    "payment": PAYMENT_ID,
    "status": "captured",
    "attention": "none",
    "summary": "EUR 49.99 through stripe: captured.",
    "entries": [
        {
            "sequence": 0,
            "at": AT,
            "type": "payment.created",
            "status": "created",
            "text": "Accepted: EUR 49.99, automatic capture.",
        },
        {
            "sequence": 1,
            "at": AT,
            "type": "payment.processing",
            "status": "processing",
            "text": "Sent to Stripe to be charged.",
        },
        {
            "sequence": 2,
            "at": AT,
            "type": "payment.captured",
            "status": "captured",
            "text": "EUR 49.99 is captured.",
        },
    ],
    "waiting_for": {"text": "Nothing is pending; a command or a webhook wakes it.", "until": None},
    "allowed": ["refund"],
    "evidence": None,
    "links": LINKS,
}
LINE_ITEMS = [{"name": "Ticket", "unit_amount": 2500, "quantity": 2}]
CREATE_SESSION = {
    "line_items": LINE_ITEMS,
    "currency": "EUR",
    "amount": 5000,
    "success_url": "https://shop.example/thanks",
    "cancel_url": "https://shop.example/cart",
    "order_reference": "order-1001",
}
SESSION = {
    "id": SESSION_ID,
    "object": "checkout_session",
    "status": "open",
    "url": "https://checkout.stripe.com/c/pay/cs_test_a1",
    "payment": PAYMENT_ID,
    "payment_status": "requires_action",
    "amount": 5000,
    "currency": "EUR",
    "line_items": LINE_ITEMS,
    "order_reference": "order-1001",
    "customer": None,
    "metadata": {},
    "expires_at": "2026-11-21T11:15:30Z",
    "created_at": AT,
}
CREATE_CUSTOMER = {"email": "ada@example.com", "name": "Ada Lovelace"}
CUSTOMER = {
    "id": CUSTOMER_ID,
    "object": "customer",
    "email": "ada@example.com",
    "name": "Ada Lovelace",
    "metadata": {},
    "created_at": AT,
}
CUSTOMERS = {"object": "list", "data": [CUSTOMER], "has_more": False, "next": None}
SAVE_METHOD = {"payment_method": "pm_card_visa", "return_url": "https://shop.example/cards"}
SAVED_METHOD = {
    "id": METHOD_ID,
    "object": "payment_method",
    "customer": CUSTOMER_ID,
    "method": METHOD,
    "created_at": AT,
}
SAVED_METHODS = {"object": "list", "data": [SAVED_METHOD]}
METHOD_SETUP = {
    "object": "payment_method_setup",
    "status": "requires_action",
    "reference": "seti_1Qx",
    "redirect_url": "https://hooks.stripe.com/redirect/authenticate/src_1",
    "client_secret": None,
}
QUICK_CHARGE = {"provider": "stripe", "amount": 4999, "currency": "EUR", "paymentMethodId": "pm_card_visa"}
CHARGED = {"success": True, "transactionId": PAYMENT_ID, "status": "completed"}
CHARGING = {"success": False, "transactionId": PAYMENT_ID, "status": "pending"}
QUICK_REFUND = {"transactionId": PAYMENT_ID, "amount": 1000}
REFUNDED = {"success": True, "refundId": REFUND_ID, "status": "processed"}
REFUNDING = {"success": True, "refundId": REFUND_ID, "status": "pending"}
TRANSACTION = {
    "transactionId": PAYMENT_ID,
    "status": "completed",
    "provider": "stripe",
    "amount": 4999,
    "currency": "EUR",
    "refundedAmount": 0,
    "orderId": "order-1001",
    "createdAt": AT,
}
TRANSACTIONS = {"transactions": [TRANSACTION], "hasMore": False, "next": None}
QUICK_CHECKOUT = {"order_id": "order-1001", "amount": 4999, "currency": "EUR"}
CHECKOUT = {"checkout_url": "https://checkout.stripe.com/c/pay/cs_test_a1"}
CHECKOUT_LINK = {"checkout_url": "https://rzp.io/rzp/1DP5mmOl"}
CHECKOUT_LATER = {"checkout_url": None}
EVENT_WITH_A_SIGNED_TIME = {
    "id": "evt_1Qx",
    "object": "event",
    "type": "payment_intent.succeeded",
    "data": {"object": {}},
}
EVENT_WITH_A_SIGNED_BODY = {
    "entity": "event",
    "account_id": "acc_BFQ7uQEaa7j2z7",
    "event": "payment.captured",
    "contains": ["payment"],
    "payload": {"payment": {"entity": {"id": "pay_RkT2b0pX1aVn8Q", "status": "captured"}}},
    "created_at": 1795252530,
}
RECEIVED = {"received": True}
ALIVE = {"status": "alive"}
METRICS = 'payonce_api_requests_total{method="POST",route="/v1/payments",status="201"} 42.0'
READY = {
    "status": "ready",
    "parts": {"postgres": {"ok": True, "detail": "answers"}, "temporal": {"ok": True, "detail": "answers"}},
}
NOT_READY = {
    "status": "unavailable",
    "parts": {"postgres": {"ok": False, "detail": "no answer"}, "temporal": {"ok": True, "detail": "answers"}},
}

_PROBLEMS: dict[int, tuple[str, str, str]] = {
    400: ("idempotency_key_missing", "Bad request", "send an Idempotency-Key header, a fresh one per intention"),
    401: ("api_key_unknown", "Not authenticated", "this API key is not known or was revoked"),
    402: ("payment_declined", "Declined", "Your card was declined."),
    403: ("wrong_mode", "Not allowed", "this server runs in test mode: use a sk_test_ key"),
    404: ("not_found", "Not found", "no such payment"),
    409: ("wrong_state", "Conflict", "cannot refund a payment that is authorized: nothing has been captured"),
    413: ("body_too_large", "Body too large", "the body may have at most 1000000 bytes"),
    415: ("content_type", "Unsupported media type", "send JSON with Content-Type: application/json"),
    422: ("invalid_input", "Invalid input", "amount: must be an integer of minor units between 1 and 1000000000000"),
    429: ("too_many_commands", "Too many requests", "too many commands on this payment at once; try again"),
    503: (
        "record_unavailable",
        "Temporarily unavailable",
        "the database cannot be reached; nothing is lost, try again",
    ),
}
_MEMBERS: dict[int, dict[str, Any]] = {
    402: {
        "decline": {
            "class": "soft",
            "code": "insufficient_funds",
            "message": "Your card was declined.",
            "advice": "Ask for another card, or try again later.",
        },
        "state": "failed",
        "payment": {"id": PAYMENT_ID, "status": "failed"},
    },
    409: {"state": "authorized"},
    422: {"errors": [{"field": "amount", "message": "must be an integer of minor units between 1 and 1000000000000"}]},
}


def problem(status: int) -> dict[str, Any]:
    code, title, detail = _PROBLEMS[status]
    return {
        "type": f"urn:payonce:problem:{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "success": False,
        "error": {"code": code, "message": detail},
        "request_id": REQUEST_ID,
    } | _MEMBERS.get(status, {})
