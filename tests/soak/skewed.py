"""`python -m tests.soak.skewed FILE ...`: the capture agent with a clock that is off by FILE's seconds.

`time.time()` is all that the agent asks of the wall clock, so it is all that is changed; the file is read
again at each call, so that the clock can jump while the program runs.
"""

import sys
import time
from pathlib import Path

from capture_agent.__main__ import main

_true = time.time


def skew(file: Path) -> None:
    """From now on `time.time()` is off by what the file says, in seconds."""
    time.time = lambda: _true() + float(file.read_text())


if __name__ == "__main__":
    skew(Path(sys.argv[1]))
    sys.exit(main(sys.argv[2:]))
