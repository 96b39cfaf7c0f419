"""One seed's world, from its parts to its end: a phase with faults, then one without, as in TigerBeetle's VOPR."""

from contextvars import copy_context
from typing import Any

from simulator.effects import Effect
from tests.safety.campaigns.outcome import Outcome
from tests.safety.simulation.archive import Archive
from tests.safety.simulation.doors import Doors, Owners
from tests.safety.simulation.gateway import GatewaySide
from tests.safety.simulation.life import Life, new_life
from tests.safety.simulation.line import direct_gateway, sdk_gateway
from tests.safety.simulation.people import People
from tests.safety.simulation.post import Post
from tests.safety.simulation.referee import Referee
from tests.safety.simulation.sweeper import Sweeper
from tests.safety.simulation.temporal import Temporal
from tests.safety.simulation.timeline import Timeline
from tests.safety.simulation.violation import Violation
from tests.safety.simulation.weather import forecast
from tests.safety.simulation.workers import activities_over

WINDOW_SECONDS = 1_800.0
CONVERGED_SECONDS = 36 * 3_600.0
"""I8: this long after the last fault nothing is unresolved; only customers, captures and disputes are waited for."""

END_SECONDS = 10 * 86_400.0
"""Holds lapse after seven days; then nothing is open any more."""

PARKING_OUTAGE_SECONDS = 12 * 3_600.0
"""Only after an outage of this length may an outcome stay unknown until it is parked (the horizon: 20 hours)."""

DISPUTE_SECONDS = 4 * 86_400.0


class World:
    def __init__(self, seed: int, payments: int, *, only: int | None = None, through_sdk: bool = False) -> None:
        self.seed = seed
        self.timeline = Timeline()
        self.weather = forecast(seed, window_seconds=WINDOW_SECONDS)
        indexes = range(payments) if only is None else [only]
        self.lives = {
            life.payment_id: life for life in (new_life(seed, i, window_seconds=WINDOW_SECONDS) for i in indexes)
        }
        self.temporal = Temporal(self.timeline, self.weather)
        self.archive = Archive(self.timeline, self.weather, lambda transition: self.referee.on_write(transition))
        self.archive.is_owned, self.archive.on_left_alone = self.temporal.is_running, self.temporal.leave_alone
        self.referee = Referee(self.archive.payments, self.archive.keys)
        self.gateway = GatewaySide(
            self.timeline, self.weather, seed=seed, on_effect=self._on_effect,
            on_event=lambda event, body: self.post.post(event, body),
            state_of=lambda payment_id: self.archive.payments[payment_id].state,
        )  # fmt: skip
        adapter = (sdk_gateway if through_sdk else direct_gateway)(self.gateway.send)
        self.owners = Owners(self.timeline, self.weather, self.temporal, self.lives)
        self.doors = Doors(self.timeline, self.weather, self.archive, self.owners)
        self.post = Post(self.timeline, self.weather, self.archive, self.doors.desk, adapter, self._life_of)
        self.post.gateway, self.post.on_dispute = self.gateway, self._on_dispute
        self.people = People(self.timeline, self.weather, self.doors, self.archive.payments, self.gateway)
        self.sweeper = Sweeper(self.timeline, self.archive, self.owners, self.temporal, self.lives)
        self.temporal.on_work = self.archive.on_work = self.sweeper.plan
        outages = self.weather.outages
        self._longest_outage_seconds = max((o.ends_at - o.begins_at for o in outages), default=0.0)
        self._intents: dict[str, Life] = {}
        self.temporal.activities = activities_over(self.archive, self.timeline, adapter)

    # --- the two phases ----------------------------------------------------------------------------------------------

    def run(self) -> Outcome:
        """Raises Violation (or whatever the product may never raise). In a context of its own: the activities that are
        stepped here leave nothing behind in the caller's."""
        return copy_context().run(self._run)

    def _run(self) -> Outcome:
        for life in self.lives.values():
            self.people.arrive(life)
        faults_end = max([4 * WINDOW_SECONDS, *(outage.ends_at for outage in self.weather.outages)])
        self.timeline.run(until_seconds=faults_end)
        self.weather.clear_up()
        self.timeline.run(until_seconds=faults_end + CONVERGED_SECONDS)
        self._conclude()
        self.timeline.run(until_seconds=faults_end + END_SECONDS)
        return self._outcome(self._conclude(finally_=True))

    def forget(self) -> None:
        """Once it is over: its parts know each other, and circles are left to the garbage collector (see core form)."""
        self.timeline.forget()
        for part in (
            self.temporal, self.archive, self.referee, self.gateway, self.owners, self.doors, self.post, self.people,
            self.sweeper, self,
        ):  # fmt: skip
            vars(part).clear()

    def _conclude(self, *, finally_: bool = False) -> dict[str, int]:
        ends: dict[str, int] = {}
        for payment in self.archive.payments.values():
            end = self.referee.conclude(payment, self.timeline.moment())
            if end == "parked" and not self._may_stay_parked(payment.id):
                raise Violation("I8", payment.id, "parked, although the gateway was never away for long nor lied")
            if end == "waiting" and finally_:
                raise Violation("I3", payment.id, f"{payment.state} is still waited for")
            if end == "closed" and self.temporal.is_running(payment.id):
                raise Violation("I8", payment.id, "nothing is pending, but its workflow does not close")
            name = f"{payment.state}" if end == "closed" else end
            ends[name] = ends.get(name, 0) + 1
        for key in self.doors.taken.keys() - self.archive.ends.keys():
            raise Violation("I3", self.doors.taken[key], f"{key} was taken with 202 and nothing came of it")
        missing = [life for life in self.lives.values() if life.payment_id not in self.archive.payments]
        if missing:
            raise Violation("I3", missing[0].payment_id, "its client was never answered")
        return ends

    def _may_stay_parked(self, payment_id: str) -> bool:
        """After a day without the gateway, or where it said something else than what it had been asked."""
        lied = any(label.startswith("fault wrong_other") for _, label, _ in self.lives[payment_id].trace)
        return lied or self._longest_outage_seconds > PARKING_OUTAGE_SECONDS

    def _outcome(self, ends: dict[str, int]) -> Outcome:
        parked = sum(1 for life in self.lives.values() if _was_parked(life))
        return Outcome(
            seed=self.seed, payments=len(self.lives), events=self.timeline.events, checks=self.referee.checks,
            counts={"workflow_runs": self.temporal.runs_begun, "api_requests": self.people.requests},
            simulated_seconds=self.timeline.elapsed_seconds, hits=dict(self.weather.hits), ends=ends,
            parked_on_the_way=parked,
        )  # fmt: skip

    # --- what the gateway tells --------------------------------------------------------------------------------------

    def _on_effect(self, effect: Effect, key: str | None) -> None:
        life = self.lives[effect.metadata["payment_id"]]
        self._intents[effect.payment] = life
        life.trace.append((self.timeline.elapsed_seconds, "EFFECT", effect))
        self.referee.on_effect(effect, key)

    def _life_of(self, thing: Any) -> Life | None:
        marked = str((thing.get("metadata") or {}).get("payment_id"))
        return self.lives.get(marked) or self._intents.get(str(thing.get("payment_intent")))

    def _on_dispute(self, life: Life, dispute_id: str) -> None:
        won = life.random.random() < 0.5
        self.timeline.after(
            life.random.random() * DISPUTE_SECONDS, lambda: self.gateway.decide_dispute(dispute_id, won=won)
        )


def _was_parked(life: Life) -> bool:
    return any(getattr(told, "type", None) == "payment.parked" for _, _, told in life.trace)
