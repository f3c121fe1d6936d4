"""What every program on a run folder does around its work: `python -m inference.training RUN_DIR`.

It takes the folder's lock, turns what cannot be mended into failure.json, and ends when the worker that
started it dies, so that no orphan goes on training beside its successor.
"""

import errno
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path

from inference.rundir import RunDir, RunError

# Set by the runner, which holds the other end of our standard input for as long as it lives.
SUPERVISED = "SPINEWEB_SUPERVISED"
# Set by Lightning Fabric and by torchrun for the processes of a training on several devices.
_RANK = "LOCAL_RANK"
FAILED = 3  # the exit status when failure.json says why
DISK_FAILED = 4  # the exit status when the run folder takes no files, and so no failure.json
_DISK_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.ESTALE, errno.EWOULDBLOCK}


def main(work: Callable[[RunDir], None]) -> int:
    """Do `work` on the run folder named on the command line; the process's exit status."""
    if len(sys.argv) != 2:
        print(f"usage: python -m {__package__}.training|prediction RUN_DIR", file=sys.stderr)
        return 2
    if os.environ.get(SUPERVISED) == "1":
        threading.Thread(target=_end_with_supervisor, daemon=True).start()
        os.nice(10)  # people who wait for a page come first
    path = Path(sys.argv[1])
    if not path.is_dir():
        print(f"{path} is not a folder", file=sys.stderr)
        return 2
    run = RunDir(path)
    try:
        if os.environ.get(_RANK, "0") == "0":
            with run.locked():
                run.clear_outcome()
                work(run)
        else:  # started by the first process, which holds the lock for all
            work(run)
    except RunError as error:
        traceback.print_exc()
        run.write_failure(str(error))
        return FAILED
    except OSError as error:
        if error.errno not in _DISK_ERRORS:
            raise
        print(f"{error}", flush=True)
        return DISK_FAILED
    return 0


def _end_with_supervisor() -> None:
    """Wait for the end of standard input, which is the end of the supervisor; then end the whole group."""
    # Not through sys.stdin: its lock, held by a reading thread, aborts the interpreter when it ends.
    while os.read(0, 1):
        pass
    os.killpg(os.getpgrp(), signal.SIGKILL)
