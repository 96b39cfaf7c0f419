"""Every operation has its parameters and no parameters are without an operation."""

from simulator.razorpay.parameters import PARAMETERS
from simulator.razorpay.routes import HANDLERS, REFUND, find


def test_every_operation_has_parameters() -> None:
    assert set(PARAMETERS) == set(HANDLERS)
    assert REFUND in HANDLERS


def test_every_operation_is_found_by_its_own_path() -> None:
    for name in HANDLERS:
        method, path = name.split(" ")
        ids = [part for part in path.split("/") if part.startswith("{")]
        assert find(method, path) == (name, ids)
        assert find(method, f"{path}/") == (name, ids)


def test_literal_paths_win() -> None:
    assert find("POST", "/v1/payments/create/json")[0] == "POST /v1/payments/create/json"
    assert find("GET", "/v1/settlements/recon/combined")[0] == "GET /v1/settlements/recon/combined"
