"""The running stack as other tests use it: every part stops with exit code 0, survives kill -9, and then pays again."""

import time
from collections.abc import Iterator

import httpx2
import pytest

from stack.assembly import ORDER, Stack

RETRY_SECONDS = 30


@pytest.fixture
def whole(stack: Stack) -> Iterator[Stack]:
    """The shared stack, whole again afterwards whatever the test did."""
    yield stack
    for name in ORDER:
        if not stack.parts[name].running:
            stack.restart(name)


def test_every_part_stops_with_exit_code_0(whole: Stack) -> None:
    for name in reversed(ORDER):
        whole.parts[name].stop()
    assert {name: part.exit_code for name, part in whole.parts.items()} == dict.fromkeys(ORDER, 0)


@pytest.mark.parametrize("name", ORDER)
def test_a_payment_succeeds_after_each_part_was_killed_and_restarted(whole: Stack, name: str) -> None:
    whole.kill(name)
    whole.restart(name)
    status, code = pay(whole, key=f"after-{name}")
    assert (status, code) == ("captured", 201)


def pay(stack: Stack, *, key: str) -> tuple[str, int]:
    """What a client does: while the answer is 503 with Retry-After, ask again with the same key, for a while."""
    deadline = time.monotonic() + RETRY_SECONDS
    while True:
        answer = httpx2.post(
            f"{stack.api_url}/v1/payments",
            headers={"Authorization": f"Bearer {stack.api_key}", "Idempotency-Key": key},
            json={"amount": 4999, "currency": "EUR", "payment_method": "pm_card_visa"},
            timeout=60,
        )
        if answer.status_code != 503 or time.monotonic() > deadline:
            return str(answer.json()["status"]), answer.status_code
        assert "retry-after" in answer.headers
        time.sleep(0.5)
