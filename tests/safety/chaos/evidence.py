"""What is left behind when a run found something: enough to understand it without the processes, which are gone."""

import faulthandler
import json
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.safety.chaos.books import Books
from tests.safety.chaos.house import House
from tests.safety.chaos.stories import Story
from tests.safety.chaos.storm import Damage


def keep(
    folder: Path | None,
    seed: int,
    house: House,
    books: Books,
    damage: Damage,
    stories: Sequence[Story],
    violations: Sequence[tuple[str, str]],
    figures: dict[str, Any],
) -> Path:
    """The folder with violations, the timeline of faults, both books about each payment concerned, and all logs."""
    target = keep_logs(folder, seed, house, damage)
    _write(target / "violations.json", {"seed": seed, "figures": figures, "violations": violations})
    start = damage.timeline[0][0] if damage.timeline else 0.0
    told = {story.payment_id: story for story in stories}
    for payment_id in {payment_id for payment_id, _ in violations if payment_id}:
        found = books.about(payment_id)
        if payment_id in told:
            found["story"] = _story(told[payment_id], start)
        _write(target / f"{payment_id}.json", found)
    for story in stories:
        if story.ended_at is None:
            _write(target / f"story-{story.number}.json", _story(story, start))
    return target


def keep_logs(folder: Path | None, seed: int, house: House, damage: Damage) -> Path:
    """The folder with the timeline of faults, all logs, what kept parts from starting, and where our threads are."""
    target = folder or Path(tempfile.mkdtemp(prefix=f"chaos-{seed}-"))
    target.mkdir(parents=True, exist_ok=True)
    start = damage.timeline[0][0] if damage.timeline else 0.0
    (target / "faults.txt").write_text("".join(f"{at - start:8.2f} s  {text}\n" for at, text in damage.timeline))
    with (target / "threads.txt").open("w") as file:
        faulthandler.dump_traceback(file, all_threads=True)
    (target / "starts.txt").write_text("\n\n".join(house.complaints))
    shutil.copytree(house.stack.state.log("any").parent, target / "logs", dirs_exist_ok=True)
    return target


def _story(story: Story, start: float) -> dict[str, Any]:
    return {
        "kind": story.kind,
        "number": story.number,
        "promises": story.promises,
        "seen": [f"{at - start:8.2f} s  {text}" for at, text in story.seen],
        "asked": [
            {"path": a.path, "key": a.key, "status": a.status, "answer": a.answer.decode(errors="replace")}
            for a in story.asked
        ],
    }


def _write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=1, default=str))
