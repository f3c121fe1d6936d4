"""Writes clahe.json: small pictures equalised by OpenCV, to which the browser's own equalisation is held.

python -m tests.golden.make_clahe
"""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np

FILE = Path(__file__).with_name("clahe.json")
# Width, height, tiles across, tiles down, clip limit. Both sides divide, or neither: where only one does,
# OpenCV pads by a whole tile.
CASES = [(64, 48, 4, 3, 2.0), (61, 47, 4, 3, 2.0), (61, 47, 8, 5, 4.0), (40, 30, 1, 1, 40.0)]


def case(seed: int, width: int, height: int, across: int, down: int, clip: float) -> dict[str, Any]:
    """A slope, an edge and noise, and what OpenCV makes of them."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:height, 0:width]
    levels = 40 + columns + 50 * (rows > height / 2) + rng.normal(0, 4, (height, width))
    picture = np.clip(levels, 0, 255).astype(np.uint8)
    equalised = cv2.createCLAHE(clipLimit=clip, tileGridSize=(across, down)).apply(picture)
    return {
        "width": width, "height": height, "across": across, "down": down, "clip": clip,
        "levels": picture.ravel().tolist(), "equalised": equalised.ravel().tolist(),
    }  # fmt: skip


def text() -> str:
    cases = [case(seed, *each) for seed, each in enumerate(CASES)]
    return json.dumps({"cases": cases}) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
