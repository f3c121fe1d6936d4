"""`python -m tests.soak.agent [SHOTS] [FAULTS] [SEED] [--real]`: an agent's shots through all that goes
wrong.

The agent is the real program on a recording. The server is the small one of its tests or, with `--real`, the
platform as `make run` starts it, on SQLite or on the PostgreSQL of `--database`; Enter and, there, a
browser's viewer socket take the shots. Between them is a proxy. Two lanes of faults run at once. The network:
no connection, nothing passes (0 to 60 s), a tenth of the pieces late or lost with their connection, five
seconds of delay. The machines: the agent killed (-9) and started again, the server killed, and the agent's
clock a day off from one moment to the next (`skewed`).

Each file that appears in the spool is read at once, so that its hash is known from the disk alone. At the end
every shot that was on the disk must be stored, once, with that hash and (on the platform) at the moment it
was taken; no press may have made two, and every shot that somebody was told is taken must have been on the
disk. Exit status 1 if not.
"""

import argparse
import asyncio
import hashlib
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from capture_agent import seal
from capture_agent.spool import ENDING
from tests.capture_agent.recordings import captures, recording
from tests.e2e.installation import ROOT
from tests.soak.proxy import Proxy
from tests.soak.servers import Server, Stored, platform, small

NETWORK = ("refuse", "hold", "lose", "cut", "delay")
LONGEST_FAULT_S, USUAL_FAULT_S = 60.0, 8.0
LONGEST_PAUSE_S = 3.0
PRESS_EVERY_S = 0.4
DAY_S = 86_400.0
STUCK_AFTER_S = 180.0
DATED_WITHIN_S = 20.0
"""Between a shot and its file: the burst, its encoding, and whatever else the machine does."""
TAKEN = re.compile(r"shot ([0-9a-f-]{36}): .* on the disk")


@dataclass(frozen=True)
class Recorded:
    """What lay in the spool, and when it was first seen there."""

    sha256: str
    at_s: float


class Soak:
    """One agent, its spool and what happens to it."""

    def __init__(self, folder: Path, server: Server, proxy: Proxy, url: str, rng: random.Random) -> None:
        self.folder, self.server, self.proxy, self.url, self.rng = folder, server, proxy, url, rng
        self.recorded: dict[str, Recorded] = {}
        self.faults: Counter[str] = Counter()
        self.disturbed_s: list[float] = []
        self.due = 0.0
        """How many shots the faults so far allow, that both come to their end together."""
        (folder / "clock").write_text("0")
        self.agent = self.start()

    def start(self) -> "subprocess.Popen[bytes]":
        paths = ["--spool", str(self.folder / "spool"), "--key-file", str(self.folder / "key")]
        source = f"phantom:{self.folder / 'a.mkv'}"
        command = [sys.executable, "-m", "tests.soak.skewed", str(self.folder / "clock")]
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                [*command, "--server", self.url, "--source", source, *paths, "--countdown", "0"],
                cwd=ROOT,
                env={**os.environ, "SPINEWEB_AGENT_TOKEN": self.server.token},
                stdin=subprocess.PIPE,
                stderr=log,
            )

    # --- shots -------------------------------------------------------------------------------------

    async def press(self, shots: int) -> None:
        """Enter or the browser, again and again, until there were enough shots."""
        while len(self.recorded) < shots:
            if len(self.recorded) <= self.due:
                by_key = self.rng.random() < 0.5
                if by_key or not await self.server.press():
                    self._enter()
            await asyncio.sleep(PRESS_EVERY_S)

    def _enter(self) -> None:
        with suppress(OSError):
            assert self.agent.stdin is not None
            self.agent.stdin.write(b"\n")
            self.agent.stdin.flush()

    async def read_spool(self) -> None:
        """Note the hash of each shot on the disk as soon as it is there."""
        while True:
            for path in self.waiting():
                if path.stem not in self.recorded:
                    copy = self.folder / "seen" / path.name
                    with suppress(FileNotFoundError):
                        copy.hardlink_to(path)
                        at_s = time.time()
                        self.recorded[path.stem] = Recorded(await asyncio.to_thread(self._hash, copy), at_s)
                        copy.unlink()
            await asyncio.sleep(0.02)

    def waiting(self) -> list[Path]:
        return list((self.folder / "spool").glob(f"*{ENDING}"))

    def _hash(self, path: Path) -> str:
        key = bytes.fromhex((self.folder / "key").read_text())
        with path.open("rb") as file:
            reader = seal.SealedReader(file, key)
            said = int.from_bytes(reader.read(reader.size - 4, 4), "big")
            return hashlib.sha256(reader.read(0, reader.size - 4 - said)).hexdigest()

    # --- faults ------------------------------------------------------------------------------------

    async def fail(self, faults: int, shots: int) -> None:
        """Both lanes at once, until there were enough faults."""
        machines = ("kill agent", "kill agent", "clock", *self.server.faults)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._lane(NETWORK, faults, shots))
            group.create_task(self._lane(machines, faults, shots))
        self.due = shots

    async def _lane(self, kinds: tuple[str, ...], faults: int, shots: int) -> None:
        while self.faults.total() < faults:
            kind = self.rng.choice(kinds)
            self.faults[kind] += 1
            await asyncio.sleep(self.rng.uniform(0, LONGEST_PAUSE_S))
            if kind in NETWORK:
                await self._disturb(kind)
            elif kind == "kill agent":
                await asyncio.to_thread(self._kill_agent)
            elif kind == "clock":
                self._turn_clock()
            else:
                await self.server.fail(kind)
            self.due = shots * self.faults.total() / faults
            # Not far ahead of the shots.
            while len(self.recorded) < self.due - shots / faults - 5:
                await asyncio.sleep(0.1)

    async def _disturb(self, kind: str) -> None:
        self.proxy.mode = kind
        if kind == "refuse":
            self.proxy.cut()
        lasting_s = min(self.rng.expovariate(1 / USUAL_FAULT_S), LONGEST_FAULT_S)
        self.disturbed_s.append(lasting_s)
        await asyncio.sleep(lasting_s)
        self.proxy.mode = "pass"

    def _kill_agent(self) -> None:
        self.agent.send_signal(signal.SIGKILL)
        self.agent.wait()
        self.agent = self.start()

    def _turn_clock(self) -> None:
        new = self.folder / "clock.new"
        new.write_text(str(self.rng.choice([-DAY_S, 0.0, DAY_S])))
        new.replace(self.folder / "clock")

    # --- the end -----------------------------------------------------------------------------------

    async def drain(self) -> None:
        """Until the server has every shot, or takes none any more."""
        left, since_s = len(self.waiting()), time.monotonic()
        while left and time.monotonic() - since_s < STUCK_AFTER_S:
            await asyncio.sleep(0.5)
            now = len(self.waiting())
            if now < left:
                left, since_s = now, time.monotonic()

    def problems(self, stored: dict[str, list[Stored]]) -> list[str]:
        """What is lost, doubled, changed, wrongly dated, or was said to be there and was not."""
        found = []
        for shot, recorded in self.recorded.items():
            hashes = [each.sha256 for each in stored.get(shot, [])]
            if hashes != [recorded.sha256]:
                found.append(f"shot {shot}: recorded {recorded.sha256[:12]}, stored {hashes}")
            for each in stored.get(shot, []):
                if each.taken_at_s is not None and abs(each.taken_at_s - recorded.at_s) > DATED_WITHIN_S:
                    found.append(f"shot {shot}: dated {each.taken_at_s - recorded.at_s:+.0f} s off")
        found += [f"shot {shot} was never on the disk" for shot in stored.keys() - self.recorded.keys()]
        requests = Counter(each.request for shots in stored.values() for each in shots)
        found += [f"press {request} made {count} shots" for request, count in requests.items() if count > 1]
        said = set(TAKEN.findall((self.folder / "log").read_text()))
        found += [f"shot {shot} was said to be taken" for shot in said - self.recorded.keys()]
        found += [
            f"press {request} was answered by no shot" for request in self.server.taken - requests.keys()
        ]
        return found + self.server.problems()


