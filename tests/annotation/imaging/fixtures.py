"""Where the pictures of these tests lie."""

import os
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

ROOT = Path(__file__).parents[3]
KINECT = ROOT / "tests" / "data" / "kinect"
SHARED = Path(os.environ.get("SPINEWEB_SHARED", ROOT.parent / "shared"))


def shared(name: str) -> Path:
    """A file of the shared research data; the test is skipped where it is absent."""
    path = SHARED / "data" / name
    if not path.exists():
        pytest.skip(f"the shared research data ({name}) is not on this machine")
    return path


def depth_png(name: str) -> NDArray[np.uint16]:
    """A committed 16-bit depth map, mm."""
    return np.asarray(Image.open(KINECT / name)).astype(np.uint16)
