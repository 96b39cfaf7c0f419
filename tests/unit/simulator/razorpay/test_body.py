"""Bodies and queries of every SDK become the same objects."""

import pytest

from simulator.razorpay.body import given, nested
from simulator.razorpay.errors import RazorpayError
from simulator.wire import WireRequest


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("", {}),
        ("a=1&b=", {"a": "1", "b": ""}),
        ("expand[]=payments&expand[]=card", {"expand": ["payments", "card"]}),
        ("notes[a]=1&notes[b]=2", {"notes": {"a": "1", "b": "2"}}),
        ("payment[capture_options][refund_speed]=normal", {"payment": {"capture_options": {"refund_speed": "normal"}}}),
        ("a=1&a[b]=2", {"a": "1"}),
        ("a[]=1&a[b]=2", {"a": ["1"]}),
        ("=1", {"": "1"}),
    ],
)
def test_brackets_are_nesting(written: str, read: dict[str, object]) -> None:
    assert nested(written) == read


def test_a_body_is_added_to_the_query() -> None:
    request = WireRequest("POST", "/", "a=1", {}, b'{"b": 2}')
    assert given(request) == {"a": "1", "b": 2}


def test_the_body_of_a_lookup_is_not_read() -> None:
    """The SDK sends `{}` with some of its GETs."""
    assert given(WireRequest("GET", "/", "a=1", {}, b"{")) == {"a": "1"}


@pytest.mark.parametrize("body", [b"{", b"1", b'"x"', b"[1]", b"\xff"])
def test_what_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(RazorpayError, match="request body"):
        given(WireRequest("POST", "/", "", {}, body))
