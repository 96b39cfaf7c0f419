"""The line between the real Stripe adapter and the real wire of the gateway simulator: everything but the socket.

`DirectGateway` is the product's adapter with one method exchanged, `_ask`, the only one that touches the wire. Its
parameters, mapping, replies, lookups and faults are the product's. Bypassed are the SDK's request and response objects
and `requests`: the form is written and the JSON read here (40 % of the cost of a call). `sdk_gateway` leaves those in
as well and exchanges the socket alone; a share of the seeds runs through it.
"""

from collections.abc import Iterable
from functools import cache, lru_cache
from typing import Any, Literal
from urllib.parse import quote, urlsplit

import orjson
import requests
import stripe

from gateways.stripe.adapter import API_VERSION, StripeGateway
from gateways.stripe.faults import Fault, Refused, read_fault
from simulator.wire import WireRequest, WireResponse
from tests.safety.simulation.process import Point, ask_from_thread

Json = dict[str, Any]
SECRET_KEY = "sk_test_simulation"
WEBHOOK_SECRET = "whsec_simulation"
TIMEOUT_SECONDS = 20.0
CONNECT_TIMEOUT_SECONDS = 3.05


def direct_gateway(send: Any) -> StripeGateway:
    """One adapter per process, put on the line of the world that lives now: the SDK's client takes long to build."""
    adapter = _adapter()
    adapter.line = send
    return adapter


@cache
def _adapter() -> "DirectGateway":
    return DirectGateway()


class DirectGateway(StripeGateway):
    """`line(process, request)` puts a request on the line; it is called by the scheduler, not from here."""

    line: Any

    def __init__(self) -> None:
        super().__init__(secret_key=SECRET_KEY, webhook_secrets=[WEBHOOK_SECRET], mode="test")

    def _ask(self, method: Literal["get", "post"], path: str, told: Json, key: str = "") -> Json:
        form = encoded(told)
        headers = {"authorization": f"Bearer {SECRET_KEY}", "stripe-version": API_VERSION}
        if method == "post":
            if not key:
                raise ValueError(f"{path} needs a derived idempotency key")
            headers["idempotency-key"] = key
            request = WireRequest("POST", path, "", headers, form.encode())
        else:
            request = WireRequest("GET", path, form, headers)
        try:
            answer = ask_from_thread(Point("http", lambda process: self.line(process, request)))
        except requests.exceptions.RequestException as error:
            raise Refused(read_fault(_connection_error(error))) from error
        return _read(answer)


def _connection_error(error: Exception) -> stripe.APIConnectionError:
    told = stripe.APIConnectionError(str(error))  # type: ignore[no-untyped-call]  # the SDK's own constructor
    told.__cause__ = error
    return told


def _read(answer: WireResponse) -> Json:
    text = answer.body.decode()
    headers = dict(answer.headers)
    try:
        body = orjson.loads(text)
    except ValueError:
        raise Refused(read_fault(_Told(answer.status, None, headers, "Invalid response body from API"))) from None
    if not 200 <= answer.status < 300:
        raise Refused(read_fault(_Told(answer.status, body, headers, "")))
    if not isinstance(body, dict):
        raise Refused(Fault(status=answer.status, message=f"not an object: {text}"))
    return body


class _Told(stripe.StripeError):
    """An error with what `read_fault` asks for, without the object tree the SDK builds around it."""

    def __init__(self, status: int, body: Any, headers: Any, message: str) -> None:
        self.http_status, self.json_body, self.headers, self._message = status, body, headers, message


def encoded(told: Json) -> str:
    """The form as Stripe's SDK writes it; held against the SDK's own by a test."""
    fields: list[str] = []
    _encode(fields, "", told.items())
    return "&".join(fields)


@lru_cache(maxsize=4_096)
def _quoted(value: str) -> str:
    """The same few addresses and words are written in every request."""
    return quote(value, safe="")


def _encode(fields: list[str], path: str, told: Iterable[tuple[object, Any]]) -> None:
    for inner, value in told:
        name = f"{path}[{inner}]" if path else inner
        if isinstance(value, str):
            fields.append(f"{name}={value if value.isalnum() else _quoted(value)}")
        elif isinstance(value, dict):
            _encode(fields, str(name), value.items())
        elif isinstance(value, list):
            _encode(fields, str(name), enumerate(value))
        else:
            fields.append(f"{name}={str(value).lower() if isinstance(value, bool) else value}")


# --- the same through the SDK ---------------------------------------------------------------------------------------


def sdk_gateway(send: Any) -> StripeGateway:
    """The product's adapter as it is, Stripe's SDK and its `requests` client included; only the session is ours."""
    session: Any = Session(send)
    client = stripe.RequestsClient(timeout=(CONNECT_TIMEOUT_SECONDS, TIMEOUT_SECONDS), session=session)
    return StripeGateway(
        secret_key=SECRET_KEY, webhook_secrets=[WEBHOOK_SECRET], mode="test", http_client=client,
        base_address="http://127.0.0.1:9",
    )  # fmt: skip


class Session:
    """What the SDK's client needs of `requests.Session`."""

    def __init__(self, send: Any) -> None:
        self._line = send

    def request(self, method: str, url: str, *, headers: Any, data: Any, **_how: Any) -> requests.Response:
        address = urlsplit(url)
        names = {str(name).lower(): str(value) for name, value in headers.items()}
        body = data.encode() if isinstance(data, str) else data or b""
        asked = WireRequest(method.upper(), address.path, address.query, names, body)
        answer: WireResponse = ask_from_thread(Point("http", lambda process: self._line(process, asked)))
        response = requests.Response()
        response.status_code, response._content = answer.status, answer.body
        response.headers.update(dict(answer.headers))
        return response
