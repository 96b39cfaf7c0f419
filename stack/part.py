"""One supervised operating-system process: launch, health gate with a bound, stop, kill, restart.

Parts run in sessions of their own, so that a Ctrl-C in the terminal reaches only the supervisor, which
stops them in order.
"""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from stack.errors import PartFailed

POLL_SECONDS = 0.05
ORPHAN_TIMEOUT_SECONDS = 3.0
LOG_TAIL_LINES = 12


def _nothing() -> None:
    return None


@dataclass(frozen=True)
class Recipe:
    """How one part is started, known to be ready, and stopped. `ready` answers None, or what it still waits for."""

    name: str
    command: tuple[str, ...]
    address: str
    log: Path
    ready: Callable[[], str | None]
    environment: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    prepare: Callable[[], None] = _nothing
    start_timeout_seconds: float = 60.0
    stop_timeout_seconds: float = 20.0
    stop_signal: signal.Signals = signal.SIGTERM


class Part:
    """A recipe and the process that follows it. All methods block; call them from a thread inside async code."""

    def __init__(self, recipe: Recipe, *, run_folder: Path) -> None:
        self.recipe = recipe
        self._pid_file = run_folder / f"{recipe.name}.json"
        self._process: subprocess.Popen[bytes] | None = None
        self._launched_at = 0.0
        self._cancelled = False

    @property
    def name(self) -> str:
        """The part's short name, as in `postgres`."""
        return self.recipe.name

    @property
    def pid(self) -> int:
        """The process id. Raises PartFailed when the part was never started."""
        if self._process is None:
            raise PartFailed(f"{self.name} is not started.")
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the process is alive now."""
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """How the process ended (negative: by that signal), or None."""
        return self._process.poll() if self._process is not None else None

    def start(self) -> float:
        """Launch and wait until ready; the seconds it took. Raises PartFailed, and then nothing is left running."""
        try:
            self._launch()
            return self._wait_ready()
        except BaseException:
            self.stop()
            raise

    def cancel(self) -> None:
        """Make a `start` that runs in another thread give up soon."""
        self._cancelled = True

    def stop(self) -> None:
        """Ask it to end, wait as long as its work may take, and only then kill it."""
        if self._process is not None and self.running:
            children = psutil.Process(self.pid).children(recursive=True)
            self._process.send_signal(self.recipe.stop_signal)
            try:
                self._process.wait(self.recipe.stop_timeout_seconds)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            _end_children(children)
        self._pid_file.unlink(missing_ok=True)

    def kill(self) -> None:
        """kill -9, and wait until its own children have noticed, as a restart would otherwise meet them."""
        children = psutil.Process(self.pid).children(recursive=True) if self.running else []
        os.kill(self.pid, signal.SIGKILL)
        if self._process is not None:
            self._process.wait()
        _end_children(children)

    def restart(self) -> float:
        """Stop if it still runs, start again on the same state and ports; the seconds until ready."""
        if self.running:
            self.stop()
        self._cancelled = False
        return self.start()

    def log_tail(self) -> str:
        """The last lines of the log and where the rest is."""
        lines = (
            self.recipe.log.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:]
            if self.recipe.log.exists()
            else []
        )
        return "\n".join([*(f"    {line}" for line in lines), f"The whole log: {self.recipe.log}"])

    def _launch(self) -> None:
        """Start the process, after stopping what a killed earlier run left behind."""
        self._launched_at = time.monotonic()
        stop_leftover(self._pid_file, timeout_seconds=self.recipe.stop_timeout_seconds)
        self.recipe.prepare()
        self.recipe.log.parent.mkdir(parents=True, exist_ok=True)
        with self.recipe.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.recipe.command,
                env={**os.environ, **self.recipe.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=self.recipe.user,
                group=self.recipe.user,
                extra_groups=[] if self.recipe.user else None,
            )
        self._remember()

    def _wait_ready(self) -> float:
        """Wait for the health gate; the seconds since launch."""
        limit_seconds = self.recipe.start_timeout_seconds
        while (waiting_for := self.recipe.ready()) is not None:
            if self._cancelled:
                raise PartFailed(f"{self.name} was told to give up while it started.")
            if not self.running:
                raise PartFailed(
                    f"{self.name} ended with exit code {self.exit_code} while it started.\n{self.log_tail()}"
                )
            if time.monotonic() > self._launched_at + limit_seconds:
                late = f"{self.name} was not ready after {limit_seconds:.0f} s: {waiting_for}"
                raise PartFailed(f"{late}\n{self.log_tail()}")
            time.sleep(POLL_SECONDS)
        return time.monotonic() - self._launched_at

    def _remember(self) -> None:
        self._pid_file.parent.mkdir(parents=True, exist_ok=True)
        self._pid_file.write_text(json.dumps({"pid": self.pid, "created": psutil.Process(self.pid).create_time()}))


def stop_leftover(pid_file: Path, *, timeout_seconds: float) -> bool:
    """End the process the file remembers, if it is still the same one; whether there was one."""
    process = living(pid_file)
    if process is not None:
        end_process(process.pid, signal.SIGINT, timeout_seconds=timeout_seconds)
    pid_file.unlink(missing_ok=True)
    return process is not None


def living(pid_file: Path) -> psutil.Process | None:
    """The process a pid file remembers, unless it is gone or its number now belongs to somebody else."""
    try:
        remembered = json.loads(pid_file.read_text())
        process = psutil.Process(remembered["pid"])
        same = abs(process.create_time() - remembered["created"]) < 1.0 and _alive(process)
    except (FileNotFoundError, ValueError, KeyError, psutil.NoSuchProcess):
        return None
    return process if same else None


def end_process(pid: int, first_signal: signal.Signals, *, timeout_seconds: float) -> None:
    """Signal somebody else's child, wait, then kill it with everything it started."""
    try:
        process = psutil.Process(pid)
        children = process.children(recursive=True)
        process.send_signal(first_signal)
    except psutil.NoSuchProcess:
        return
    _, alive = psutil.wait_procs([process], timeout=timeout_seconds)
    for survivor in alive:
        survivor.kill()
    _wait_for_end(alive)  # a kill is not an end yet, and the next process may want its files and ports
    _end_children(children)


def _end_children(children: list[psutil.Process]) -> None:
    """Give orphans a moment to notice, then kill them."""
    for child in _wait_for_end(children):
        child.kill()
    _wait_for_end(children)


def _wait_for_end(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Those that still live when the time is up."""
    deadline = time.monotonic() + ORPHAN_TIMEOUT_SECONDS
    while (alive := [process for process in processes if _alive(process)]) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    return alive


def _alive(process: psutil.Process) -> bool:
    """An orphan whose new parent never asks after it stays a zombie for ever; that is dead enough."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
