"""A taken port is explained: who has it, and how to choose another."""

import os
import socket
from collections.abc import Iterator

import pytest

from stack.errors import StackError
from stack.ports import TEST_PORTS, accepts, choose_free, holder, is_free, require_free


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_taken_port_names_its_holder_and_the_way_out(taken: int) -> None:
    assert not is_free(taken)
    with pytest.raises(StackError) as caught:
        require_free(taken, part="the API", setting="PAYONCE_API_PORT")
    text = str(caught.value)
    assert f"Port {taken} for the API is taken by process {os.getpid()}" in text
    assert f"PAYONCE_API_PORT={taken + 1}" in text


def test_accepts_knows_whether_somebody_listens(taken: int) -> None:
    (free,) = choose_free(1)
    assert accepts(taken)
    assert not accepts(free)


def test_chosen_ports_are_different_free_and_never_given_to_outgoing_connections() -> None:
    chosen = choose_free(7)
    assert len(set(chosen)) == 7
    assert all(port in TEST_PORTS and is_free(port) for port in chosen)


def test_nobody_in_particular_holds_a_free_port() -> None:
    assert holder(choose_free(1)[0]) == "another process"


def test_a_chosen_port_is_chosen_by_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """It stays free for seconds, until its server listens."""
    (port,) = choose_free(1)
    assert is_free(port)
    monkeypatch.setattr("stack.ports.TEST_PORTS", range(port, port + 1))
    with pytest.raises(IndexError):
        choose_free(1)
