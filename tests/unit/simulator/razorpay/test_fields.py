"""Parameters: what is taken, what is refused, and in which words."""

from typing import Any

import pytest

from simulator.razorpay import fields
from simulator.razorpay.errors import RazorpayError
from simulator.razorpay.fields import Field

SCHEMA = {
    "amount": Field(fields.integer, required=True),
    "name": Field(fields.text(5)),
    "kind": Field(fields.choice("a", "b")),
    "inner": Field(fields.group({"flag": Field(fields.boolean, required=True)})),
}


def test_good_parameters_become_ours() -> None:
    given = {"amount": "100", "name": 7, "kind": "a", "inner": {"flag": "1"}}
    assert fields.read(SCHEMA, given) == {"amount": 100, "name": "7", "kind": "a", "inner": {"flag": True}}
    assert fields.read(SCHEMA, {"amount": 1, "name": None}) == {"amount": 1}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "The amount field is required."),
        ({"amount": ""}, "The amount field is required."),
        ({"amount": 1, "x": 1, "y": 2}, "x, y is/are not required and should not be sent"),
        ({"amount": 1.0}, "The amount must be an integer."),
        ({"amount": "1e3"}, "The amount must be an integer."),
        ({"amount": False}, "The amount must be an integer."),
        ({"amount": "9" * 16}, "The amount must be an integer."),
        ({"amount": 10**30}, "The amount must be an integer."),
        ({"amount": 1, "name": "abcdef"}, "The name may not be greater than 5 characters."),
        ({"amount": 1, "name": ["a"]}, "The name must be a string."),
        ({"amount": 1, "kind": "c"}, "The selected kind is invalid."),
        ({"amount": 1, "inner": 1}, "The inner must be an array."),
        ({"amount": 1, "inner": {}}, "The flag field is required."),
        ({"amount": 1, "inner": {"flag": 2}}, "The flag field must be true or false."),
    ],
)
def test_bad_parameters_are_named(given: dict[str, Any], said: str) -> None:
    with pytest.raises(RazorpayError) as refusal:
        fields.read(SCHEMA, given)
    assert refusal.value.message == said
    assert refusal.value.envelope()["error"]["field"]


@pytest.mark.parametrize(("value", "meaning"), [(True, True), (1, True), ("true", True), (0, False), ("0", False)])
def test_truth_is_written_in_many_ways(value: object, meaning: bool) -> None:
    assert fields.boolean("flag", value) is meaning


def test_notes_are_pairs_and_shown_as_a_list_when_there_are_none() -> None:
    assert fields.notes("notes", {"a": 1}) == {"a": "1"}
    assert fields.notes("notes", []) == {}
    assert fields.shown_notes({}) == fields.shown_notes(None) == []
    assert fields.shown_notes({"a": "b"}) == {"a": "b"}


def test_lists_may_be_written_as_one_text() -> None:
    assert fields.texts("expand", "payments") == ["payments"]
    assert fields.texts("expand", ["payments", "card"]) == ["payments", "card"]
