"""The public words: derived from the record, never stored, never a secret."""

from dataclasses import replace
from typing import Any

import pytest

from api.presentation import (
    Presenter,
    charge_status,
    display_status,
    next_page,
    payment_of_session,
    refund_object,
    session_id,
)
from domain.gateway import Instructions
from domain.operation import Operation, OperationState, Verb
from domain.outcomes import CustomerAction
from domain.payment import Amounts, Dispute, Payment, PaymentState
from domain.ports import StoredPayment
from tests.unit.api.fakes import START
from tests.unit.api.test_timeline import PAYMENT

S = PaymentState


def disputed(standing: str) -> tuple[Dispute, ...]:
    return (Dispute(reference="dp_1", standing=standing, amount_minor=9, withdrawn_minor=9, reason="fraud"),)  # type: ignore[arg-type]  # the cases name standings


def with_amounts(state: S, **amounts: int) -> Payment:
    return replace(PAYMENT, state=state, amounts=Amounts(**{f"{name}_minor": value for name, value in amounts.items()}))


@pytest.mark.parametrize(
    ("payment", "word"),
    [
        (PAYMENT, "created"),
        (with_amounts(S.AUTHORIZED, authorized=4999), "authorized"),
        (with_amounts(S.AUTHORIZED, authorized=4999, captured=1), "partially_captured"),
        (with_amounts(S.CAPTURED, authorized=4999, captured=4999), "captured"),
        (with_amounts(S.CAPTURED, authorized=4999, captured=4000), "partially_captured"),
        (with_amounts(S.CAPTURED, authorized=4999, captured=4999, refunded=1), "partially_refunded"),
        (with_amounts(S.CAPTURED, authorized=4999, captured=4000, refunded=4000), "refunded"),
        (with_amounts(S.CAPTURED, authorized=4999, captured=4999, refund_pending=4999), "captured"),
        (
            replace(with_amounts(S.CAPTURED, authorized=9, captured=9, disputed=9), disputes=disputed("open")),
            "disputed",
        ),
        (
            replace(with_amounts(S.CAPTURED, authorized=9, captured=9, dispute_lost=9), disputes=disputed("lost")),
            "charged_back",
        ),
        (replace(PAYMENT, state=S.EXPIRED), "expired"),
    ],
)
def test_display_status(payment: Payment, word: str) -> None:
    assert display_status(payment) == word


@pytest.mark.parametrize("state", list(S))
def test_every_state_has_a_quick_word(state: S) -> None:
    words = {"completed", "authorized", "requires_action", "pending", "failed", "canceled"}
    assert charge_status(replace(PAYMENT, state=state)) in words


@pytest.mark.parametrize("state", list(OperationState))
def test_an_unknown_refund_is_never_failed(state: OperationState) -> None:
    refund = Operation(
        number=2, verb=Verb.REFUND, amount_minor=5, state=state, command_key="c", started_at=START, reason="r"
    )
    failed = state in (OperationState.DECLINED, OperationState.CANCELED)
    expected = "failed" if failed else "succeeded" if state is OperationState.APPROVED else "pending"
    assert refund_object(PAYMENT, refund).status == expected


def test_an_action_is_told_only_while_it_is_asked_for() -> None:
    presenter = Presenter(temporal_ui_url="http://ui", temporal_namespace="ns", callback_of=lambda _: "https://back")
    acting = replace(PAYMENT, action=CustomerAction("redirect", "https://x"), action_expires_at=START)
    for state in S:
        shown = presenter.payment(StoredPayment(payment=replace(acting, state=state), instructions=Instructions()))
        assert (shown.next_action is not None) == (state is S.REQUIRES_ACTION)


@pytest.mark.parametrize(("kind", "callback"), [("browser", "https://back"), ("redirect", None), ("display", None)])
def test_only_the_gateways_own_script_is_told_where_to_bring_the_result(kind: Any, callback: str | None) -> None:
    presenter = Presenter(temporal_ui_url="http://ui", temporal_namespace="ns", callback_of=lambda _: "https://back")
    data = {"order": "order_1", "key": "public_1"}
    acting = replace(PAYMENT, state=S.REQUIRES_ACTION, action=CustomerAction(kind, None, data))
    shown = presenter.payment(StoredPayment(payment=acting, instructions=Instructions())).next_action
    assert shown is not None
    assert (shown.type, shown.data, shown.callback_url) == (kind, data, callback)


def test_nothing_of_the_method_but_its_summary_is_shown() -> None:
    presenter = Presenter(temporal_ui_url="http://ui", temporal_namespace="ns", callback_of=lambda _: "https://back")
    secretive = replace(PAYMENT, references={"payment_intent": "pi_secret"})
    shown = presenter.payment(StoredPayment(payment=secretive, instructions=Instructions())).model_dump_json()
    assert "pi_secret" not in shown
    assert '"pm"' not in shown


def test_a_session_id_and_its_payment_id_name_each_other() -> None:
    assert payment_of_session(session_id(PAYMENT.id)) == PAYMENT.id


def test_the_next_page_keeps_the_filters() -> None:
    assert next_page("/v1/x", {"limit": 2, "state": None, "q": "a b"}, last_id="pay_1", has_more=True) == (
        "/v1/x?limit=2&q=a+b&before=pay_1"
    )
    assert next_page("/v1/x", {}, last_id="", has_more=False) is None
