"""``python -m inference.phantom.sheet PHANTOMS SHEET.jpg``: films, below them the backs and their depth.

The contact sheet of the package's README; for a look at what a run has written.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.phantom.morphometry import Floats

Bytes = NDArray[np.uint8]
ROW_PX: Final = 420
WIDTH_PX: Final = 1500
GAP_PX: Final = 4
NEAR_MM, FAR_MM = 900.0, 2300.0


def sheet(folder: Path, count: int) -> Bytes:
    """The first ``count`` studies (h, w, 3), BGR. FileNotFoundError where pictures are missing."""
    studies = sorted(folder.glob("phantom-*"))[:count]
    if not studies:
        raise FileNotFoundError(f"there are no studies in {folder}")
    films = _row([_picture(study / "radiograph.png") for study in studies])
    backs = _row([_cut(_picture(study / "colour.jpg"), 0.4) for study in studies])
    depths = _row([_cut(_shaded(study / "depth.png"), 0.4) for study in studies])
    return np.vstack([films, backs, depths])


def _picture(path: Path, how: int = cv2.IMREAD_COLOR) -> Bytes:
    image = cv2.imread(str(path), how)
    if image is None:
        raise FileNotFoundError(f"{path} cannot be read; write PNG films and no recordings")
    return np.asarray(image)


def _shaded(path: Path) -> Bytes:
    """A depth map as a relief lit from the upper left, black where nothing was measured."""
    depth = _picture(path, cv2.IMREAD_UNCHANGED).astype(np.float64)
    lit = 140.0 - 14.0 * (_slope(depth, 1) + _slope(depth, 0))
    seen = (depth > NEAR_MM) & (depth < FAR_MM)
    return np.asarray(cv2.cvtColor((np.clip(lit, 0, 255) * seen).astype(np.uint8), cv2.COLOR_GRAY2BGR))


def _slope(depth: Floats, axis: int) -> Floats:
    return np.asarray(np.gradient(cv2.GaussianBlur(depth, (0, 0), 1.0), axis=axis))


def _cut(image: Bytes, share: float) -> Bytes:
    """The middle of a picture, that share of its height wide and six tenths of it high."""
    height, width = image.shape[:2]
    half = int(share * height / 2)
    return image[height // 5 : height * 4 // 5, width // 2 - half : width // 2 + half]


def _row(images: Sequence[Bytes]) -> Bytes:
    """Pictures of one height side by side, WIDTH_PX in all."""
    tall = [cv2.resize(i, (int(i.shape[1] * ROW_PX / i.shape[0]), ROW_PX), None, 0, 0, 3) for i in images]
    row = np.hstack([np.pad(i, ((0, GAP_PX), (0, GAP_PX), (0, 0)), constant_values=255) for i in tall])
    scale = WIDTH_PX / row.shape[1]
    return np.asarray(cv2.resize(row, (WIDTH_PX, int(row.shape[0] * scale)), interpolation=cv2.INTER_AREA))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m inference.phantom.sheet", description="Contact sheet.")
    parser.add_argument("phantoms", type=Path, help="folder that python -m inference.phantom wrote")
    parser.add_argument("sheet", type=Path, help="JPEG or PNG to write")
    parser.add_argument("--count", type=int, default=7, help="how many studies (default 7)")
    options = parser.parse_args(arguments)
    try:
        image = sheet(options.phantoms, options.count)
        good, data = cv2.imencode(options.sheet.suffix, image, [cv2.IMWRITE_JPEG_QUALITY, 82])
        options.sheet.write_bytes(data.tobytes())
    except (OSError, cv2.error) as error:
        print(f"sheet: {error}", file=sys.stderr)
        return 2
    return 0 if good else 2


if __name__ == "__main__":
    sys.exit(main())
