"""kill -9 of the running server while an agent's uploader sends: every shot stored once, byte for byte."""

import asyncio
import hashlib
import random
import uuid
from pathlib import Path
from typing import Any

import pytest

from capture_agent import uploader as uploader_module
from capture_agent.k4a.writing import Capture
from capture_agent.server import Server
from capture_agent.spool import Spool, Waiting
from capture_agent.uploader import Uploader
from tests.annotation.shooting import offer_of
from tests.capture_agent.recordings import captures, recording
from tests.e2e.apart import run_apart
from tests.e2e.backstage import Backstage
from tests.e2e.installation import Installation

SHOTS, KILLS = 6, 8
WITHIN_S = 240.0


def kill_webs(installation: Installation) -> int:
    """kill -9 of the web processes that there are; the launcher starts others."""
    webs = installation.web_processes()
    for process in webs:
        process.kill()
    return len(webs)


def shots_of(folder: Path) -> list[bytes]:
    """Recordings of three captures, all different."""
    taken = captures(SHOTS + 2)
    made = []
    for number in range(SHOTS):
        burst: list[Capture] = taken[number : number + 3]
        made.append(recording(folder / f"{number}.mkv", burst).read_bytes())
    return made


def test_no_kill_of_the_server_loses_or_doubles_a_shot(
    installation: Installation,
    backstage: Backstage,
    project: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(uploader_module, "CHUNK_BYTES", 256 << 10)
    subject = uuid.UUID(backstage("subject", project=project["id"], pseudonym="KILL-1")["id"])
    token: dict[str, Any] = backstage("agent_token", project=project["id"], name="Killed")
    spool = Spool(tmp_path / "spool", tmp_path / "key", reserve_bytes=0)
    contents = shots_of(tmp_path)
    for content in contents:
        offered = offer_of(content, project=uuid.UUID(project["id"]), subject=subject)
        spool.add(Waiting(shot=uuid.uuid4(), offer=offered), content)

    async def send() -> int:
        server = Server.at(installation.address, token["secret"])
        uploader = Uploader(spool, server, lambda _: None)
        task = asyncio.create_task(uploader.run())
        chance, kills = random.Random(11), 0
        async with asyncio.timeout(WITHIN_S):
            while spool.waiting():
                await asyncio.sleep(chance.uniform(0.5, 6.0))
                if kills < KILLS and kill_webs(installation):
                    kills += 1
                # No pause of the back-off outlasts the test.
                uploader.wake()
        task.cancel()
        return kills

    assert run_apart(send()) >= 3
    spool.close()
    stored = backstage("stored_shots", token=token["id"])
    assert sorted(one["sha256"] for one in stored) == sorted(
        hashlib.sha256(content).hexdigest() for content in contents
    )
    assert len({one["study"] for one in stored}) == 1
