"""`python -m simulator --state DIR`: serves the control API and every wire from one process until told to stop.

Prints one JSON line with the addresses when ready. Exit codes: 0 stopped on a signal, 1 a server failed, 2 a bad
argument or a port that is taken.
"""

import argparse
import asyncio
import json
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

import uvloop

from simulator.control import ControlApi
from simulator.delivery import DeliveryLoop
from simulator.server import QuietServer, WireServer, http_server
from simulator.world import World

_TICK_SECONDS = 0.05


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    try:
        control = _listen(arguments.host, arguments.control_port)
        stripe = _listen(arguments.host, arguments.stripe_port)
        razorpay = _listen(arguments.host, _razorpay_port(arguments))
    except OSError as error:
        sys.stderr.write(f"simulator: {error}\n")
        return 2
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_serve(arguments, control, stripe, razorpay))


async def _serve(
    arguments: argparse.Namespace, control: socket.socket, stripe: socket.socket, razorpay: socket.socket
) -> int:
    urls = {
        "stripe": arguments.public_url or _url(stripe),
        "razorpay": arguments.razorpay_public_url or _url(razorpay),
    }
    world = World(
        arguments.state, durability=arguments.durability, stripe_url=urls["stripe"], razorpay_url=urls["razorpay"]
    )
    deliveries = DeliveryLoop(world.webhooks, world.wires, world.clock)
    world.wake = deliveries.wake
    wires = [WireServer(wire, world.faults, on_change=deliveries.wake) for wire in (world.stripe, world.razorpay)]
    servers = [http_server(app) for app in (ControlApi(world).app(), *wires)]
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    tasks = [
        *(
            asyncio.create_task(server.serve([listener]))
            for server, listener in zip(servers, (control, stripe, razorpay), strict=True)
        ),
        asyncio.create_task(deliveries.run()),
        asyncio.create_task(_run_transitions(world)),
    ]
    stopping = asyncio.create_task(stop.wait())
    try:
        await _announce(servers, {"control": _url(control), **urls})
        await asyncio.wait([stopping, *tasks], return_when=asyncio.FIRST_COMPLETED)
        return 0 if stop.is_set() else _failure(tasks)
    finally:
        await _shut_down(servers, tasks, stopping)
        world.close()


async def _announce(servers: list[QuietServer], urls: dict[str, str]) -> None:
    for server in servers:
        await server.ready.wait()
    sys.stdout.write(json.dumps({"ready": True, **urls}) + "\n")
    sys.stdout.flush()


async def _run_transitions(world: World) -> None:
    while True:
        if world.run_due():
            world.wake()
        await asyncio.sleep(_TICK_SECONDS)


def _failure(tasks: list[asyncio.Task[None]]) -> int:
    for task in tasks:
        if task.done() and task.exception() is not None:
            sys.stderr.write(f"simulator: {task.exception()!r}\n")
    return 1


async def _shut_down(servers: list[QuietServer], tasks: list[asyncio.Task[None]], stopping: asyncio.Task[bool]) -> None:
    for server in servers:
        server.should_exit = True
    stopping.cancel()
    for task in tasks[len(servers) :]:
        task.cancel()
    await asyncio.gather(*tasks, stopping, return_exceptions=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="simulator", description="Stand-in payment gateways with their own book of money."
    )
    parser.add_argument("--state", type=Path, required=True, help="folder that keeps the book; may be deleted")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--control-port", type=int, default=12110, help="0 picks a free port")
    parser.add_argument("--stripe-port", type=int, default=12111, help="0 picks a free port")
    parser.add_argument(
        "--razorpay-port", type=int, help="0 picks a free port; default 12112, or a free one if Stripe's is"
    )
    parser.add_argument("--public-url", help="how browsers reach the Stripe wire, if not by its own address")
    parser.add_argument("--razorpay-public-url", help="how browsers reach the Razorpay wire, if not by its own address")
    parser.add_argument(
        "--durability", choices=("full", "normal"), default="full", help="full: every commit survives a power cut"
    )
    return parser


def _razorpay_port(arguments: argparse.Namespace) -> int:
    """Who lets Stripe's port be chosen runs several simulators, of which only one could have the default port."""
    if arguments.razorpay_port is not None:
        return int(arguments.razorpay_port)
    return 0 if arguments.stripe_port == 0 else 12112


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named because asyncio turns Nagle's delay off only for sockets that say they are TCP.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise OSError(f"cannot listen on {host} port {port}: {error.strerror}") from error
    listener.listen(1024)
    return listener


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104 - shown, not bound
    return f"http://{shown}:{port}"
