"""The operations at Razorpay, where the customer's browser makes the payment and only refunds have a key.

An order is made and a customer plays; a hold is told by their browser only (its webhook is lost for ever), a sale by
its webhook only. There is no void: what waits for the customer is let go, what is held lapses. A charge of a token is
never sent twice: one that surely never left ends fenced and untouched, and both ends are honest.
"""

import asyncio
import time
from functools import partial
from typing import Any

from tests.safety.crash_points.operation import (
    AUTHORIZED,
    CAPTURED,
    GIVEN_BACK,
    IN_DOUBT,
    LEFT_WAITING,
    NEVER_BEGUN,
    NOBODY_TOLD,
    OWNER_AWAY,
    OWNER_MISLED,
    OWNER_TERMINATED,
    PART,
    REFUNDED,
    UNTOUCHED,
    Ends,
    Operation,
    Run,
    pay_and_leave,
    standing,
)
from tests.safety.crash_points.till import Till

ORDER = {"currency": "INR", "gateway": "razorpay", "payment_method_type": "upi"}
HELD = ORDER | {"payment_method_type": "card", "capture_method": "manual"}
CONTACT = {"metadata": {"contact": "+919876543210"}}
LAPSED = Ends(state="expired")

SETTINGS = {"upi_seconds": 0.3, "refund_pending_seconds": 0.3, "recurring_seconds": 0.3, "debit_wait_seconds": 0.0}
"""Of the simulator: what a bank needs days for, in seconds."""

UNHEARD = {"wire": "razorpay", "kind": "lost", "match": {"type": "payment.authorized"}, "count": None}


async def saved_method(till: Till) -> tuple[str, str]:
    """A customer who paid once and agreed to more, for every charge without them."""
    regular = Run(till, "razorpay-regular")
    await _pay_and_agree(regular, {"name": "Regular", "email": "regular@shop.example"})
    path = f"/v1/customers/{regular.subjects[0]}/payment-methods?refresh=true"
    return regular.subjects[0], (await till.read(path))["data"][0]["id"]


async def _pay_and_agree(run: Run, customer: dict[str, Any]) -> None:
    made = await run.till.insist("/v1/customers", customer, key=run.cell)
    run.answers.append(made)
    run.subjects.append(made.json()["id"])
    asked = HELD | {"customer": run.subjects[0], "save_payment_method": True, "capture_method": "automatic"}
    await run.pay(asked, key=f"{run.cell}-method")
    run.payment = await run.till.settled(run.payment["id"])
    await _customer_pays(
        run, method="card", customer_id=run.payment["next_action"]["data"]["customer_id"], recurring=True
    )
    await run.till.reaches(run.payment["id"], "captured")


async def _customer_pays(run: Run, **asked: Any) -> dict[str, Any]:
    """At Checkout, with what the merchant's page handed to it: the payment, and what their browser is to bring back."""
    order = run.payment["next_action"]["data"]["order_id"]
    paid: dict[str, Any] = await run.till.tell(f"/razorpay/orders/{order}/pay", asked)
    return paid


async def _come_back(run: Run, **asked: Any) -> str:
    """The customer pays and their browser comes back, as often as it takes. Razorpay's id of the payment."""
    paid = await _customer_pays(run, **asked)
    await run.till.bring(run.payment["next_action"]["callback_url"], paid["callback"])
    return str(paid["payment"]["id"])


async def _order(run: Run, asked: dict[str, Any]) -> None:
    """Prepared: an order that waits for its customer."""
    await run.prepared(asked)
    run.subjects.append(run.payment["next_action"]["data"]["order_id"])


async def _hold(run: Run) -> None:
    """Prepared: an authorized payment; Razorpay's id of it is the last of the subjects."""
    await _order(run, HELD)
    run.subjects.append(await _come_back(run, method="card"))
    await run.till.reaches(run.payment["id"], "authorized")


async def _sold(run: Run) -> None:
    await _order(run, ORDER)
    await _customer_pays(run, method="upi")
    await run.till.reaches(run.payment["id"], "captured")


async def _sale(run: Run) -> None:
    """From the order to the customer's money: only the webhook tells."""
    await run.pay(ORDER)
    run.payment = await run.till.settled(run.payment["id"])
    await _customer_pays(run, method="upi")


async def _sale_never_begun(run: Run) -> None:
    await pay_and_leave(run, ORDER)
    run.payment = await run.till.settled(run.payment["id"])
    await _customer_pays(run, method="upi")


async def _refuse_once(run: Run) -> None:
    await _hold(run)
    match = {"method": "POST", "path": "/v1/payments/*/capture", "reference": run.payment["id"]}
    await run.till.tell("/faults", {"wire": "razorpay", "kind": "rate_limit", "match": match, "seconds": 0})


async def _lapse(run: Run) -> None:
    await run.till.tell(f"/payments/{run.subjects[-1]}/expire", {})


async def _given_up(run: Run) -> None:
    """Prepared: the customer's try failed and the merchant let the order go."""
    await _order(run, ORDER)
    failed = await _customer_pays(run, method="upi", outcome="failure")
    run.subjects.append(failed["payment"]["id"])
    path = f"/v1/payments/{run.payment['id']}/cancel"
    await run.till.insist(path, {}, key=f"{run.cell}-let-go")
    await run.till.reaches(run.payment["id"], "canceled")


