"""A merchant's shop as far as a payment page needs one: somewhere to come back to."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PAGES = {"/thanks": "Thank you for your order", "/basket": "Your basket", "/back": "Back in the shop"}


@contextmanager
def open_storefront() -> Iterator[str]:
    """Its address, as in `http://127.0.0.1:40123`, until the end of the block."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Page)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Page(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        title = PAGES.get(self.path.partition("?")[0])
        body = f"<!doctype html><title>Shop</title><h1>{escape(title or 'Not in this shop')}</h1>".encode()
        self.send_response(200 if title else 404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_given: Any) -> None:
        """The test says what went wrong."""
