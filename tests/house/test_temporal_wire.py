"""Names on Temporal's wire are for ever, and every activity states its bounds."""

import ast
import inspect
import json
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import ModuleType

import pytest
from temporalio import activity, workflow

import activities.inbox
import activities.operations
import activities.reconciliation
import activities.records
import bootstrap
from domain import messages, passes
from workflows import options
from workflows import payment as payment_workflow
from workflows import reconciliation as reconciliation_workflows

SNAPSHOT = Path(__file__).parent / "wire.json"
ROOMS: tuple[ModuleType, ...] = (activities.inbox, activities.operations, activities.records)
CALLS = {"execute_activity_method", "execute_local_activity_method"}


def on_the_wire() -> dict[str, object]:
    """Everything an open history or a client outside could name."""
    definition = workflow._Definition.must_from_class(payment_workflow.PaymentWorkflow)
    return {
        "workflows": [definition.name, *_reconciliations()],
        "updates": sorted(str(name) for name in definition.updates),
        "signals": sorted(str(name) for name in definition.signals),
        "queries": sorted(str(name) for name in definition.queries),
        "activities": sorted(_activity_names()),
        "reconciliation_activities": sorted(_activity_names(activities.reconciliation)),
        "messages": _fields_of(messages),
        "reconciliation_messages": _fields_of(passes, "Order", "Result"),
    }


def _reconciliations() -> list[str]:
    kinds = (reconciliation_workflows.ReconciliationWorkflow, reconciliation_workflows.ReconciliationRound)
    return [str(workflow._Definition.must_from_class(kind).name) for kind in kinds]


def _fields_of(room: ModuleType, *endings: str) -> dict[str, list[str]]:
    return {
        name: [f.name for f in fields(kind)]
        for name, kind in sorted(vars(room).items())
        if inspect.isclass(kind) and is_dataclass(kind) and kind.__module__ == room.__name__
        if name.endswith(endings or "")
    }


def test_names_on_the_wire_are_frozen() -> None:
    """Adding is a new line in wire.json; changing or removing one breaks open payments: see docs/operations.md."""
    assert on_the_wire() == json.loads(SNAPSHOT.read_text())


def test_no_activity_is_forgotten_by_the_worker() -> None:
    source = inspect.getsource(bootstrap.build_worker_parts)
    for name in _activity_names():
        assert f".{name}," in source, f"{name} is defined but no worker runs it"
    source = inspect.getsource(bootstrap._reconciling)
    for name in _activity_names(activities.reconciliation):
        verb = name.rpartition("_")[2]
        assert f"hands.{verb}" in source, f"{name} is defined but no worker runs it"


def test_every_activity_call_takes_its_bounds_from_options() -> None:
    calls = [
        node
        for path in Path(payment_workflow.__file__).parent.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CALLS
    ]
    assert len(calls) >= 5
    for call in calls:
        spread = [ast.unparse(keyword.value) for keyword in call.keywords if keyword.arg is None]
        assert any(text.startswith("options.") for text in spread), ast.unparse(call)


@pytest.mark.parametrize("name", ["PERFORM", "LOOK", "LOAD", "RECORD", "WALK"])
def test_every_set_of_options_is_bounded(name: str) -> None:
    chosen = getattr(options, name)
    assert chosen["start_to_close_timeout"] <= chosen["schedule_to_close_timeout"]
    assert chosen["retry_policy"].maximum_attempts > 0
    assert chosen["retry_policy"].maximum_interval is not None


def test_a_gateway_call_gives_up_before_its_activity_and_the_worker_waits_for_both() -> None:
    import worker

    gateway_seconds = bootstrap.GATEWAY_TIMEOUT_SECONDS
    assert gateway_seconds * 1.5 < options.PERFORM["start_to_close_timeout"].total_seconds()
    assert gateway_seconds * 3 < options.LOOK["start_to_close_timeout"].total_seconds()  # one resend, two lookups
    assert gateway_seconds < worker.GRACE.total_seconds()


def _activity_names(*rooms: ModuleType) -> list[str]:
    classes = [kind for room in rooms or ROOMS for kind in vars(room).values() if inspect.isclass(kind)]
    definitions = [
        activity._Definition.from_callable(method)
        for kind in classes
        for method in vars(kind).values()
        if inspect.isfunction(method)
    ]
    return [str(definition.name) for definition in definitions if definition is not None]


def test_the_embedded_server_knows_exactly_the_columns_the_workflow_sets() -> None:
    from stack.temporal import SEARCH_ATTRIBUTES
    from workflows import status

    assert set(SEARCH_ATTRIBUTES) == {key.name for key in status.SEARCH_ATTRIBUTES}
