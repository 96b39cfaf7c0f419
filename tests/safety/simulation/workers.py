"""The workers: the product's activities over the simulated ports, each try with the clock of the worker it runs on."""

from datetime import datetime
from types import SimpleNamespace
from typing import Any

from activities.inbox import InboxActivities
from activities.operations import OperationActivities
from activities.recorder import Recorder
from activities.records import RecordActivities
from domain.gateway import Gateway, GatewayCall
from domain.operation import Verb
from tests.safety.simulation.archive import Archive
from tests.safety.simulation.process import Process, in_thread
from tests.safety.simulation.timeline import Timeline


def activities_over(archive: Archive, timeline: Timeline, adapter: Any) -> dict[str, Any]:
    """The product's activities by name."""

    def clock() -> datetime:
        running = Process.running
        return timeline.moment(running.skew_seconds if running else 0.0)

    wire: Any = SimulatedWire()
    gateways = SimpleNamespace(for_account=lambda _account: adapter)
    recorder = Recorder(archive, clock)
    operations = OperationActivities(recorder, gateways, wire)
    absorbing = InboxActivities(recorder, archive, gateways, wire)
    records = RecordActivities(recorder, gateways)
    methods: list[Any] = [operations.begin, operations.perform, operations.resolve, absorbing.absorb]
    methods += [absorbing.check, records.load, records.abandon, records.decide]
    return {method.__name__: method for method in methods}


class SimulatedWire:
    """Stands for `activities.wire.Wire`: the blocking call runs in a greenlet instead of a thread."""

    async def send(self, gateway: Gateway, call: GatewayCall) -> Any:
        verbs = {
            Verb.AUTHORIZE: gateway.authorize,
            Verb.CAPTURE: gateway.capture,
            Verb.VOID: gateway.void,
            Verb.REFUND: gateway.refund,
        }
        return await in_thread(lambda: verbs[call.operation.verb](call))

    async def ask(self, call: Any) -> Any:
        return await in_thread(call)
