"""Whether a picture is like those a network was taught with: what is not is flagged, and not answered.

A few plain quantities of the raw picture, whose range over the training set travels with the weights. They
are not meant to find the fine: they catch what goes wrong in life, a blank frame, an X-ray in place of a
photograph, depth that belongs to another picture or was mirrored.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Ranges = dict[str, tuple[float, float]]
Floats = NDArray[np.float32]

# Each quantity, and what is said where it lies below or above what was seen in training.
_SAID = {
    "contrast": ("the picture is blank", "the picture has more contrast than any"),
    "brightness": ("the picture is too dark", "the picture is too light"),
    "chroma": ("the picture has no colours, as an X-ray has none", "the picture is too colourful"),
    "depth_share": ("the depth has hardly any readings", "the depth has readings where others have none"),
    "depth_mm": ("everything is nearer than it ever was", "everything is farther than it ever was"),
    "relief_mm": ("the depth is flat", "the depth has more relief than any"),
    "agreement": ("the depth does not belong to the picture, or is mirrored", ""),
}
# How far beyond the training set's own range is still like it: in widths of that range, but at least so much,
# for a set may be small and all alike; and never less than half of the least there was, next to nothing.
_SLACK = 0.5
_LEAST_SLACK = {
    "contrast": 5.0,
    "brightness": 20.0,
    "chroma": 5.0,
    "depth_share": 0.2,
    "depth_mm": 300.0,
    "relief_mm": 30.0,
}
# A child who stands in the middle agrees little either way. Of 400 phantoms none lay below this as they are,
# and all but three with their depth mirrored.
_LEAST_AGREEMENT = -0.005
_SIDE_PX = 128
_JUMP_MM = 60.0


@dataclass(frozen=True, slots=True)
class Unlike:
    """Why a picture is not answered: `reason` is a sentence for the person who asked."""

    reason: str


def quantities(grey: NDArray[np.uint8] | None, depth_mm: Floats | None) -> dict[str, float]:
    """Of a picture (h, w, 3) and its depth (h, w), 0 where there is no reading; None where there is none."""
    found: dict[str, float] = {}
    if grey is not None:
        seen = grey[grey.any(axis=2)] if grey.any() else grey.reshape(-1, 3)  # without the empty border
        found["contrast"] = float(seen.mean(axis=1).std())
        found["brightness"] = float(seen.mean())
        found["chroma"] = float((seen.max(axis=1).astype(np.float64) - seen.min(axis=1)).mean())
    if depth_mm is not None:
        valid = depth_mm[depth_mm > 0]
        found["depth_share"] = valid.size / depth_mm.size
        found["depth_mm"] = float(np.median(valid)) if valid.size else 0.0
        found["relief_mm"] = _relief_mm(depth_mm)
    if grey is not None and depth_mm is not None:
        found["agreement"] = agreement(grey, depth_mm)
    return found


def agreement(grey: NDArray[np.uint8], depth_mm: Floats) -> float:
    """How much better edges of depth lie on edges of the picture than those of the mirrored depth, -2..2."""
    small = cv2.resize(grey, (_SIDE_PX, _SIDE_PX), interpolation=cv2.INTER_AREA).astype(np.float32)
    across, down = (np.asarray(cv2.Sobel(small, cv2.CV_32F, *way)).max(axis=2) for way in ((1, 0), (0, 1)))
    light = np.hypot(across, down)
    depth = cv2.resize(depth_mm, (_SIDE_PX, _SIDE_PX), interpolation=cv2.INTER_NEAREST)
    highest, lowest = cv2.dilate(depth, np.ones((3, 3))), cv2.erode(depth, np.ones((3, 3)))
    jumps = _blurred((np.asarray(highest - lowest) > _JUMP_MM).astype(np.float32))
    light = _blurred(np.minimum(light, np.percentile(light, 95)).astype(np.float32))
    return _correlation(light, jumps) - _correlation(light, jumps[:, ::-1])


def ranges_of(pictures: Iterable[dict[str, float]]) -> Ranges:
    """The range of each quantity over a training set."""
    rows = list(pictures)
    return {name: (min(row[name] for row in rows), max(row[name] for row in rows)) for name in rows[0]}


def unlike(found: dict[str, float], ranges: Ranges) -> Unlike | None:
    """What about a picture lies beyond the training set's ranges, or None."""
    reasons = []
    for name, (low, high) in ranges.items():
        if name not in found:
            continue
        if name == "agreement":
            least, most = min(_LEAST_AGREEMENT, low), math.inf
        else:
            slack = max(_SLACK * (high - low), _LEAST_SLACK[name])
            least, most = max(low - slack, low / 2), high + slack
        if found[name] < least:
            reasons.append(_SAID[name][0])
        elif found[name] > most:
            reasons.append(_SAID[name][1])
    if not reasons:
        return None
    return Unlike(f"Unlike what this network was trained on: {'; '.join(reasons)}.")


def _relief_mm(depth_mm: Floats) -> float:
    """How deep the nearest body is: the spread of the readings within half a metre of the nearest ones."""
    valid = depth_mm[depth_mm > 0]
    if valid.size < 16:
        return 0.0
    nearest = float(np.percentile(valid, 5))
    body = valid[valid < nearest + 500]
    return float(np.subtract(*np.percentile(body, [90, 10])))


def _blurred(edges: Floats) -> Floats:
    return np.asarray(cv2.GaussianBlur(edges, (0, 0), 1.5), dtype=np.float32)


def _correlation(a: Floats, b: Floats) -> float:
    a, b = a - a.mean(), b - b.mean()
    size = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float((a * b).sum()) / size if size > 0 else 0.0
