"""kill -9 at any moment leaves a shot as a whole or not at all, and each one that was promised."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from capture_agent.durable import PARTIAL
from capture_agent.spool import Spool

KILLS = 60

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="kills forked programs")


def test_a_killed_agent_keeps_every_shot_it_promised(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.capture_agent.crasher", str(tmp_path), str(KILLS), "11"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    told = json.loads(done.stdout)
    spool = Spool(tmp_path / "spool", tmp_path / "spool.key")
    kept = {}
    for waiting in spool.waiting():
        with spool.content(waiting) as read:
            content = read(0, waiting.offer.size)
        assert hashlib.sha256(content).hexdigest() == waiting.offer.sha256
        kept[str(waiting.shot)] = waiting.offer.sha256
    expected = {shot: sha for shot, sha in told["promised"].items() if shot not in told["forgotten"]}
    assert len(told["promised"]) > KILLS / 10
    # A shot that was whole when the program was killed before it could say so is kept, too.
    assert expected.items() <= kept.items()
    # All that lies there can be read.
    assert len(list((tmp_path / "spool").glob("*.shot"))) == len(kept)
    assert not list((tmp_path / "spool").glob(f"*{PARTIAL}"))
