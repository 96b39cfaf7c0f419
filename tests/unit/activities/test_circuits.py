"""What operators see of a gateway that rejects our credentials."""

from datetime import timedelta

from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from activities.circuits import CircuitReport
from tests.fakes import START


def test_an_open_circuit_is_a_figure_and_a_line_in_the_log() -> None:
    registry = CollectorRegistry()
    report = CircuitReport(registry)

    def figures(account_id: str) -> tuple[float | None, float | None]:
        names = ("payonce_gateway_circuit_open", "payonce_gateway_held_back_total")
        is_open, held_back = (registry.get_sample_value(name, {"account": account_id}) for name in names)
        return is_open, held_back

    report.watched("acct_1")
    report.watched("acct_2")
    assert figures("acct_1") == (0, 0)
    with capture_logs() as logs:
        report.opened("acct_1", since=START, until=START + timedelta(seconds=15))
        report.held_back("acct_1")
        assert (figures("acct_1"), figures("acct_2")) == ((1, 1), (0, 0))
        report.closed("acct_1", since=START)
    assert figures("acct_1") == (0, 1)
    opened, closed = logs
    assert (opened["event"], opened["log_level"], opened["account_id"]) == ("gateway_circuit_open", "error", "acct_1")
    assert opened["next_try_at"] == "2026-01-01T00:00:15+00:00"
    assert (closed["event"], closed["was_open_since"]) == ("gateway_circuit_closed", "2026-01-01T00:00:00+00:00")