async def _silent(run: Run) -> None:
    """Prepared: the customer's try is called failed, and nobody has given up."""
    await _order(run, ORDER)
    failed = await _customer_pays(run, method="upi", outcome="failure")
    run.subjects.append(failed["payment"]["id"])


async def _authorize_late(run: Run) -> None:
    """The bank says yes after all, and Razorpay captures by itself."""
    await run.till.tell(f"/razorpay/payments/{run.subjects[-1]}/authorize-late", {})


async def _renew(run: Run) -> None:
    customer, method = run.till.saved_methods["razorpay"]
    asked = {"currency": "INR", "gateway": "razorpay", "customer": customer, "payment_method": method}
    await run.pay(asked | CONTACT | {"off_session": True})


async def _keep_method(run: Run) -> None:
    await _pay_and_agree(run, {"name": run.cell})
    path = f"/v1/customers/{run.subjects[0]}/payment-methods"
    began = time.time()
    kept: list[dict[str, Any]] = []
    while not kept and run.till.patient(began):
        kept = (await run.till.read(f"{path}?refresh=true"))["data"]
        await asyncio.sleep(0.1)
    await run.till.delete(f"{path}/{kept[0]['id']}")


async def _kept_once(run: Run) -> bool:
    return await run.till.methods_of(run.cell) == (1, 1, 1)


async def _capture(run: Run) -> None:
    await run.command("capture")


async def _refund(run: Run) -> None:
    await run.command("refunds", {"amount": PART})


_razorpay = partial(Operation, gateway="razorpay")

RAZORPAY: dict[str, Operation] = {
    "order, told by webhook": _razorpay(act=_sale, ends=(CAPTURED,), meant=frozenset({"owner_signal", "activity"})),
    # What the browser brings is a hint: it makes the owner look, and is ticked off by itself.
    "hold, told by browser": _razorpay(
        prepare=partial(_order, asked=HELD),
        act=partial(_come_back, method="card"),
        ends=(AUTHORIZED,),
        meant=frozenset({"owner_signal", "activity", "inbox_handled"}),
    ),
    "hold captured": _razorpay(prepare=_hold, act=_capture, ends=(CAPTURED,)),
    "hold lapses": _razorpay(prepare=_hold, act=_lapse, ends=(LAPSED,)),
    "order let go": _razorpay(
        prepare=partial(_order, asked=ORDER), act=lambda run: run.command("cancel"), ends=(UNTOUCHED,)
    ),
    "part refunded": _razorpay(prepare=_sold, act=_refund, ends=(REFUNDED,)),
    "all refunded": _razorpay(prepare=_sold, act=lambda run: run.command("refunds"), ends=(GIVEN_BACK,)),
    # The death of another payment's process may cut a charge off before it is sent: then the last two are its ends.
    "renewal": _razorpay(act=_renew, ends=(CAPTURED, UNTOUCHED, IN_DOUBT), twice=frozenset({"gateway_request"})),
    "authorized late": _razorpay(prepare=_silent, act=_authorize_late, ends=(CAPTURED,)),
    "authorized too late": _razorpay(prepare=_given_up, act=_authorize_late, ends=(GIVEN_BACK,)),
    "method kept": _razorpay(act=_keep_method, ends=(CAPTURED,), healed=_kept_once),
    "order, reply lost": _razorpay(
        act=_sale,
        ends=(CAPTURED,),
        meant=frozenset({"note"}),
        standing=standing("gateway_request", "after", "drop_reply", "post"),
    ),
    "renewal, reply lost": _razorpay(
        act=_renew,
        ends=(CAPTURED, UNTOUCHED, IN_DOUBT),
        standing=standing("gateway_request", "after", "drop_reply", "post", 2),
    ),
    "renewal, never sent": _razorpay(
        act=_renew,
        ends=(UNTOUCHED, IN_DOUBT),
        standing=standing("gateway_request", "before", "exception", "post", 2),
    ),
    "hold captured, refused once": _razorpay(
        prepare=_refuse_once, act=_capture, ends=(CAPTURED,), meant=frozenset({"note"})
    ),
    "refund, owner is away": _razorpay(
        prepare=_sold,
        act=_refund,
        ends=(REFUNDED,),
        **OWNER_AWAY,
    ),
    "hold captured, left waiting": _razorpay(
        prepare=_hold,
        act=_capture,
        ends=(CAPTURED,),
        **LEFT_WAITING,
    ),
    "order, never begun": _razorpay(
        act=_sale_never_begun,
        ends=(CAPTURED,),
        **NEVER_BEGUN,
    ),
    "late, nobody told": _razorpay(
        prepare=_silent,
        act=_authorize_late,
        ends=(CAPTURED,),
        **NOBODY_TOLD,
    ),
    "hold's owner terminated": _razorpay(
        prepare=_hold,
        **OWNER_TERMINATED,
    ),
    "hold's owner misled": _razorpay(
        prepare=_hold,
        **OWNER_MISLED,
    ),
}
