"""Bugs in the workflow's manners: messages lost, answered too early, or forgotten on revival."""

from tests.safety.planted.bug import Bug, Edit, bug

_WORKFLOW = "tests/workflows/test_payment.py"
_OPERATORS = "tests/safety/test_operators.py"

BUGS: tuple[Bug, ...] = (
    bug(
        "handlers-not-awaited",
        "the workflow completes while a handler still has to answer",
        "workflows/payment.py",
        "case Close():\n                    await workflow.wait_condition(workflow.all_handlers_finished)\n",
        "case Close():\n",
        "tests/house/test_determinism.py",
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
    Bug(
        name="dedupe-lost-on-revival",
        what="a command repeated after the workflow slept is carried out again",
        edits=(
            Edit(
                path="workflows/payment.py",
                old="if known is not None:\n            letter.receipt",
                new="if known is not None and self._failures:\n            letter.receipt",
            ),
            Edit(
                path="activities/operations.py",
                old="        known = payment.operation_of(request.operation.command_key)",
                new="        known = None",
            ),
        ),
        noticed_by=(_WORKFLOW,),
    ),
    bug(
        "timed-out-load-fails-the-replay",
        "a local activity that timed out is caught where it ran and not where it is replayed: stuck for ever",
        "workflows/payment.py",
        "_FAILED = (ActivityError, ApplicationError, TimedOut)",
        "_FAILED = (ActivityError, ApplicationError)",
        "tests/replay/test_histories.py",
    ),
    bug(
        "a-message-lost-while-busy",
        "a message that comes in while another waits takes the other's place",
        "workflows/mailbox.py",
        "        self._letters.append(letter)",
        "        self._letters.clear()\n        self._letters.append(letter)",
        "tests/unit/workflows/test_mailbox.py",
    ),
    bug(
        "stuck-in-nondeterminism",
        "a workflow whose history fits no code is told of and stays as it is",
        "workflows/troubles.py",
        "        return not await fits(history, self._client.data_converter)",
        "        return False",
        f"{_OPERATORS}::test_a_workflow_stuck_in_nondeterminism_begins_anew_and_charges_nothing_again",
    ),
    bug(
        "nondeterminism-by-hearsay",
        "a workflow is only called stuck where the server was told why its task failed",
        "workflows/troubles.py",
        "        return not await fits(history, self._client.data_converter)",
        '        return owner.cause.startswith("NON_DETERMINISTIC")',
        f"{_OPERATORS}::test_nondeterminism_that_nobody_is_told_of_is_found_too",
    ),
    bug(
        "only-nondeterminism-is-stuck",
        "a workflow whose history contradicts itself, as a restored server may leave it, stays stuck",
        "workflows/replaying.py",
        "isinstance(failure, NondeterminismError) or str(failure).startswith(_FATAL)",
        "isinstance(failure, NondeterminismError)",
        "tests/replay/test_fitting.py::test_one_that_contradicts_itself_does_not",
    ),
    bug(
        "every-failing-workflow-reset",
        "a workflow that a corrected worker would let go on is reset too",
        "workflows/troubles.py",
        "        return not await fits(history, self._client.data_converter)",
        "        return True",
        "tests/safety/test_sweeps.py::test_a_workflow_whose_task_keeps_failing_is_told_and_left_alone",
    ),
    bug(
        "reset-hears-refused-commands",
        "a workflow that begins anew hears the commands of the old one, and does what was refused then",
        "workflows/troubles.py",
        "                reset_reapply_exclude_types=NOTHING_AGAIN,\n",
        "",
        "tests/workflows/test_resets.py",
    ),
    bug(
        "reset-without-end",
        "what a reset did not help is reset again in every round",
        "activities/sweeps/owners.py",
        "    return owner.reset_at is None or now - owner.reset_at >= RESET_AGAIN_AFTER",
        "    return True",
        "tests/unit/activities/sweeps/test_owners.py",
    ),
    bug(
        "refused-command-given-for-ever",
        "an accepted command that was refused is given to its payment until it may be done, hours later",
        "activities/sweeps/commands.py",
        "        return None if receipt is None else result_of(receipt)",
        "        return None if receipt is None or receipt.refused else result_of(receipt)",
        "tests/unit/activities/sweeps/test_commands.py",
    ),
    bug(
        "accepted-command-given-anew",
        "each try of the sweep is another update, until a stuck workflow has ten and stalls its merchant's commands",
        "activities/sweeps/commands.py",
        "-{waited.bit_length()}",
        "-{waited}",
        "tests/unit/activities/sweeps/test_commands.py",
    ),
)
