"""The one folder everything embedded lives in; delete it and nothing of Payonce is left on the machine."""

import json
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

from stack.errors import StackError

MARK = "this-folder-belongs-to-payonce"
"""What `wipe` looks for before it deletes a folder."""


@dataclass(frozen=True)
class StateFolder:
    """Paths inside the state folder, and the generated secrets, readable by their owner only."""

    path: Path

    @property
    def postgres(self) -> Path:
        """PostgreSQL's data folder."""
        return self.path / "postgres"

    @property
    def temporal(self) -> Path:
        """The embedded Temporal server's database file."""
        return self.path / "temporal.db"

    @property
    def simulator(self) -> Path:
        """The simulator's books."""
        return self.path / "simulator"

    @property
    def run(self) -> Path:
        """Process ids of what runs now."""
        return self.path / "run"

    def log(self, part: str) -> Path:
        """The log file of one part."""
        return self.path / "logs" / f"{part}.log"

    @property
    def exists(self) -> bool:
        """Whether something was ever started here."""
        return (self.path / MARK).exists()

    def prepare(self) -> None:
        """Create the folder if it is not there. Raises StackError for one that has other people's things in it."""
        if not self.exists and self.path.is_dir() and any(self.path.iterdir()):
            raise StackError(f"PAYONCE_STATE names {self.path}, which has other things in it. Choose an empty folder.")
        self.path.mkdir(parents=True, exist_ok=True)
        self.run.mkdir(exist_ok=True)
        (self.path / MARK).touch()

    def secret(self, name: str, *, prefix: str = "") -> str:
        """The generated secret of that name: made on first use, the same ever after."""
        known = self._secrets()
        if name not in known:
            self.remember(name, prefix + secrets.token_urlsafe(24).replace("-", "0").replace("_", "1"))
        return self._secrets()[name]

    def remembered(self, name: str) -> str | None:
        """A value kept earlier, or None."""
        return self._secrets().get(name)

    def remember(self, name: str, value: str) -> None:
        """Keep a value beside the generated ones."""
        file = self.path / "secrets.json"
        file.touch(mode=0o600)
        file.write_text(json.dumps({**self._secrets(), name: value}, indent=1))

    def wipe(self) -> None:
        """Delete the folder with all payments in it, if it is one of ours. Nothing may be running."""
        if self.exists:
            shutil.rmtree(self.path)

    def _secrets(self) -> dict[str, str]:
        file = self.path / "secrets.json"
        text = file.read_text() if file.exists() else ""
        return dict(json.loads(text)) if text else {}
