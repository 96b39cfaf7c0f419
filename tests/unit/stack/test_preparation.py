"""What stands between a started database and a started worker: failures are sentences, repeating is safe."""

from pathlib import Path

import psycopg
import pytest

from settings import read_settings
from stack import preparation
from stack.errors import StackError
from stack.ports import choose_free


def test_a_database_that_is_not_there_is_a_sentence() -> None:
    (port,) = choose_free(1)
    with pytest.raises(StackError, match="DATABASE_URL"):
        preparation.migrate(f"postgresql://me@127.0.0.1:{port}/x")


def test_migrating_and_seeding_twice_changes_nothing(database: str, tmp_path: Path) -> None:
    settings = read_settings(database={"url": database}, payonce={"state": tmp_path / "state"})
    preparation.migrate(database)
    key = preparation.seed(settings)
    assert key.startswith("sk_test_")
    assert preparation.seed(settings) == key
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM merchants").fetchone() == (1,)


def test_a_simulator_that_does_not_answer_is_a_sentence() -> None:
    (port,) = choose_free(1)
    settings = read_settings(stripe={"webhook_secrets": ("whsec_x",)})
    with pytest.raises(StackError, match="webhook address"):
        preparation.listen_to_simulator(settings, control_url=f"http://127.0.0.1:{port}", api_url="http://127.0.0.1:1")


def test_every_gateway_with_a_secret_is_told_where_its_webhooks_go() -> None:
    settings = read_settings(stripe={"webhook_secrets": ("whsec_x",)}, razorpay={"webhook_secrets": ("hidden", "old")})
    told = {end["wire"]: end for end in preparation.webhook_endpoints(settings, api_url="http://pay.example")}
    assert told["stripe"]["url"] == "http://pay.example/v1/webhooks/stripe/stripe_test"
    assert told["razorpay"]["url"] == "http://pay.example/v1/webhooks/razorpay/razorpay_test"
    assert told["razorpay"]["secret"] == "hidden"
    assert "payment.captured" in told["razorpay"]["enabled_events"]  # type: ignore[operator]  # a list of names
    assert preparation.webhook_endpoints(read_settings(), api_url="http://pay.example") == []
