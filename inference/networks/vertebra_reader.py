"""A film in, its vertebrae out: the whole way of the `Straightened` networks.

Find the column's line on the small film, look again at the part of the film where it lies; straighten along
the line, read the vertebrae from the strip and from its mirror image, straighten along what was found, and
once more. What comes out are corners in px of the film, each with its covariance.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from inference.networks import weights
from inference.networks.straightened import Straightened
from inference.vertebrae import chain, heads, strip
from inference.vertebrae.chain import Column, SpineLine
from inference.vertebrae.films import VERTEBRAE, Floats, Grey
from inference.vertebrae.heads import Maps
from inference.vertebrae.strip import Strip

FINDER_PX: Final = 384
"""The longer side of what the finder looks at."""
FINDER_LEAST_WIDTH: Final = 224
COLUMN_PX: Final = 980.0
"""A film is shrunk until its column is this long, so that a strip's row is about one of its px."""
PASSES: Final = 3
_ROOM: Final = (0.22, 0.06)
"""Around the line on the second look: shares of its height, aside and above and below."""
_SAME_ROWS: Final = 12.0
"""Readings of a strip and of its mirror image further apart than this are of different vertebrae."""


@dataclass(frozen=True, slots=True)
class Found:
    """What the networks read from one film. `corners_px` (n, 4, 2), TL TR BL BR of the stored film, from
    above downward; `covariance_px2` (n, 4, 2, 2); `heights` (n,), the centres' probability; `levels` (n,),
    where the network itself would put each body, 0.5 for T1 to 16.5 for L5; `line`, of the finder;
    `apart_rows`, by how much of a strip's rows the film and its mirror image disagreed."""

    corners_px: Floats
    covariance_px2: Floats
    heights: Floats
    levels: Floats
    line: SpineLine
    apart_rows: float


class VertebraReader:
    """Reads films one by one with a network in evaluation mode, on the CPU or where the network lies."""

    def __init__(self, network: Straightened, *, passes: int = PASSES) -> None:
        self.network = weights.ready(network)
        self.device = next(network.parameters()).device
        self.passes = passes

    @torch.inference_mode()
    def read(self, film: Grey, count: int = VERTEBRAE) -> Found:
        """`count` vertebrae of a film (height, width). Raises ValueError for a film too small to read."""
        if min(film.shape) < 32:
            raise ValueError(f"a film of {film.shape[1]} x {film.shape[0]} pixels is too small to read")
        line = self._line(film)
        middle = line.line_px
        for _ in range(self.passes):
            small, factor = shrunk_to(film, middle)
            along = strip.along(middle * factor)
            column, apart = self._column(along, small, count)
            corners = along.film_from_strip(column.heat_corners) / factor
            middle = strip.column_line(corners)
        return Found(
            corners_px=corners,
            covariance_px2=_covariance(along, column) / np.multiply.outer(factor, factor),
            heights=column.heights,
            levels=column.levels,
            line=line,
            apart_rows=apart,
        )

    def _ask(self, part: torch.nn.Module, inputs: Maps) -> Maps:
        tensor = torch.from_numpy(inputs).to(self.device)
        return np.asarray(part(tensor).float().cpu().numpy(), dtype=np.float32)

    def _line(self, film: Grey) -> SpineLine:
        """The column's line in px of the film, from two looks."""
        first = self._look(film)
        low, high = first.line_px.min(axis=0), first.line_px.max(axis=0)
        room = np.array(_ROOM) * (high[1] - low[1])
        left, top = np.maximum(low - room, 0).astype(int)
        right, bottom = np.minimum(high + room, (film.shape[1], film.shape[0])).astype(int)
        if bottom - top < film.shape[0] * 0.25 or right - left < 16:
            return first
        second = self._look(np.ascontiguousarray(film[top:bottom, left:right]))
        return SpineLine(
            second.line_px + np.array([left, top]),
            second.confidence,
            max(first.unseen, second.unseen),
            second.rough,
        )

    def _look(self, film: Grey) -> SpineLine:
        height, width = film.shape
        factor = FINDER_PX / max(height, width)
        size = (max(1, round(width * factor)), max(1, round(height * factor)))
        small = cv2.resize(film, size, interpolation=cv2.INTER_AREA)
        wide = max(FINDER_LEAST_WIDTH, -(-size[0] // 32) * 32)
        canvas = np.zeros((FINDER_PX, wide), np.uint8)
        top, left = (FINDER_PX - size[1]) // 2, (wide - size[0]) // 2
        canvas[top : top + size[1], left : left + size[0]] = small
        line = chain.read_line(self._ask(self.network.finder, heads.finder_input(canvas)[None])[0])
        back = (line.line_px - (left, top)) * (width / size[0], height / size[1])
        outside = ((back[:, 1] < 0) | (back[:, 1] > height)).mean() * VERTEBRAE
        return SpineLine(back, line.confidence, float(outside), line.rough)

    def _column(self, along: Strip, film: Grey, count: int) -> tuple[Column, float]:
        """The vertebrae of a strip as the strip and its mirror image show them; and how they disagree."""
        greys = along.straighten(film)
        pair = np.stack([heads.strip_input(one) for one in (greys, np.ascontiguousarray(greys[:, ::-1]))])
        plain, mirrored = self._ask(self.network.strip, pair)
        one, other = chain.read_column(plain, count), chain.mirrored(chain.read_column(mirrored, count))
        apart = float(np.abs(one.corners.mean(axis=1)[:, 1] - other.corners.mean(axis=1)[:, 1]).max())
        if apart > _SAME_ROWS:
            return (one if one.score >= other.score else other), apart
        return chain.averaged(one, other), apart


def shrunk_to(film: Grey, line_px: Floats) -> tuple[Grey, Floats]:
    """The film at which a line is `COLUMN_PX` long, never enlarged, and (x, y) factors onto it."""
    length = float(np.hypot(*np.diff(line_px, axis=0).T).sum())
    factor = min(1.0, COLUMN_PX / max(length, 1.0))
    if factor == 1.0:
        return film, np.ones(2)
    size = (max(1, round(film.shape[1] * factor)), max(1, round(film.shape[0] * factor)))
    small: NDArray[np.uint8] = np.asarray(cv2.resize(film, size, interpolation=cv2.INTER_AREA), np.uint8)
    return small, np.array(size) / film.shape[::-1]


def _covariance(along: Strip, column: Column) -> Floats:
    """(n, 4, 2, 2) in px of the film that the strip was cut from: the Laplace spreads, turned with the
    strip."""
    # A Laplace distribution of spread b has the variance 2 b^2.
    variance = 2 * (column.spread * along.scale * (strip.ACROSS, 1.0)) ** 2
    tilt = np.radians(along.tilt_deg(column.corners[..., 1]))
    cos, sin = np.cos(tilt), np.sin(tilt)
    turn = np.stack([np.stack([cos, -sin], axis=-1), np.stack([sin, cos], axis=-1)], axis=-2)
    return np.asarray(np.einsum("...ij,...j,...kj->...ik", turn, variance, turn))
