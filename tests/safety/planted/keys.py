"""Bugs around the key of a gateway call: what makes a second charge of a retry."""

from tests.safety.planted.bug import Bug, Edit, bug

_KEY = "return gateway_key(payment_id=self.payment.id, operation_number=o.number, generation=o.generation)"
_SIMULATION = "tests/safety/test_simulation.py"
_OPERATIONS = "tests/unit/activities/test_operations.py"

BUGS: tuple[Bug, ...] = (
    bug(
        "key-from-run-and-activity",
        "the key is made of Temporal's run and activity ids, which a reset changes",
        "domain/gateway.py",
        _KEY,
        "from temporalio import activity; i = activity.info()\n"
        '        return f"{i.workflow_run_id}-{i.activity_id}-{o.number}"',
        "tests/safety/test_operators.py::test_a_workflow_reset_in_the_middle_or_after_the_charge_charges_nothing_again",
    ),
    bug(
        "new-key-per-retry",
        "every send has a fresh key",
        "domain/gateway.py",
        _KEY,
        'import uuid; return f"po_{uuid.uuid4().hex}"',
        _OPERATIONS,
    ),
    bug(
        "key-without-operation-number",
        "all operations of a payment share one key",
        "domain/gateway.py",
        _KEY,
        "return gateway_key(payment_id=self.payment.id, operation_number=1, generation=o.generation)",
        "tests/unit/domain/test_gateway.py",
    ),
    bug(
        "sdk-retries-on-its-own",
        "the SDK retries as well, so an attempt is more than one request",
        "gateways/stripe/adapter.py",
        "max_network_retries=0,",
        "max_network_retries=2,",
        "tests/safety/test_matrix.py::test_cell[stripe-sale-503]",
    ),
    bug(
        "resend-with-a-dead-key",
        "the call is sent again after its key has expired at the gateway",
        "activities/resolution.py",
        "keyed = call.operation.verb in capabilities.keyed_verbs and age < capabilities.key_life",
        "keyed = call.operation.verb in capabilities.keyed_verbs",
        _OPERATIONS,
        "tests/safety/test_matrix.py::test_cell[stripe-sale-key_expired-not_executed]",
    ),
    bug(
        "resend-without-keys",
        "a gateway without keys gets the same call twice",
        "activities/resolution.py",
        "keyed = call.operation.verb in capabilities.keyed_verbs and age < capabilities.key_life",
        "keyed = age < capabilities.key_life",
        _OPERATIONS,
    ),
    bug(
        "journal-after-the-wire",
        "the attempt is written down only once the gateway has answered",
        "activities/operations.py",
        "        try:\n            payment = await self._recorder.record(\n"
        "                payment, OperationStarted(operation=operation, at=now), attempt=attempt\n            )",
        "        try:\n            gateway = self._gateways.for_account(payment.account_id)\n"
        "            await self._wire.send(gateway, call)\n            payment = await self._recorder.record(\n"
        "                payment, OperationStarted(operation=operation, at=now), attempt=attempt\n            )",
        _OPERATIONS,
    ),
    Bug(
        name="sends-blind-after-a-crash",
        what="an attempt found without an answer is begun again as if it had never been sent",
        edits=(
            Edit(
                path="activities/operations.py",
                old="return await self._resolver.resolve(payment, instructions, known, last_try=_is_last_try())",
                new="assert attempt is not None\n        return await self._send(payment, instructions, attempt)",
            ),
        ),
        noticed_by=(_OPERATIONS,),
    ),
)
