"""How our own processes are started, and how their health is asked."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from settings import read_settings
from stack import processes
from stack.assembly import Stack
from stack.ports import choose_free


class Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._answer(200 if self.path == "/well" else 503, b"database is away")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(201 if self.path == "/echo" else 422, body)

    def log_message(self, format: str, *args: object) -> None:
        return None

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def url() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_waiting_for_says_what_is_wrong(url: str) -> None:
    assert processes.waiting_for_http(f"{url}/well") is None
    assert processes.waiting_for_http(f"{url}/ill") == f"{url}/ill answers 503 database is away"
    (free,) = choose_free(1)
    assert "refused" in str(processes.waiting_for_http(f"http://127.0.0.1:{free}/well"))


def test_post_json_reads_the_answer_and_refuses_a_refusal(url: str) -> None:
    assert processes.post_json(f"{url}/echo", {"a": 1}) == {"a": 1}
    with pytest.raises(OSError, match="422"):
        processes.post_json(f"{url}/other", {"a": 1})


def test_worker_and_api_are_told_every_setting(tmp_path: Path) -> None:
    stack = Stack(read_settings(payonce={"state": tmp_path / "state", "task_queue": "night"}))
    stack.state.prepare()
    for recipe in (
        processes.worker_recipe(stack.settings, stack.state),
        processes.api_recipe(stack.settings, stack.state),
    ):
        assert recipe.environment["DATABASE_URL"] == stack.database_url
        assert recipe.environment["TEMPORAL_ADDRESS"] == "127.0.0.1:7233"
        assert recipe.environment["STRIPE_API_BASE"] == "http://127.0.0.1:12111"
        assert recipe.environment["STRIPE_SECRET_KEY"].startswith("sk_test_")
        assert recipe.environment["STRIPE_WEBHOOK_SECRETS"].startswith("whsec_")
        assert recipe.environment["RAZORPAY_API_BASE"] == "http://127.0.0.1:12112"
        assert recipe.environment["RAZORPAY_KEY_ID"].startswith("rzp_test_")
        assert len(recipe.environment["RAZORPAY_KEY_SECRET"]) > 20
        assert len(recipe.environment["RAZORPAY_WEBHOOK_SECRETS"]) > 20
        assert recipe.environment["PAYONCE_TASK_QUEUE"] == "night"
        assert recipe.stop_timeout_seconds > 35, "longer than an activity may take, so that no gateway call is cut off"
