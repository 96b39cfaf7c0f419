"""The operations at Stripe, where the server confirms and every call has a key.

The first eight are a payment's ordinary life. The others begin with a trouble of their own, because some effects
(resolving, sweeping, setting a key free) exist only after one; the cell's trouble then strikes on top of it.
"""

from functools import partial
from typing import Any

from tests.safety.crash_points.operation import (
    AUTHORIZED,
    CANCELED,
    CAPTURED,
    LEFT_WAITING,
    NEVER_BEGUN,
    NOBODY_TOLD,
    OWNER_AWAY,
    OWNER_MISLED,
    OWNER_TERMINATED,
    PART,
    REFUNDED,
    UNTOUCHED,
    Operation,
    Run,
    pay_and_leave,
    standing,
    webhooks_told,
)
from tests.safety.crash_points.till import Till

CARD = {"currency": "EUR", "payment_method": "pm_card_visa"}
HELD = CARD | {"capture_method": "manual"}
CHALLENGED = CARD | {"payment_method": "pm_card_authenticationRequired", "return_url": "https://shop.example/back"}


async def saved_method(till: Till) -> tuple[str, str]:
    """A customer and a card of theirs, for every charge without them."""
    customer = (await till.insist("/v1/customers", {"name": "regular"}, key="regular")).json()["id"]
    path = f"/v1/customers/{customer}/payment-methods"
    method = (await till.insist(path, {"payment_method": "pm_card_visa"}, key="regular-method")).json()["id"]
    return customer, method


async def _refuse_once(run: Run) -> None:
    """The gateway is too busy for the next capture: surely not executed, noted, and sent again."""
    await run.prepared(HELD)
    match = {"method": "POST", "path": "/v1/payment_intents/*/capture", "reference": run.payment["id"]}
    await run.till.tell("/faults", {"wire": "stripe", "kind": "rate_limit", "match": match, "seconds": 0})


async def _agree(run: Run) -> None:
    """The customer passes 3-D Secure at the gateway; only its webhook tells us."""
    url = run.payment["next_action"]["url"].replace("?", "/")
    intent = next(part for part in url.split("/") if part.startswith("pi_"))
    await run.till.tell(f"/payments/{intent}/authenticate", {"result": "approve"})


async def _pay_saved(run: Run) -> None:
    customer, method = run.till.saved_methods["stripe"]
    await run.pay(CARD | {"customer": customer, "payment_method": method, "off_session": True})


async def _give_up_at_once(run: Run) -> None:
    """The owner was never reached and the customer left: cancel what no gateway has heard of, then ask again."""
    body: dict[str, Any] = run.body(CARD)
    while not (found := await run.till.rows("SELECT id FROM payments WHERE order_reference = %s", [run.cell])):
        await run.till.post("/v1/payments", body, key=f"{run.cell}-before")
    run.payment = {"id": found[0]["id"]}
    await run.command("cancel", final=(409,))
    run.answers.append(await run.till.insist("/v1/payments", body, key=f"{run.cell}-before"))


async def _keep_method(run: Run) -> None:
    made = await run.till.insist("/v1/customers", {"name": run.cell}, key=run.cell)
    path = f"/v1/customers/{made.json()['id']}/payment-methods"
    saved = await run.till.insist(path, {"payment_method": "pm_card_visa"}, key=f"{run.cell}-method")
    run.answers += [made, saved]
    await run.till.delete(f"{path}/{saved.json()['id']}")


async def _kept_once(run: Run) -> bool:
    return await run.till.methods_of(run.cell) == (1, 1, 1)


async def _hold_told(run: Run) -> None:
    await run.prepared(HELD)
    await webhooks_told(run)


async def _capture(run: Run) -> None:
    await run.command("capture")


async def _refund(run: Run) -> None:
    await run.command("refunds", {"amount": PART})


def _prepared(asked: dict[str, Any]) -> Any:
    return lambda run: run.prepared(asked)


_stripe = partial(Operation, gateway="stripe")

STRIPE: dict[str, Operation] = {
    "sale": _stripe(act=lambda run: run.pay(CARD), ends=(CAPTURED,)),
    "authorize": _stripe(act=lambda run: run.pay(HELD), ends=(AUTHORIZED,)),
    "capture": _stripe(prepare=_prepared(HELD), act=_capture, ends=(CAPTURED,)),
    "void": _stripe(prepare=_prepared(HELD), act=lambda run: run.command("cancel"), ends=(CANCELED,)),
    "refund": _stripe(prepare=_prepared(CARD), act=_refund, ends=(REFUNDED,)),
    "off session": _stripe(act=_pay_saved, ends=(CAPTURED,)),
    "3-D Secure": _stripe(
        prepare=_prepared(CHALLENGED),
        act=_agree,
        ends=(CAPTURED,),
        meant=frozenset({"owner_signal", "activity"}),
    ),
    "saved method": _stripe(act=_keep_method, healed=_kept_once),
    "sale, reply lost": _stripe(
        act=lambda run: run.pay(CARD),
        ends=(CAPTURED,),
        meant=frozenset({"note"}),
        standing=standing("gateway_request", "after", "drop_reply", "post"),
    ),
    "capture, never sent": _stripe(
        prepare=_prepared(HELD),
        act=_capture,
        ends=(CAPTURED,),
        meant=frozenset({"note"}),
        standing=standing("gateway_request", "before", "exception", "post"),
    ),
    "capture, refused once": _stripe(prepare=_refuse_once, act=_capture, ends=(CAPTURED,), meant=frozenset({"note"})),
    "capture, slow": _stripe(
        prepare=_prepared(HELD),
        act=_capture,
        ends=(CAPTURED,),
        meant=frozenset({"note"}),
        standing=standing("gateway_request", "before", "hang", "post"),
    ),
    "refund, owner away": _stripe(
        prepare=_prepared(CARD),
        act=_refund,
        ends=(REFUNDED,),
        **OWNER_AWAY,
    ),
    "capture, left waiting": _stripe(
        prepare=_prepared(HELD),
        act=_capture,
        ends=(CAPTURED,),
        **LEFT_WAITING,
    ),
    "sale, never begun": _stripe(
        act=lambda run: pay_and_leave(run, CARD),
        ends=(CAPTURED,),
        **NEVER_BEGUN,
    ),
    "3-D Secure, nobody told": _stripe(
        prepare=_prepared(CHALLENGED),
        act=_agree,
        ends=(CAPTURED,),
        **NOBODY_TOLD,
    ),
    "owner terminated": _stripe(
        prepare=_hold_told,
        **OWNER_TERMINATED,
    ),
    "owner misled": _stripe(
        prepare=_hold_told,
        **OWNER_MISLED,
    ),
    "given up at once": _stripe(
        act=_give_up_at_once,
        ends=(UNTOUCHED, CANCELED, CAPTURED),
        standing=standing("owner_start", "before", "exception"),
    ),
}
