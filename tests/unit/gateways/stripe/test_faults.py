"""Errors and broken connections: which surely moved no money, which are declined, and which nobody can know."""

import gc
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from domain.errors import GatewayError, InFlight, NotSent, RateLimited
from domain.operation import Verb
from domain.outcomes import Declined, DeclineKind, NotFound, Outcome, Unknown
from gateways.stripe.adapter import StripeGateway
from gateways.stripe.faults import Fault, redacted, told_by_lookup, told_by_refusal
from tests.unit.gateways.stripe import objects
from tests.unit.gateways.stripe.records import authorized_call, call
from tests.unit.gateways.stripe.transport import Reply, answering, broken, error


def authorize(reply: Reply) -> Outcome:
    gateway, _ = answering(reply)
    return gateway.authorize(call())


@pytest.mark.parametrize(
    ("reply", "kind", "code"),
    [
        (
            error(402, type="card_error", code="card_declined", decline_code="insufficient_funds"),
            "soft",
            "insufficient_funds",
        ),
        (error(402, type="card_error", code="expired_card"), "customer_fix", "expired_card"),
        (error(402, type="card_error", code="card_declined"), "hard", "card_declined"),
        (error(402, type="card_error", code="card_declined", decline_code="fraudulent"), "fraud", "fraudulent"),
        (error(400, type="card_error", code="incorrect_number"), "customer_fix", "incorrect_number"),
        (error(400, code="parameter_unknown"), "invalid_request", "parameter_unknown"),
        (error(400, code="amount_too_small"), "invalid_request", "amount_too_small"),
        (error(400), "invalid_request", "invalid_request"),
        (error(404, code="resource_missing"), "invalid_request", "resource_missing"),
        (error(400, code="payment_intent_unexpected_state"), "invalid_state", "payment_intent_unexpected_state"),
        (error(400, code="charge_already_refunded"), "invalid_state", "charge_already_refunded"),
        (
            error(402, type="card_error", code="charge_expired_for_capture"),
            "invalid_state",
            "charge_expired_for_capture",
        ),
        (error(400, code="livemode_mismatch"), "configuration", "livemode_mismatch"),
        (error(401), "configuration", "configuration"),
        (error(403, code="more_permissions_required"), "configuration", "more_permissions_required"),
    ],
)
def test_refusals_are_definite(reply: Reply, kind: str, code: str) -> None:
    outcome = authorize(reply)
    assert isinstance(outcome, Declined)
    assert (outcome.decline.kind, outcome.decline.code) == (DeclineKind(kind), code)


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (error(400, type="idempotency_error"), "key_reused"),
        (error(500, type="api_error"), "server_error"),
        (error(503, type="api_error"), "server_error"),
        (error(424, type="api_error"), "server_error"),
        (error(500, type="api_error", headers={"idempotent-replayed": "true"}), "stored_error"),
        (error(409, code="something_else"), "unexpected_answer"),
        (error(418), "unexpected_answer"),
        (Reply(b"<html>Bad gateway</html>", 502), "server_error"),
        (Reply(b"<html>Hello</html>", 200), "unreadable"),
        (Reply(b"", 200), "unreadable"),
        (Reply(b"\xff\xfe", 200), "no_answer"),  # the SDK itself trips over these two
        (Reply(b"[1, 2]", 200), "unreadable"),
        (Reply(b'{"object": "payment_intent"}', 200), "unreadable"),
        (Reply(b"[" * 100_000, 200), "unreadable"),
        (Reply(b'{"error": "no"}', 400), "no_answer"),
        (Reply(b"<html>Not found</html>", 404), "unreadable"),
    ],
)
def test_everything_ambiguous_is_unknown_and_never_a_decline(reply: Reply, reason: str) -> None:
    outcome = authorize(reply)
    assert isinstance(outcome, Unknown)
    assert outcome.reason == reason
    assert 0 < len(outcome.evidence) <= 500


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (error(409, type="idempotency_error", code="idempotency_key_in_use"), InFlight),
        (error(409, type="idempotency_error"), InFlight),
        (error(409, code="lock_timeout"), InFlight),
        (error(429, code="lock_timeout"), InFlight),
        (error(429, code="rate_limit"), RateLimited),
        (error(429), RateLimited),
        (error(400, code="rate_limit"), RateLimited),
    ],
)
def test_what_surely_did_not_execute_is_raised(reply: Reply, kind: type[GatewayError]) -> None:
    with pytest.raises(kind):
        authorize(reply)


