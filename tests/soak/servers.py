"""The two servers that a soaked agent can have: the small one of its tests, and the platform itself."""

import asyncio
import hashlib
import random
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import psutil

from tests.capture_agent.fake_server import TOKEN, Answer, FakeServer, Shot, serving
from tests.e2e.backstage import Backstage
from tests.e2e.installation import Installation
from tests.soak.presser import Presser


@dataclass(frozen=True)
class Stored:
    """A shot as a server has it. `taken_at_s`: when, by its clock; None where it keeps no time."""

    sha256: str
    request: str
    taken_at_s: float | None


class Server(Protocol):
    """What the trial needs of a server. `faults`: what can happen to it. `taken`: presses of the browser that
    were answered by a shot."""

    port: int
    token: str
    faults: tuple[str, ...]
    taken: set[str]

    async def press(self) -> bool:
        """A shot from the browser; False where this server has none."""

    async def fail(self, fault: str) -> None:
        """One of `faults`, to its end: it is back, or comes back by itself."""

    async def stored(self) -> dict[str, list[Stored]]:
        """Everything that was stored, by the name of its shot."""

    def problems(self) -> list[str]:
        """What else is wrong with the server at the end."""


class Forgetful(FakeServer):
    """Keeps the hash of what it stored, not the bytes."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[str, list[Stored]] = {}

    def _finished(self, shot_id: uuid.UUID, shot: Shot) -> Answer:
        before = shot.stored
        answer = super()._finished(shot_id, shot)
        if shot.stored > before:
            said = Stored(hashlib.sha256(shot.content).hexdigest(), str(shot.offer.request), None)
            self.kept.setdefault(str(shot_id), []).append(said)
            shot.content.clear()
        return answer

    def _state(self, shot_id: uuid.UUID, shot: Shot) -> dict[str, Any]:
        state = super()._state(shot_id, shot)
        return {**state, "received": shot.offer.size} if shot.stored else state


class Small:
    """The small server of the agent's tests. It has no browser and keeps no time."""

    faults: tuple[str, ...] = ("kill server",)

    def __init__(self, app: Forgetful, port: int, rng: random.Random) -> None:
        self.port, self.token = port, TOKEN
        self.taken: set[str] = set()
        self._app, self._rng = app, rng

    async def press(self) -> bool:
        return False

    async def fail(self, fault: str) -> None:
        """What was received and not stored may be lost in part."""
        assert fault == "kill server"
        for shot in self._app.shots.values():
            del shot.content[self._rng.randint(0, len(shot.content)) :]

    async def stored(self) -> dict[str, list[Stored]]:
        return self._app.kept

    def problems(self) -> list[str]:
        return []


class Platform:
    """SpineWeb as `make run` starts it, with an agent's token, a subject, and a browser's viewer socket."""

    faults: tuple[str, ...] = ("kill a web process", "kill all web processes", "kill the platform")

    def __init__(self, installation: Installation, rng: random.Random) -> None:
        self._installation, self._rng = installation, rng
        self._backstage = Backstage(installation)
        self.port = installation.port
        project = self._backstage("project", name="Soak")["id"]
        subject = self._backstage("subject", project=project, pseudonym="SOAK-1")["id"]
        made = self._backstage("agent_token", project=project, name="Soaked")
        self._token_id, self.token = made["id"], made["secret"]
        person = self._backstage("account", username="presser", role="assistant", project=project)
        self.presser = Presser(
            installation.address, person["cookie"], uuid.UUID(self._token_id), uuid.UUID(subject)
        )
        self.taken = self.presser.taken

    async def press(self) -> bool:
        await self.presser.press()
        return True

    async def fail(self, fault: str) -> None:
        if fault == "kill the platform":
            await asyncio.to_thread(self._restart)
            return
        webs = self._installation.web_processes()
        if fault == "kill a web process":
            webs = self._rng.sample(webs, min(len(webs), 1))
        for process in webs:
            with suppress(psutil.NoSuchProcess):
                process.kill()

    def _restart(self) -> None:
        """kill -9 of the launcher, with which the kernel kills what it started."""
        self._installation.process.kill()
        self._installation.process.wait()
        self._installation.start()
        self._installation.wait_until_ready()

    async def stored(self) -> dict[str, list[Stored]]:
        found: dict[str, list[Stored]] = {}
        for row in await asyncio.to_thread(self._backstage, "stored_shots", token=self._token_id):
            said = Stored(row["sha256"], row["request"], row["taken_at_s"])
            found.setdefault(row["shot"], []).append(said)
        return found

    def problems(self) -> list[str]:
        left = [path.name for path in (self._installation.data / "incoming" / "capture").glob("*")]
        found = [f"left in the incoming folder: {name}" for name in left]
        return found + [f"web.log: {line}" for line in self._installation.server_errors()]

    def close(self) -> None:
        self._backstage.close()
        self._installation.stop()


@asynccontextmanager
async def small(rng: random.Random) -> AsyncIterator[Server]:
    """The small server, answering."""
    app = Forgetful()
    async with serving(app) as address:
        yield Small(app, int(address.rpartition(":")[2]), rng)


@asynccontextmanager
async def platform(data: Path, database: str, rng: random.Random) -> AsyncIterator[Server]:
    """The platform, ready, with a browser that looks at the agent."""
    installation = Installation(data, database=database)
    await asyncio.to_thread(installation.wait_until_ready)
    server = await asyncio.to_thread(Platform, installation, rng)
    viewing = asyncio.create_task(server.presser.run())
    try:
        yield server
    finally:
        viewing.cancel()
        await asyncio.gather(viewing, return_exceptions=True)
        await asyncio.to_thread(server.close)
