"""PostgreSQL refuses to run as root, so under root it runs as a system user who may pass through to its files."""

import os
import pwd
import shutil
import stat
import subprocess
from pathlib import Path

from stack.errors import StackError

NAME = "payonce-postgres"


def for_postgres() -> str | None:
    """The user to run as: None (ourselves) unless we are root, then a system user, made on first use."""
    if os.geteuid() != 0:
        return None
    if not _exists():
        _create()
    return NAME


def give(path: Path, *, user: str) -> None:
    """Hand a folder to the user and let him pass, and only pass, through the folders above it."""
    shutil.chown(path, user=user, group=user)
    let_pass(path)


def let_pass(path: Path) -> None:
    """Allow others to traverse (not to list) each folder above the path."""
    for parent in path.absolute().parents:
        mode = parent.stat().st_mode
        if not mode & stat.S_IXOTH:
            parent.chmod(mode | stat.S_IXOTH)


def _exists() -> bool:
    try:
        pwd.getpwnam(NAME)
    except KeyError:
        return False
    return True


def _create() -> None:
    useradd = shutil.which("useradd")
    if useradd is None:
        raise StackError(
            "PostgreSQL refuses to run as root and there is no useradd to make a system user for it. "
            "Run as an ordinary user, or set DATABASE_URL to a PostgreSQL that runs already."
        )
    command = [useradd, "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", NAME]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode != 0 and not _exists():  # another process may have made it in the same moment
        raise StackError(f"Could not make the system user {NAME} for PostgreSQL: {made.stderr.strip()}")
