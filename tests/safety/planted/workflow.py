"""Bugs in the workflow's manners: messages lost, answered too early, or forgotten on revival."""

from tests.safety.planted.bug import Bug, bug

_WORKFLOW = "tests/workflows/test_payment.py"

BUGS: tuple[Bug, ...] = (
    bug(
        "handlers-not-awaited",
        "the workflow completes while a handler still has to answer",
        "workflows/payment.py",
        "case Close():\n                    await workflow.wait_condition(workflow.all_handlers_finished)\n",
        "case Close():\n",
        _WORKFLOW,
    ),
    bug(
        "handler-before-the-load",
        "a handler decides before the payment is loaded",
        "workflows/payment.py",
        "        await workflow.wait_condition(lambda: letter.is_answered)\n",
        '        if self._payment is None:\n            letter.failure = "nothing known yet"\n'
        "        await workflow.wait_condition(lambda: letter.is_answered)\n",
        _WORKFLOW,
        "tests/integration/test_payments.py",
    ),
    bug(
        "dedupe-lost-on-revival",
        "a command repeated after the workflow slept is carried out again",
        "workflows/payment.py",
        "if known is not None:\n            letter.receipt",
        "if known is not None and self._failures:\n            letter.receipt",
        _WORKFLOW,
        "tests/integration/test_payments.py",
    ),
    bug(
        "a-message-lost-at-the-end",
        "a message that comes in while the handlers finish is dropped",
        "workflows/payment.py",
        "                    if self._mailbox.is_empty:  # a message may have come in during that await\n"
        "                        return payment.state",
        "                    return payment.state",
        _WORKFLOW,
    ),
)
