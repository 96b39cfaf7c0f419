"""Text that PostgreSQL cannot keep is replaced, and nothing else is touched."""

import json

import pytest
from pydantic import ValidationError

from domain.outcomes import Decline, DeclineKind
from storage.documents import DECLINE, FACTS, OPERATIONS, TEXTS, storable

PLAIN = Decline(kind=DeclineKind.SOFT, code="51", message='quote " backslash \\u0000 newline \n ☃', advice="")


def test_a_value_comes_back_equal() -> None:
    text = DECLINE.text(PLAIN)
    assert DECLINE.value(text) == PLAIN
    assert DECLINE.read(DECLINE.write(PLAIN)) == PLAIN


def test_nothing_is_null() -> None:
    assert DECLINE.write(None) is None
    assert DECLINE.read(None) is None


@pytest.mark.parametrize(("odd", "kept"), [("a\0b", "a\ufffdb"), ("\ud800", "?"), ("\udfff\0", "?\ufffd")])
def test_what_postgres_cannot_keep_is_replaced(odd: str, kept: str) -> None:
    assert storable(odd) == kept
    assert TEXTS.value(TEXTS.text({"a\0": odd, "plain": "\\u0000"})) == {"a\ufffd": kept, "plain": "\\u0000"}
    nested = FACTS.value(FACTS.text({"list": [{"inner": odd}], "number": 1, "nothing": None}))
    assert nested == {"list": [{"inner": kept}], "number": 1, "nothing": None}
    assert "\\u0000" not in FACTS.text({"value": odd})


def test_storable_text_is_left_alone() -> None:
    for text in ("", "plain", "Grüße ☃ 🎉", "\x01\x1f\x7f"):
        assert storable(text) == text


def test_a_document_of_another_shape_is_not_read() -> None:
    with pytest.raises(ValidationError):
        OPERATIONS.value(json.dumps([{"number": 1, "verb": "charge"}]))
