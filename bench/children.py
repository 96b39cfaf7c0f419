"""The bench's own processes: each says `ready` once, answers a line with a line, and ends when its input is closed."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Self

from bench.orders import Done, Order, Target
from stack.errors import StackError
from stack.processes import ROOT

STOP_TIMEOUT_SECONDS = 10.0


class Child:
    """`python -m module arguments`, as a context. `first_line` is written before it has to say `ready`."""

    def __init__(self, module: str, *arguments: str, environment: Mapping[str, str], first_line: str = "") -> None:
        self.name = module
        self._first_line = first_line
        self._process = subprocess.Popen(  # noqa: S603 - this very Python and our own modules
            (sys.executable, "-m", module, *arguments),
            env={**os.environ, **environment, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # a Ctrl-C reaches the bench alone, which then closes their input
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def __enter__(self) -> Self:
        if self._first_line:
            self.write(self._first_line)
        if self.read() != "ready":
            raise StackError(f"{self.name} did not become ready; see its complaint above.")
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None  # it was asked for
        self._process.stdin.close()
        try:
            self._process.wait(STOP_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def write(self, line: str) -> None:
        assert self._process.stdin is not None  # it was asked for
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def read(self) -> str:
        """One line; empty when the process has ended."""
        assert self._process.stdout is not None  # it was asked for
        return self._process.stdout.readline().strip()


class LoadProcess(Child):
    """The load generator of both arms, so that what it costs is paid by both."""

    def __init__(self, target: Target, environment: Mapping[str, str]) -> None:
        super().__init__("bench.load", environment=environment, first_line=target.model_dump_json())

    def carry_out(self, order: Order) -> Done:
        """Raises StackError when an answer was wrong or the process ended."""
        self.write(order.model_dump_json())
        answer = self.read()
        done = Done.model_validate(json.loads(answer)) if answer else Done(failure="the load process ended")
        if done.failure is not None:
            raise StackError(f"The bench stopped in its {order.arm} leg: {done.failure}")
        return done
