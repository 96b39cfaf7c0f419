"""An API that answers from a script, over real HTTP: what the command line sees of Payonce."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

AT = "2026-11-21T03:00:00.250000Z"
ID = "pay_01"


def payment(status: str, **changes: Any) -> dict[str, Any]:
    links = {
        "self": f"/v1/payments/{ID}",
        "timeline": f"/v1/payments/{ID}/timeline",
        "workflow": f"http://ui/workflows/{ID}",
    }
    return {"id": ID, "status": status, "next_action": None, "decline": None, "links": links, **changes}


def timeline(status: str, *texts: str, until: str | None = None) -> dict[str, Any]:
    return {
        "payment": ID,
        "status": status,
        "summary": f"EUR 49.99 through stripe: {status}.",
        "entries": [{"sequence": n, "at": AT, "type": "t", "status": status, "text": t} for n, t in enumerate(texts)],
        "waiting_for": {"text": "Waiting for somebody." if until else "Nothing is pending.", "until": until},
        "allowed": ["refund"] if status == "captured" else [],
        "links": payment(status)["links"],
    }


@dataclass
class ScriptedApi:
    """`script`: per method and path the answers in order; the last one is repeated. A status of 0 drops the reply."""

    url: str
    script: dict[str, list[tuple[int, Any]]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str], Any]] = field(default_factory=list)

    def bodies(self, call: str) -> list[Any]:
        return [body for asked, _, body in self.asked if asked == call]

    def headers(self, call: str) -> list[dict[str, str]]:
        return [headers for asked, headers, _ in self.asked if asked == call]


@contextmanager
def scripted_api() -> Iterator[ScriptedApi]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            body = json.loads(self.rfile.read(length) or b"null")
            call = f"{self.command} {self.path}"
            api.asked.append((call, {name.lower(): value for name, value in self.headers.items()}, body))
            answers = api.script[call]
            status, told = answers.pop(0) if len(answers) > 1 else answers[0]
            if status == 0:
                return
            content = told.encode() if isinstance(told, str) else json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET  # noqa: N815 - as above

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    api = ScriptedApi(f"http://127.0.0.1:{server.server_port}")
    thread.start()
    try:
        yield api
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
