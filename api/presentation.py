"""Our records in the public words: domain objects to the objects of `schemas`."""

from collections.abc import Callable, Sequence
from urllib.parse import urlencode

from api.schemas.payments import (
    AmountsObject,
    DeclineObject,
    DisputeObject,
    LinksObject,
    MethodObject,
    NextActionObject,
    PaymentObject,
    RefundObject,
)
from api.schemas.quick import ChargeStatus
from api.schemas.sessions import LineItemObject, SessionObject
from domain.identifiers import PREFIXES, payment_workflow_id, refund_id
from domain.operation import Operation, OperationState, Verb
from domain.outcomes import Decline, MethodSummary
from domain.payment import Dispute, Payment, PaymentState
from domain.ports import StoredPayment

S = PaymentState


class Presenter:
    """Knows the addresses the links need; everything else is in the record. `callback_of`: where the customer's browser
    may bring a gateway's signed result, None for a gateway without."""

    def __init__(
        self, *, temporal_ui_url: str, temporal_namespace: str, callback_of: Callable[[Payment], str | None]
    ) -> None:
        self._callback_of = callback_of
        self._workflows = f"{temporal_ui_url}/namespaces/{temporal_namespace}/workflows"

    def payment(self, stored: StoredPayment) -> PaymentObject:
        payment, instructions = stored.payment, stored.instructions
        return PaymentObject(
            id=payment.id,
            amount=payment.amount_minor,
            currency=payment.currency,
            status=payment.state,
            display_status=display_status(payment),
            attention=payment.attention,
            capture_method=payment.capture_method,
            gateway=payment.gateway,
            routed_because=instructions.routed_because,
            amounts=_amounts(payment),
            next_action=self._next_action(payment),
            payment_method=method_object(payment.method_summary) if payment.method_summary else None,
            customer=instructions.customer_id,
            order_reference=instructions.order_reference,
            description=instructions.description,
            metadata=dict(instructions.metadata),
            decline=decline_object(payment.decline),
            refunds=[refund_object(payment, refund) for refund in refunds_of(payment)],
            disputes=[_dispute(dispute) for dispute in payment.disputes],
            authorization_expires_at=payment.authorization_expires_at,
            created_at=payment.created_at,
            updated_at=payment.changed_at,
            version=payment.version,
            links=self.links(payment.id),
        )

    def links(self, payment_id: str) -> LinksObject:
        path = f"/v1/payments/{payment_id}"
        workflow = f"{self._workflows}/{payment_workflow_id(payment_id)}"
        return LinksObject(self=path, timeline=f"{path}/timeline", workflow=workflow)

    def _next_action(self, payment: Payment) -> NextActionObject | None:
        action = payment.action
        if action is None or payment.state is not S.REQUIRES_ACTION:
            return None
        return NextActionObject(
            type=action.kind,
            url=action.url,
            data=dict(action.data),
            callback_url=self._callback_of(payment) if action.kind == "browser" else None,
            expires_at=payment.action_expires_at,
        )


def display_status(payment: Payment) -> str:
    """The state, or what the amounts say beyond it. The most urgent word wins."""
    amounts = payment.amounts
    if any(dispute.standing == "open" for dispute in payment.disputes):
        return "disputed"
    if amounts.dispute_lost_minor:
        return "charged_back"
    if amounts.captured_minor and amounts.refunded_minor >= amounts.captured_minor:
        return "refunded"
    if amounts.refunded_minor:
        return "partially_refunded"
    if amounts.captured_minor and payment.state is S.AUTHORIZED:
        return "partially_captured"
    if payment.state is S.CAPTURED and amounts.captured_minor < payment.amount_minor:
        return "partially_captured"
    return payment.state.value


def refunds_of(payment: Payment) -> Sequence[Operation]:
    return [operation for operation in payment.operations if operation.verb is Verb.REFUND]


def refund_object(payment: Payment, operation: Operation) -> RefundObject:
    """An unknown refund is pending for the client: it is being resolved, and never counted as failed."""
    ended = {OperationState.APPROVED: "succeeded", OperationState.DECLINED: "failed", OperationState.CANCELED: "failed"}
    return RefundObject(
        id=refund_id(payment.id, operation.number),
        payment=payment.id,
        amount=operation.amount_minor,
        currency=payment.currency,
        status=ended.get(operation.state, "pending"),
        reason=operation.reason,
        failure=decline_object(operation.decline),
        created_at=operation.started_at,
    )


def session_id(payment_id: str) -> str:
    return f"{PREFIXES['checkout_session']}_{payment_id.partition('_')[2]}"


def payment_of_session(checkout_session_id: str) -> str:
    return f"{PREFIXES['payment']}_{checkout_session_id.partition('_')[2]}"


def session_object(stored: StoredPayment) -> SessionObject:
    payment, instructions = stored.payment, stored.instructions
    open_ = payment.state in (S.CREATED, S.PROCESSING, S.REQUIRES_ACTION)
    complete = payment.state in (S.AUTHORIZED, S.CAPTURED)
    return SessionObject(
        id=session_id(payment.id),
        status="open" if open_ else "complete" if complete else "expired",
        url=payment.action.url if open_ and payment.action else None,
        payment=payment.id,
        payment_status=payment.state.value,
        amount=payment.amount_minor,
        currency=payment.currency,
        line_items=[
            LineItemObject(name=item.name, unit_amount=item.unit_amount_minor, quantity=item.quantity)
            for item in instructions.line_items
        ],
        order_reference=instructions.order_reference,
        customer=instructions.customer_id,
        metadata=dict(instructions.metadata),
        expires_at=payment.action_expires_at,
        created_at=payment.created_at,
    )


def charge_status(payment: Payment) -> ChargeStatus:
    """The quick routes' word for where a payment stands."""
    if payment.state is S.CAPTURED:
        return "refunded" if display_status(payment) == "refunded" else "completed"
    words: dict[PaymentState, ChargeStatus] = {
        S.AUTHORIZED: "authorized",
        S.REQUIRES_ACTION: "requires_action",
        S.FAILED: "failed",
        S.CANCELED: "canceled",
        S.EXPIRED: "canceled",
    }
    return words.get(payment.state, "pending")


def method_object(summary: MethodSummary) -> MethodObject:
    return MethodObject(
        type=summary.type, brand=summary.brand, last4=summary.last4, expiry=summary.expiry, wallet=summary.wallet
    )


def decline_object(decline: Decline | None) -> DeclineObject | None:
    if decline is None:
        return None
    return DeclineObject(kind=decline.kind.value, code=decline.code, message=decline.message, advice=decline.advice)


def next_page(path: str, query: dict[str, object], *, last_id: str, has_more: bool) -> str | None:
    """The address of the next page with the same filters, or None when this is the last."""
    if not has_more:
        return None
    asked = {name: value for name, value in query.items() if value is not None} | {"before": last_id}
    return f"{path}?{urlencode(asked)}"


def _amounts(payment: Payment) -> AmountsObject:
    amounts = payment.amounts
    return AmountsObject(
        authorized=amounts.authorized_minor,
        captured=amounts.captured_minor,
        refund_pending=amounts.refund_pending_minor,
        refunded=amounts.refunded_minor,
        disputed=amounts.disputed_minor,
    )


def _dispute(dispute: Dispute) -> DisputeObject:
    return DisputeObject(
        reference=dispute.reference,
        status=dispute.standing,
        amount=dispute.amount_minor,
        withdrawn=dispute.withdrawn_minor,
        reason=dispute.reason,
        evidence_due_at=dispute.evidence_due_at,
    )
