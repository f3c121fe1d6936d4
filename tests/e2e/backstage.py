"""The tests' hand behind the scenes: rows on demand in the installation that runs (see `rows.py`)."""

import json
import subprocess
import sys
from typing import Any

from tests.e2e.installation import ROOT, Installation


class Backstage:
    """One call, one act of `rows.py`: `backstage("film", project=..., bright=[3, 4])`."""

    def __init__(self, installation: Installation) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.e2e.rows"],
            cwd=ROOT,
            env=installation.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __call__(self, act: str, **given: Any) -> Any:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({"act": act, "given": given}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, f"backstage ended in {act}({given})"
        said = json.loads(line)
        assert "failed" not in said, said["failed"]
        return said["answer"]

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(20)
