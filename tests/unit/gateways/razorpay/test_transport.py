"""The session under the SDK: what it raises, what it never does, and one of it per thread."""

import threading

import pytest
import requests

from gateways.razorpay.transport import Answered, Clients, NoAnswer
from tests.unit.gateways.razorpay.transport import FakeWire, Reply


def clients(*replies: object) -> tuple[Clients, FakeWire]:
    wire = FakeWire(*replies)
    return Clients(key_id="rzp_test_unit", key_secret="secret", address="https://api.example", wire=wire), wire


def test_a_good_answer_is_the_sdks() -> None:
    made, wire = clients({"id": "order_1"})
    assert made.current().get("/v1/orders", {"count": 1}, timeout=3) == {"id": "order_1"}
    assert wire.sent[0].headers["Authorization"].startswith("Basic ")


@pytest.mark.parametrize(
    "reply",
    [
        Reply({"error": {}}, 400),
        Reply({}, 500),
        Reply(b"<html>", 200),
        Reply(b"", 200),
        Reply(b'{"id": ', 200),
        Reply([], 200),
        Reply({}, 302, {"Location": "https://elsewhere.example/"}),
        Reply(b"", 204),
    ],
)
def test_everything_but_a_json_object_with_success_is_raised_before_the_sdk_sees_it(
    reply: Reply, capfd: pytest.CaptureFixture[str]
) -> None:
    made, wire = clients(reply)
    with pytest.raises(Answered) as caught:
        made.current().post("/v1/orders", {}, timeout=3)
    assert caught.value.status == reply.status
    assert len(wire.sent) == 1, "no redirect is followed and nothing is retried"
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("cause", [requests.ConnectionError("reset"), requests.Timeout("slow"), OSError("odd")])
def test_no_answer_is_raised_with_its_cause_and_nothing_is_printed(
    cause: Exception, capfd: pytest.CaptureFixture[str]
) -> None:
    made, wire = clients(cause)
    with pytest.raises(NoAnswer) as caught:
        made.current().post("/v1/orders", {}, timeout=3)
    assert caught.value.__cause__ is cause
    assert len(wire.sent) == 1
    assert capfd.readouterr() == ("", "")


def test_each_thread_has_a_client_and_a_session_of_its_own() -> None:
    made, _ = clients()
    found = [made.current()]
    thread = threading.Thread(target=lambda: found.append(made.current()))
    thread.start()
    thread.join()
    assert made.current() is found[0]
    assert found[0] is not found[1]
    assert found[0].session is not found[1].session
    assert not found[0].retry_enabled


@pytest.mark.parametrize(("address", "trusts"), [("http://127.0.0.1:1", False), ("https://api.razorpay.com", True)])
def test_a_stand_in_on_this_machine_is_reached_directly(address: str, trusts: bool) -> None:
    made = Clients(key_id="rzp_test_unit", key_secret="secret", address=address)
    assert made.current().session.trust_env is trusts
