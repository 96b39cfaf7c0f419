"""TCP ports on this machine: is one free, who holds it, give me one that nobody else will be given."""

import random
import socket

import psutil

from stack.errors import StackError

LOOPBACK = "127.0.0.1"
TEST_PORTS = range(20000, 32000)
"""Below every system's ephemeral range, so that no outgoing connection can take a port between choice and use."""


def require_free(port: int, *, part: str, setting: str, host: str = LOOPBACK) -> None:
    """Raise a StackError that names the holder of the port and the setting that chooses another."""
    if is_free(port, host=host):
        return
    raise StackError(
        f"Port {port} for {part} is taken by {holder(port)}. Stop that, or choose another port: {setting}={port + 1}"
    )


def is_free(port: int, *, host: str = LOOPBACK) -> bool:
    """Whether a server could listen there now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def accepts(port: int, *, host: str = LOOPBACK, timeout_seconds: float = 1.0) -> bool:
    """Whether something answers there."""
    try:
        socket.create_connection((host, port), timeout=timeout_seconds).close()
    except OSError:
        return False
    return True


def holder(port: int) -> str:
    """The process that listens on the port, as far as this user may see it."""
    try:
        for connection in psutil.net_connections("tcp"):
            listens = connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,)
            if listens and connection.pid:
                process = psutil.Process(connection.pid)
                return f"process {process.pid} ({' '.join(process.cmdline())[:80] or process.name()})"
    except psutil.Error:  # only the administrator may look everywhere on some systems
        return "another process"
    return "another process"


def choose_free(count: int) -> list[int]:
    """That many different free ports, for tests and benches that must not disturb each other. No other process is given
    them while this one lives."""
    candidates = random.SystemRandom().sample(TEST_PORTS, len(TEST_PORTS))
    chosen: list[int] = []
    while len(chosen) < count:
        port = candidates.pop()
        if is_free(port) and _claim(port):
            chosen.append(port)
    return chosen


def _claim(port: int) -> bool:
    """Hold the UDP port of the same number until this process ends.

    Seconds pass before a server listens on the TCP one, and whoever else chooses meanwhile sees that as free.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as claim:
        try:
            claim.bind((LOOPBACK, port))
        except OSError:
            return False
        claim.detach()
    return True
