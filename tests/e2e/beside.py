"""The capture agent's real program, for tests that look at it in the browser."""

import os
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Page

from tests.e2e.installation import ROOT, Installation


def start_agent(
    installation: Installation, folder: Path, secret: str, source: str
) -> "subprocess.Popen[bytes]":
    """The program with a camera; the same folder is the same spool, key and log each time."""
    argv = [sys.executable, "-m", "capture_agent", "--server", installation.address, "--source", source]
    argv += ["--spool", str(folder / "spool"), "--key-file", str(folder / "key"), "--reserve-mb", "1"]
    with (folder / "agent.log").open("ab") as log:
        return subprocess.Popen(
            argv,
            cwd=ROOT,
            env={**os.environ, "SPINEWEB_AGENT_TOKEN": secret},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )


def bright_pixels(page: Page, title: str) -> int:
    """How much of a live picture is not black."""
    script = """(title) => {
      const canvas = document.querySelector(`canvas[aria-label="${title}"]`);
      const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
      let count = 0;
      for (let i = 0; i < data.length; i += 4) if (data[i] + data[i + 1] + data[i + 2] > 90) count += 1;
      return count;
    }"""
    return int(page.evaluate(script, title))
