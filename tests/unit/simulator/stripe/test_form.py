"""Bracketed form fields, in every spelling that clients use."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.stripe.errors import StripeError
from simulator.stripe.form import decode
from tests.contract.simulator.shop import encoded


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("", {}),
        ("a=1&b=", {"a": "1", "b": ""}),
        ("a[b][c]=1&a[d]=2", {"a": {"b": {"c": "1"}, "d": "2"}}),
        ("x[]=1&x[]=2", {"x": {"0": "1", "1": "2"}}),
        ("x[0]=1&x[1]=2", {"x": {"0": "1", "1": "2"}}),
        ("x[][a]=1&x[][b]=2&x[][a]=3", {"x": {"0": {"a": "1", "b": "2"}, "1": {"a": "3"}}}),
        ("a%5Bb%5D=%C3%A9+%26", {"a": {"b": "é &"}}),
        ("a=1&a=2", {"a": "2"}),
    ],
)
def test_fields_become_a_tree(text: str, tree: dict[str, object]) -> None:
    assert decode(text) == tree


@pytest.mark.parametrize("text", ["a[b=1", "a]b=1", "a[b]c=1", "a=1&a[b]=2", "a[b]=1&a=2", "[a]=1", "a", "a[[b]]=1"])
def test_malformed_fields_are_refused(text: str) -> None:
    with pytest.raises(StripeError, match="Invalid request"):
        decode(text)


def test_too_many_fields_are_refused() -> None:
    with pytest.raises(StripeError):
        decode("&".join(f"a{n}=1" for n in range(2_001)))


names = st.text(st.characters(categories=["L"]), min_size=1, max_size=5)
trees = st.dictionaries(
    names,
    st.recursive(
        st.text(max_size=5), lambda inner: st.dictionaries(names, inner, min_size=1, max_size=3), max_leaves=6
    ),
)


@settings(deadline=None)  # a busy machine is not a slow reader
@given(trees)
def test_what_a_client_writes_is_what_we_read(tree: dict[str, object]) -> None:
    assert decode(encoded(tree)) == tree


@settings(deadline=None)  # a busy machine is not a slow reader
@given(st.text())
def test_no_text_can_crash_the_reader(text: str) -> None:
    with contextlib.suppress(StripeError):
        assert isinstance(decode(text), dict)
