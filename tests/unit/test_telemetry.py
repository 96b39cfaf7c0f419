"""Nothing secret reaches a log line, and an exit code survives the way out."""

import io
import json
import logging
import subprocess
import sys

import pytest
import structlog

import telemetry


@pytest.fixture
def lines() -> "io.StringIO":
    stream = io.StringIO()
    telemetry.configure_logging(level="debug", stream=stream)
    return stream


@pytest.fixture(autouse=True)
def _logging_as_before() -> "object":
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()
    telemetry.clear_context()


@pytest.mark.parametrize(
    "secret",
    [
        "4242424242424242",
        "4242 4242 4242 4242",
        "5555-5555-5555-4444",
        "378282246310005",
        "sk_test_51abcDEF",
        "sk_live_51abcDEF",
        "rk_live_51abcDEF",
        "whsec_abc+/def=",
        "pi_3Abc_secret_xyz",
        "Bearer abc.def-ghi",
        "Basic c2tfdGVzdDo=",
    ],
)
def test_secrets_are_hidden_inside_a_sentence(secret: str) -> None:
    text = telemetry.redact_text(f"before {secret} after")
    assert secret not in text
    assert text == f"before {telemetry.REDACTED} after"


@pytest.mark.parametrize(
    "harmless",
    [
        "4242424242424241",
        "1763690000123456",
        "pay_01K9ZX4242424242424242",
        "4999 EUR",
        "pk_test_abc",
        "2026-11-21 02:30",
    ],
)
def test_what_is_no_secret_stays_readable(harmless: str) -> None:
    assert telemetry.redact_text(harmless) == harmless


def test_a_password_inside_an_address_is_hidden() -> None:
    assert telemetry.redact_text("postgresql://me:pa55@db/x") == f"postgresql://{telemetry.REDACTED}@db/x"


def test_one_line_of_json_with_context_and_without_secrets(lines: io.StringIO) -> None:
    telemetry.bind_context(payment_id="pay_1", merchant_id="mer_1")
    structlog.get_logger("api").info(
        "paid", card=4242424242424242, headers={"Authorization": "anything"}, items=["sk_test_a"]
    )
    record = json.loads(lines.getvalue())
    assert record["event"] == "paid"
    assert (record["payment_id"], record["merchant_id"], record["level"], record["logger"]) == (
        "pay_1",
        "mer_1",
        "info",
        "api",
    )
    assert record["card"] == telemetry.REDACTED
    assert record["headers"] == {"Authorization": telemetry.REDACTED}
    assert record["items"] == [telemetry.REDACTED]


def test_library_records_and_tracebacks_pass_the_same_chain(lines: io.StringIO) -> None:
    try:
        raise RuntimeError("key sk_test_abc was refused")
    except RuntimeError:
        logging.getLogger("uvicorn").exception("failed for %s", "4242424242424242")
    record = json.loads(lines.getvalue())
    assert "4242" not in record["event"]
    assert "sk_test_abc" not in record["exception"]
    assert "RuntimeError" in record["exception"]


def test_a_terminal_gets_colours_and_the_same_redaction() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    telemetry.configure_logging(level="info", stream=stream)
    try:
        raise RuntimeError("key sk_test_abc was refused")
    except RuntimeError:
        structlog.get_logger("api").exception("boom")
    text = stream.getvalue()
    assert "boom" in text
    assert "RuntimeError" in text
    assert "sk_test_abc" not in text
    assert not text.startswith("{")


def test_each_registry_has_process_figures_of_its_own() -> None:
    body, content_type = telemetry.render_metrics(telemetry.new_registry())
    assert b"python_info" in body
    assert b"python_gc_objects_collected" in body
    assert content_type.startswith("text/plain")
    telemetry.new_registry()


@pytest.mark.parametrize("code", [0, 3])
def test_leave_flushes_and_keeps_the_exit_code(code: int) -> None:
    program = (
        f"import atexit, telemetry; atexit.register(print, 'never'); print('said', end=''); telemetry.leave({code})"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (code, "said")
