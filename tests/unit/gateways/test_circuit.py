"""A refusal of our credentials stops the calls of one account; one probe at a time finds out when it is over."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from domain.errors import CredentialsRefused
from gateways.circuit import FIRST_REST, LONGEST_REST, PROBE_TAKES, Circuit, heard

START = datetime(2026, 11, 21, 10, 0, 0, tzinfo=UTC)


@dataclass
class Scene:
    """One account, its clock, and the news of it. `sent` counts the calls that went through."""

    now: datetime = START
    news: list[str] = field(default_factory=list)
    sent: int = 0

    def __post_init__(self) -> None:
        self.circuit = Circuit("acct_1", clock=lambda: self.now, news=self)

    def watched(self, account_id: str) -> None:
        self.news.append(f"watched {account_id}")

    def opened(self, account_id: str, *, since: datetime, until: datetime) -> None:
        self.news.append(f"opened {account_id} for {(until - self.now).total_seconds():.0f} s")

    def closed(self, account_id: str, *, since: datetime) -> None:
        self.news.append(f"closed {account_id} after {(self.now - since).total_seconds():.0f} s")

    def held_back(self, account_id: str) -> None:
        self.news.append(f"held back {account_id}")

    def ask(self, *answers: int | None, meanwhile: Callable[[], None] = lambda: None) -> None:
        """A call that makes as many requests as there are answers; 401 refuses the credentials."""
        with self.circuit.passing():
            self.sent += 1
            for status in answers:
                heard(status, refuses_credentials=status == 401)
            meanwhile()

    def held(self) -> CredentialsRefused:
        with pytest.raises(CredentialsRefused) as held:
            self.ask(200)
        return held.value


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_a_refusal_stops_the_calls_that_follow_and_says_since_when_and_until_when(scene: Scene) -> None:
    scene.ask(401)
    scene.now += timedelta(seconds=4)
    held = scene.held()
    assert str(held) == (
        "acct_1 is not asked: the gateway refuses its credentials since 2026-11-21 10:00:00+00:00; "
        "next try at 2026-11-21 10:00:15+00:00"
    )
    assert held.retry_after_seconds == 11
    assert scene.sent == 1
    assert scene.news == ["watched acct_1", "opened acct_1 for 15 s", "held back acct_1"]


def test_after_the_rest_one_call_goes_through_and_closes_it(scene: Scene) -> None:
    scene.ask(401)
    scene.now += FIRST_REST

    def others_are_held_back() -> None:
        assert scene.held().retry_after_seconds == PROBE_TAKES.total_seconds()

    scene.ask(200, meanwhile=lambda: with_thread(others_are_held_back))
    scene.ask(200)
    assert scene.sent == 3
    assert scene.news[-1] == "closed acct_1 after 15 s"


def test_a_probe_that_is_refused_doubles_the_rest_up_to_ten_minutes(scene: Scene) -> None:
    scene.ask(401)
    rests = []
    for _ in range(8):
        rests.append(scene.held().retry_after_seconds)
        scene.now += timedelta(seconds=rests[-1])
        scene.ask(401)
    assert rests == [15, 30, 60, 120, 240, 480, 600, LONGEST_REST.total_seconds()]
    scene.now += LONGEST_REST
    scene.ask(200)
    scene.ask(401)
    assert scene.held().retry_after_seconds == FIRST_REST.total_seconds(), "mended once, it begins anew"


@pytest.mark.parametrize("answer", [None, 500, 503, 429])
def test_a_probe_without_an_answer_to_the_question_leaves_it_open_for_the_next_one(
    scene: Scene, answer: int | None
) -> None:
    scene.ask(401)
    scene.now += FIRST_REST
    scene.ask(answer)
    assert scene.news[-1].startswith("opened"), "neither closed nor opened again"
    scene.ask(200)
    assert scene.news[-1] == "closed acct_1 after 15 s"


@pytest.mark.parametrize("answer", [None, 200, 400, 402, 403, 404, 409, 429, 500, 503])
def test_no_other_answer_opens_it(scene: Scene, answer: int | None) -> None:
    """They speak of one call, and have bounds of their own."""
    scene.ask(answer)
    scene.ask(200)
    assert scene.news == ["watched acct_1"]


@pytest.mark.parametrize("answer", [200, 403, 404])
def test_any_answer_of_a_gateway_that_knows_us_closes_it(scene: Scene, answer: int) -> None:
    scene.ask(401)
    scene.now += FIRST_REST
    scene.ask(answer)
    assert scene.news[-1].startswith("closed")


def test_a_call_of_several_requests_is_never_held_back_in_its_middle(scene: Scene) -> None:
    """It has charged, and another thread finds the keys revoked before it looks: that is no `not sent`."""

    def revoked_meanwhile() -> None:
        with_thread(lambda: scene.ask(401))
        scene.ask(200)  # as an adapter's verb that uses another one

    scene.ask(200, meanwhile=revoked_meanwhile)
    assert scene.sent == 3
    scene.held()


def test_what_was_sent_before_it_opened_neither_lengthens_nor_ends_the_rest(scene: Scene) -> None:
    scene.ask(401, meanwhile=lambda: with_thread(lambda: scene.ask(401)))
    assert scene.held().retry_after_seconds == FIRST_REST.total_seconds()
    other = Scene()
    other.ask(200, meanwhile=lambda: with_thread(lambda: other.ask(401)))
    other.held()


def test_a_clock_that_is_set_back_keeps_nobody_waiting(scene: Scene) -> None:
    scene.ask(401)
    scene.now -= timedelta(hours=1)
    scene.ask(200)
    scene.ask(200)
    assert scene.sent == 3


def test_a_call_that_fails_is_heard_as_well(scene: Scene) -> None:
    def fails() -> None:
        raise ValueError

    with suppress(ValueError):
        scene.ask(401, meanwhile=fails)
    scene.held()


def test_accounts_know_nothing_of_each_other(scene: Scene) -> None:
    other = Scene()
    scene.ask(401)
    other.ask(200)
    assert other.sent == 1


def test_an_answer_nobody_listens_to_is_no_error() -> None:
    heard(200)
    heard(401, refuses_credentials=True)


def with_thread(work: Callable[[], None]) -> None:
    """Done by another thread, whose failure is ours."""
    with ThreadPoolExecutor(1) as threads:
        threads.submit(work).result()
