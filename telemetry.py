"""What our processes say: redacted structured logs, process metrics, and the one way out of the interpreter.

Secrets and card numbers are removed in one processor that every record passes, ours and the libraries' alike.
"""

import logging
import os
import re
import sys
from collections.abc import Mapping
from typing import Any, NoReturn, TextIO

import structlog
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from structlog.typing import EventDict, Processor, WrappedLogger

REDACTED = "[redacted]"

SECRET_FIELDS = frozenset(
    {
        "authorization",
        "client_secret",
        "secret",
        "secret_key",
        "api_key",
        "password",
        "token",
        "stripe-signature",
        "cvc",
    }
)
"""Field and header names whose whole value is hidden, whatever it is."""

SECRET_SHAPES = re.compile(
    r"\b(?:sk|rk)_(?:test|live)_\w+|\bwhsec_[\w+/=]+|\b(?:pi|seti|cs)_\w+_secret_\w+|(?i:\b(?:bearer|basic)\s+)[\w.~+/=-]+"
    r"|(?<=://)[^\s/:@]+:[^\s/@]+(?=@)"
)
"""API keys, webhook secrets, client secrets, authorization headers and passwords inside addresses."""

TALKATIVE = ("stripe", "urllib3", "httpx2", "httpcore2")
"""Libraries that log every request at `info`: our own records already say what was asked and answered."""

CARD_SHAPE = re.compile(r"(?<![\w.])[2-6]\d(?:[ -]?\d){11,17}(?![\w.])")
"""13 to 19 digits, perhaps grouped, first digit as ISO/IEC 7812 gives it to banks: then the check digit decides."""


def configure_logging(*, level: str, stream: TextIO | None = None) -> None:
    """Send every log record of this process through one chain: JSON lines, or colours when `stream` is a terminal."""
    target = stream or sys.stderr
    plain = structlog.dev.plain_traceback  # the pretty ones would render after redaction, and show local variables
    renderer: Processor = structlog.processors.JSONRenderer(sort_keys=True)
    if target.isatty():
        renderer = structlog.dev.ConsoleRenderer(exception_formatter=plain)
    before: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
    ]
    unwrap = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=before, processors=[unwrap, redact_record, renderer]
    )
    handler = logging.StreamHandler(target)
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))
    structlog.configure(
        processors=[*before, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )


def bind_context(
    *, payment_id: str | None = None, merchant_id: str | None = None, request_id: str | None = None
) -> None:
    """Put these on every record logged from this task onwards; None leaves a value as it is."""
    given = {"payment_id": payment_id, "merchant_id": merchant_id, "request_id": request_id}
    structlog.contextvars.bind_contextvars(**{name: value for name, value in given.items() if value is not None})


def clear_context() -> None:
    """Forget what `bind_context` bound, at the end of a request or an activity."""
    structlog.contextvars.clear_contextvars()


def redact_record(_logger: WrappedLogger, _method: str, record: EventDict) -> EventDict:
    """The structlog processor that hides secrets and card numbers, however deep they are."""
    return {name: _redact_field(name, value) for name, value in record.items()}


def redact_text(text: str) -> str:
    """The text without keys, secrets, passwords and card numbers."""
    return CARD_SHAPE.sub(_hide_card_number, SECRET_SHAPES.sub(REDACTED, text))


def new_registry() -> CollectorRegistry:
    """A metrics registry with this process's CPU, memory, file and garbage-collection figures already in it."""
    registry = CollectorRegistry(auto_describe=True)
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


def render_metrics(registry: CollectorRegistry) -> tuple[bytes, str]:
    """The body and content type of a `/metrics` answer."""
    return generate_latest(registry), CONTENT_TYPE_LATEST


def leave(code: int) -> NoReturn:
    """End the process now with exactly this exit code, after flushing what was said.

    The interpreter may abort while it shuts down once a Temporal client or worker has lived in it (sdk-python #300),
    which would turn a true exit code into 134; so every entry point leaves through here.
    """
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (BrokenPipeError, ValueError):  # the reader went away or the stream is closed: nobody is left to tell
            continue
    os._exit(code)


def _redact_field(name: str, value: object) -> Any:
    return REDACTED if name.lower() in SECRET_FIELDS and value else _redact_value(value)


def _redact_value(value: object) -> object:
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, bytes):
        return redact_text(value.decode("utf-8", "replace"))
    if isinstance(value, Mapping):
        return {key: _redact_field(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_redact_value(inner) for inner in value]
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return value if redact_text(str(value)) == str(value) else REDACTED
    return redact_text(str(value))


def _hide_card_number(match: re.Match[str]) -> str:
    digits = [int(character) for character in match.group() if character.isdigit()]
    return REDACTED if _passes_luhn(digits) else match.group()


def _passes_luhn(digits: list[int]) -> bool:
    """The check digit of ISO/IEC 7812-1 annex B."""
    doubled = [digit * 2 - 9 if digit > 4 else digit * 2 for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0
