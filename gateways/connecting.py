"""Did a failed exchange over `requests` get as far as sending? Pure: reads an exception. For every SDK built on it.

Only a connection that never stood proves that nothing was executed (P1); an SSL error, a reset or a timeout can come
from there or from later, so it is told apart by where it was raised.
"""

import requests.exceptions
import urllib3.exceptions

_NEVER_SENT = (
    requests.exceptions.ConnectTimeout,
    requests.exceptions.ProxyError,
    requests.exceptions.InvalidURL,
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidSchema,
    urllib3.exceptions.ConnectTimeoutError,
    urllib3.exceptions.NewConnectionError,  # DNS failures and refused connections
)


def never_sent(error: BaseException) -> bool:
    """Whether the connection or its TLS handshake failed, so that not one byte of the request can have left."""
    seen: set[int] = set()
    pending: list[object] = [error]
    while pending:
        cause = pending.pop()
        if not isinstance(cause, BaseException) or id(cause) in seen:
            continue
        seen.add(id(cause))
        if isinstance(cause, _NEVER_SENT) or _raised_while_connecting(cause):
            return True
        pending += [cause.__cause__, getattr(cause, "reason", None), *cause.args]
    return False


def _raised_while_connecting(error: BaseException) -> bool:
    """Whether the traceback leads through urllib3's `connect`: address, TCP, proxy and TLS, all before the request."""
    step = error.__traceback__
    while step is not None:
        frame = step.tb_frame
        if frame.f_code.co_name == "connect" and frame.f_globals.get("__name__") == "urllib3.connection":
            return True
        step = step.tb_next
    return False