def test_retry_after_is_passed_on() -> None:
    with pytest.raises(RateLimited) as caught:
        authorize(error(429, code="rate_limit", headers={"Retry-After": "7"}))
    assert caught.value.retry_after_seconds == 7
    with pytest.raises(RateLimited) as caught:
        authorize(error(429, code="rate_limit", headers={"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}))
    assert caught.value.retry_after_seconds is None


def test_a_decline_names_the_intent_that_was_made() -> None:
    intent = objects.payment_intent("requires_payment_method")
    outcome = authorize(error(402, type="card_error", code="card_declined", payment_intent=intent, charge="ch_9"))
    assert isinstance(outcome, Declined)
    assert outcome.references == {"payment_intent": "pi_1", "charge": "ch_9"}


def test_evidence_names_request_status_and_code() -> None:
    outcome = authorize(error(500, type="api_error", code="lock", message="boom", headers={"request-id": "req_77"}))
    assert isinstance(outcome, Unknown)
    assert outcome.evidence == "HTTP 500 api_error lock req_77 boom"


@pytest.mark.parametrize("status", [400, 401, 403, 402])
def test_a_refused_lookup_says_nothing_about_the_payment(status: int) -> None:
    gateway, _ = answering(error(status, code="api_key_expired"))
    outcome = gateway.retrieve(authorized_call(Verb.CAPTURE))
    assert isinstance(outcome, Unknown)


def test_only_resource_missing_means_not_found() -> None:
    assert told_by_lookup(Fault(status=404, code="resource_missing", type="invalid_request_error")) == NotFound()
    assert isinstance(told_by_lookup(Fault(status=404, message="<html>")), Unknown)


def test_a_fault_without_an_answer_is_unknown() -> None:
    outcome = told_by_refusal(Fault(message="Read timed out"))
    assert outcome == Unknown(reason="no_answer", evidence="no readable answer Read timed out")


@pytest.mark.parametrize(
    ("secret", "kept"),
    [
        ("pi_3Abc_secret_Xyz123", "pi_3Abc_secret_***"),
        ("cs_test_a1_secret_fid", "cs_test_a1_secret_***"),
        ("sk_test_51Habc", "sk_test_***"),
        ("rk_live_abc", "rk_live_***"),
        ("sk_test_********abcd", "sk_test_***"),
        ("whsec_abcdef", "whsec_***"),
        ("4242424242424242", "[number]"),
        ("4242 4242 4242 4242", "[number]"),
        ("378282246310005", "[number]"),
        ("4000-0025-0000-3155", "[number]"),
    ],
)
def test_evidence_holds_no_secret_and_no_card(secret: str, kept: str) -> None:
    assert redacted(f"Invalid: {secret}!") == f"Invalid: {kept}!"


def test_evidence_is_short() -> None:
    assert len(redacted("x" * 2000)) == 500


# --- real sockets -----------------------------------------------------------------------------------------------------


def over(address: str) -> StripeGateway:
    return StripeGateway(
        secret_key="sk_test_x", webhook_secrets=(), mode="test", base_address=address, timeout_seconds=0.5
    )


@contextmanager
def listening(serve: Callable[[socket.socket], Any]) -> Iterator[int]:
    """A server whose every connection is handled by `serve`."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        stopped = threading.Event()

        def run() -> None:
            while not stopped.is_set():
                try:
                    connection, _ = server.accept()
                except TimeoutError:
                    continue
                with connection:
                    serve(connection)

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            stopped.set()
            thread.join()


def reset(connection: socket.socket) -> None:
    connection.recv(1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def close_at_once(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def say(text: bytes) -> Callable[[socket.socket], None]:
    def serve(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(text)

    return serve


def test_a_refused_connection_was_never_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(NotSent):
        over(f"http://127.0.0.1:{port}").authorize(call())


def test_an_unknown_host_was_never_sent() -> None:
    with pytest.raises(NotSent):
        over("http://nowhere.invalid").authorize(call())


def test_an_unusable_address_was_never_sent() -> None:
    with pytest.raises(NotSent):
        over("nonsense://x").authorize(call())


@pytest.mark.parametrize(
    "serve",
    [say(b"HTTP/1.1 200 OK\r\n\r\n"), lambda connection: connection.recv(65536) and None],
    ids=["not TLS at all", "closed in the handshake"],
)
def test_a_failed_tls_handshake_was_never_sent(serve: Callable[[socket.socket], Any]) -> None:
    with listening(serve) as port, pytest.raises(NotSent):
        over(f"https://127.0.0.1:{port}").authorize(call())


# urllib3 leaves the socket of a handshake that was reset for the garbage collector to close.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
def test_a_reset_tls_handshake_was_never_sent() -> None:
    with listening(close_at_once) as port:
        for _ in range(5):  # the reset is noticed at different steps of the handshake
            with pytest.raises(NotSent):
                over(f"https://127.0.0.1:{port}").authorize(call())
    gc.collect()


def test_a_silent_tls_handshake_was_never_sent() -> None:
    done = threading.Event()
    with listening(lambda _: done.wait(5)) as port:
        with pytest.raises(NotSent):
            over(f"https://127.0.0.1:{port}").authorize(call())
        done.set()


def test_a_proxy_for_the_world_outside_is_not_asked_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with listening(say(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnull")) as port:
        assert over(f"http://127.0.0.1:{port}").authorize(call()).kind == "unknown"
    with pytest.raises(NotSent):  # and a proxy that is not there is one we never connected to
        over("http://stripe.example").authorize(call())


def test_silence_after_the_request_is_unknown() -> None:
    done = threading.Event()
    with listening(lambda _: done.wait(5)) as port:
        outcome = over(f"http://127.0.0.1:{port}").authorize(call())
        done.set()
    assert isinstance(outcome, Unknown)
    assert outcome.reason == "no_answer"
    assert "Read timed out" in outcome.evidence


@pytest.mark.parametrize(
    ("serve", "reason"),
    [
        (reset, "no_answer"),
        (say(b""), "no_answer"),
        (say(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"), "no_answer"),
        (say(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"), "no_answer"),
        (say(b"garbage\r\n\r\n"), "no_answer"),
        (say(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnull"), "unreadable"),
    ],
    ids=["reset", "closed", "cut short", "not gzip", "not HTTP", "null"],
)
def test_a_broken_answer_is_unknown(serve: Callable[[socket.socket], Any], reason: str) -> None:
    with listening(serve) as port:
        outcome = over(f"http://127.0.0.1:{port}").authorize(call())
    assert isinstance(outcome, Unknown)
    assert outcome.reason == reason


def test_an_ssl_error_after_the_handshake_is_unknown() -> None:
    cause = ssl.SSLError(1, "[SSL: DECRYPTION_FAILED_OR_BAD_RECORD_MAC]")
    failure = broken("broken")
    failure.__cause__ = cause
    gateway, _ = answering(failure)
    assert isinstance(gateway.authorize(call()), Unknown)


def test_an_earlier_failure_in_the_background_does_not_excuse_a_later_timeout() -> None:
    """Only the error's own causes count, not what the caller happened to be handling."""
    timeout = broken("Read timed out")
    timeout.__context__ = ConnectionRefusedError()
    gateway, _ = answering(timeout)
    assert isinstance(gateway.authorize(call()), Unknown)
