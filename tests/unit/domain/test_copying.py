from dataclasses import fields, is_dataclass
from dataclasses import replace as replace_of_the_library
from typing import Any

import pytest

import domain.operation
import domain.payment
from domain.copying import altered, replace
from domain.money import Money
from domain.payment import Amounts, PaymentState
from tests.unit.domain.builders import payment


def test_a_copy_differs_in_what_was_told_only() -> None:
    known = payment()
    copied = replace(known, state=PaymentState.CAPTURED, amounts=Amounts(authorized_minor=5, captured_minor=5))
    told: dict[str, Any] = {"state": PaymentState.CAPTURED, "amounts": Amounts(authorized_minor=5, captured_minor=5)}
    assert copied == replace_of_the_library(known, **told)
    assert known == payment()


def test_a_name_that_is_no_field_is_refused() -> None:
    told: dict[str, Any] = {"amount": 5}
    with pytest.raises(TypeError, match="amount"):
        replace(payment(), **told)


def test_what_changes_nothing_copies_nothing() -> None:
    known = payment()
    assert altered(known, state=known.state, references=dict(known.references)) is known
    assert altered(known, state=PaymentState.CAPTURED) == replace(known, state=PaymentState.CAPTURED)


def test_a_class_that_checks_its_fields_is_not_copied_past_its_checks() -> None:
    with pytest.raises(TypeError, match="Money"):
        replace(Money(5, "EUR"), amount_minor=-5)


@pytest.mark.parametrize("module", [domain.payment, domain.operation])
def test_every_field_is_a_parameter(module: Any) -> None:
    kinds = [kind for kind in vars(module).values() if isinstance(kind, type) and is_dataclass(kind)]
    assert kinds
    assert all(field.init for kind in kinds for field in fields(kind))