@asynccontextmanager
async def soaking(
    folder: Path, serving: AbstractAsyncContextManager[Server], rng: random.Random
) -> AsyncIterator[Soak]:
    """The agent, before a server, with the proxy between them."""
    recording(folder / "a.mkv", captures(6))
    (folder / "seen").mkdir()
    async with serving as server:
        proxy = Proxy(server.port, rng)
        outer = await asyncio.start_server(proxy.handle, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{outer.sockets[0].getsockname()[1]}"
        soak = Soak(folder, server, proxy, url, rng)
        try:
            yield soak
        finally:
            soak.agent.terminate()
            soak.agent.wait()
            outer.close()


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.soak.agent")
    parser.add_argument("shots", type=int, nargs="?", default=30)
    parser.add_argument("faults", type=int, nargs="?", default=12)
    parser.add_argument("seed", type=int, nargs="?", default=1)
    parser.add_argument("--real", action="store_true", help="the platform instead of the tests' small server")
    parser.add_argument("--database", default="", help="with --real: postgres://..., empty; SQLite if unset")
    parser.add_argument("--keep", type=Path, help="an empty folder for logs and data, kept afterwards")
    return parser.parse_args()


async def main(options: argparse.Namespace, folder: Path) -> int:
    began_s, rng = time.monotonic(), random.Random(options.seed)
    server = platform(folder / "data", options.database, rng) if options.real else small(rng)
    async with soaking(folder, server, rng) as soak:
        reading = asyncio.create_task(soak.read_spool())
        async with asyncio.TaskGroup() as group:
            group.create_task(soak.press(options.shots))
            group.create_task(soak.fail(options.faults, options.shots))
        await soak.drain()
        reading.cancel()
        stored = await soak.server.stored()
        problems = soak.problems(stored)
    for problem in problems:
        print(problem)
    kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(soak.faults.items()))
    print(f"seed {options.seed}: {len(soak.recorded)} shots on the disk, {len(stored)} stored")
    print(f"{soak.faults.total()} faults: {kinds}")
    longest_s = max(soak.disturbed_s, default=0.0)
    print(f"the network was disturbed for {sum(soak.disturbed_s):.0f} s, at most {longest_s:.0f} s at a time")
    print(f"{time.monotonic() - began_s:.0f} s; {len(problems)} problems")
    return 1 if problems else 0


def run(options: argparse.Namespace) -> int:
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
        return asyncio.run(main(options, options.keep))
    with tempfile.TemporaryDirectory(prefix="spineweb-soak-") as scratch:
        return asyncio.run(main(options, Path(scratch)))


if __name__ == "__main__":
    sys.exit(run(parsed()))
