"""The session under Razorpay's SDK: one per thread, which keeps what the SDK throws away.

The SDK turns every error into an exception with nothing but a message, prints on connection errors, and follows
redirects. This session raises before it can: `Answered` for all that is no JSON object with a 2xx status, `NoAnswer`
when no answer arrived. Neither is an exception of `requests`, so the SDK neither prints nor translates them.
"""

import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import razorpay
import requests
from requests.adapters import BaseAdapter

Json = dict[str, Any]
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class NoAnswer(Exception):
    """No HTTP answer arrived; `__cause__` says why."""


class Answered(Exception):
    """An answer that is no success. `body` is None when it is no JSON object."""

    def __init__(self, status: int, headers: Mapping[str, str], body: Json | None, text: str) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status
        self.headers = {name.lower(): value for name, value in headers.items()}
        self.body = body
        self.text = text


class Session(requests.Session):
    """Raises NoAnswer and Answered; never retries, never redirects."""

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        try:
            response = super().send(request, **options)
        except Exception as error:  # requests lets exceptions of urllib3 and of the sockets through as well
            raise NoAnswer(f"{type(error).__name__}: {error}") from error
        body = _object(response)
        if not 200 <= response.status_code < 300 or body is None:
            raise Answered(response.status_code, dict(response.headers), body, response.text[:500])
        return response

    def get_redirect_target(self, resp: requests.Response) -> None:
        """A redirected POST would be sent again, or become a GET: neither is ours to do."""


class Clients:
    """The SDK's client of the calling thread: its session is not for sharing. Retries stay off, as they are. `wire`
    takes the place of sockets."""

    def __init__(self, *, key_id: str, key_secret: str, address: str, wire: BaseAdapter | None = None) -> None:
        self._wire = wire
        self._auth = (key_id, key_secret)
        self._address = address
        self._local = threading.local()

    def current(self) -> Any:
        client = getattr(self._local, "client", None)
        if client is None:
            client = self._local.client = razorpay.Client(
                session=self._session(), auth=self._auth, base_url=self._address
            )
        return client

    def _session(self) -> Session:
        """A stand-in on this machine is reached directly, whatever proxy the environment names for the world."""
        session = Session()
        session.trust_env = (urlsplit(self._address).hostname or "") not in _LOOPBACK
        if self._wire is not None:
            session.mount(self._address, self._wire)
        return session


def _object(response: requests.Response) -> Json | None:
    try:
        body = response.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) else None
