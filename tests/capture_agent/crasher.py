"""Kills a program that writes shots, again and again: `python -m tests.capture_agent.crasher FOLDER N SEED`.

Each round forks a child that opens the spool, forgets up to two shots that wait, and writes shots one after
another, telling the parent of each only when the spool says that it is safe. The parent kills it at a random
moment. At the end it prints, as JSON, every shot that was promised and every one that was to be forgotten.
"""

import hashlib
import json
import os
import random
import signal
import sys
import time
import uuid
from pathlib import Path

from capture_agent.spool import Spool, Waiting
from tests.capture_agent.shots import offer_of


def write_shots(folder: Path, pipe: int, seed: int) -> None:
    spool = Spool(folder / "spool", folder / "spool.key")
    rng = random.Random(seed)
    for waiting in spool.waiting()[:2]:
        os.write(pipe, f"forgets {waiting.shot}\n".encode())
        spool.forget(waiting.shot)
    while True:
        content = rng.randbytes(rng.randint(1, 3_000_000))
        waiting = Waiting(shot=uuid.UUID(bytes=rng.randbytes(16)), offer=offer_of(content))
        spool.add(waiting, content)
        os.write(pipe, f"promises {waiting.shot} {hashlib.sha256(content).hexdigest()}\n".encode())


def main(folder: Path, rounds: int, seed: int) -> None:
    rng = random.Random(seed)
    promised: dict[str, str] = {}
    forgotten: list[str] = []
    within_s = 0.0
    for number in range(rounds):
        reads, writes = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reads)
            try:
                write_shots(folder, writes, seed * 1000 + number)
            finally:
                os._exit(1)
        os.close(writes)
        with os.fdopen(reads) as told:
            began_s = time.monotonic()
            lines = []
            if number % 20 == 0:
                # How long a few shots take here just now: the next children are killed within that time.
                lines = [told.readline() for _ in range(3)]
                within_s = time.monotonic() - began_s
            else:
                time.sleep(rng.uniform(0.0, within_s))
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            for line in [*lines, *told]:
                word, *rest = line.split()
                if word == "promises":
                    promised[rest[0]] = rest[1]
                else:
                    forgotten.append(rest[0])
    json.dump({"promised": promised, "forgotten": forgotten}, sys.stdout)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
