"""`python -m tests.safety.planted [NAME...]`: plant each bug in a copy of the tree and see whether its tests notice.

First the named tests run on the tree as it is, because a test that fails anyway notices nothing. Exit code 0: every
bug is caught; 1: one was missed or could not be tried.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.safety.figures import note
from tests.safety.planted.bug import Bug, named
from tests.safety.planted.table import BUGS
from tests.safety.planted.trial import Verdict, copied_tree, run_tests, try_bug

WIDTH = 34
TOGETHER_SECONDS = 1_200
"""For all the named tests in one run."""


def main() -> int:
    given = _parser().parse_args()
    bugs = named(BUGS, given.names)
    if given.list:
        _say("\n".join(f"{bug.name:<{WIDTH}} {bug.what}" for bug in bugs))
        return 0
    if not _sound(bugs):
        return 1
    verdicts = _try_all(bugs, given.jobs)
    _report(verdicts, as_json=given.json)
    return 0 if all(verdict.standing == "caught" for verdict in verdicts) else 1


def _sound(bugs: Sequence[Bug]) -> bool:
    """Whether every named test passes as long as nothing is planted."""
    node_ids = sorted({node_id for bug in bugs for node_id in bug.noticed_by})
    _say(f"first without any bug: {len(node_ids)} tests")
    with copied_tree() as tree:
        code, output = run_tests(node_ids, tree, timeout_seconds=TOGETHER_SECONDS)
    if code != 0:
        _say(output[-4000:] + "\nthey do not pass as it is: nothing can be said about any bug")
    return code == 0


def _try_all(bugs: Sequence[Bug], jobs: int) -> list[Verdict]:
    shares = [share for number in range(jobs) if (share := bugs[number::jobs])]
    with ThreadPoolExecutor(jobs) as pool:
        found = [verdict for verdicts in pool.map(_try_share, shares) for verdict in verdicts]
    return sorted(found, key=lambda verdict: bugs.index(verdict.bug))


def _try_share(bugs: Sequence[Bug]) -> list[Verdict]:
    verdicts = []
    with copied_tree() as tree:
        for bug in bugs:
            verdicts.append(try_bug(bug, Path(tree)))
            _say(f"{verdicts[-1].standing:<7} {bug.name:<{WIDTH}} {verdicts[-1].seconds:5.1f} s")
    return verdicts


def _report(verdicts: Sequence[Verdict], *, as_json: bool) -> None:
    rows = [(v.standing, v.bug.name, v.bug.what, v.failed[0] if v.failed else "-") for v in verdicts]
    if as_json:
        print(json.dumps([dict(zip(("standing", "name", "what", "caught_by"), row, strict=True)) for row in rows]))  # noqa: T201 - what was asked for
    else:
        print("| planted bug | | caught by |\n|---|---|---|")  # noqa: T201 - the table
        for standing, _, what, test in rows:
            print(f"| {what} | {standing} | `{test}` |")  # noqa: T201 - the table
    for verdict in verdicts:
        if verdict.standing != "caught":
            _say(f"--- {verdict.bug.name} was {verdict.standing}\n{verdict.output[-3000:]}")
    note("planted bugs", bugs=len(rows), caught=sum(row[0] == "caught" for row in rows))


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.safety.planted", description="Do the tests notice?")
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these; --list shows all")
    parser.add_argument("--list", action="store_true", help="the bugs, and nothing else")
    parser.add_argument("--jobs", type=int, default=2, help="trials at once (2)")
    parser.add_argument("--json", action="store_true", help="the verdicts as JSON on standard output")
    return parser


if __name__ == "__main__":
    sys.exit(main())
