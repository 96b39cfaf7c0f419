"""CPU time is counted for the process that spent it, children included."""

import os
import subprocess
import sys

from bench.processors import measured

BURN = "import time\nend = time.process_time() + 0.4\nwhile time.process_time() < end: pass\n"


def test_what_a_child_spends_is_its_parents() -> None:
    with measured({"us": os.getpid}) as usage:
        subprocess.run([sys.executable, "-c", BURN], check=True)
    assert usage.seconds["us"] >= 0.4
    assert usage.milliseconds_each(4)["us"] >= 100
    assert 0.0 <= usage.others <= 1.0
