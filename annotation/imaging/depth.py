"""Depth maps: what is measured, the mean of a burst and its noise, and the bytes the browser reads.

A depth map is (height, width) uint16 in mm, 0 = nothing measured.
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from annotation.imaging.errors import ImagingError

DepthMap = NDArray[np.uint16]
Floats32 = NDArray[np.float32]
Mask = NDArray[np.bool_]

NEAREST_MM = 250
FARTHEST_MM = 5500
"""What the depth camera can see at all in its narrow mode, with room to spare."""

DARKEST = 40
"""The gray value of the farthest surface in `shade`; only holes are darker."""

OUTLIER_FLOOR_MM = 3.0
OUTLIER_DEVIATIONS = 3.0
DEVIATION_OF_MAD = 1.4826


@dataclass(frozen=True)
class BurstMean:
    """The mean of a burst. mean_mm, noise_mm: (height, width) float32, NaN where nothing was measured.

    noise_mm: standard deviation of one frame (needs two measurements). counts: frames kept at each pixel.
    """

    mean_mm: Floats32
    noise_mm: Floats32
    counts: NDArray[np.uint8]

    def depth_mm(self) -> DepthMap:
        """The mean as a depth map, rounded to whole mm."""
        return np.where(np.isnan(self.mean_mm), 0, np.rint(np.nan_to_num(self.mean_mm))).astype(np.uint16)


def valid_mask(depth_mm: DepthMap, nearest_mm: int = NEAREST_MM, farthest_mm: int = FARTHEST_MM) -> Mask:
    """(height, width) bool: a measurement the sensor can have made."""
    mask: Mask = (depth_mm >= nearest_mm) & (depth_mm <= farthest_mm)
    return mask


def burst_mean(frames: Sequence[DepthMap]) -> BurstMean:
    """The mean of a burst of depth maps that leaves out flying pixels and flicker.

    A measurement farther from the pixel's median than three robust deviations (1.4826 x the median absolute
    deviation, at least 1 mm) is left out; so is a pixel measured in less than half of the frames. Raises
    ImagingError where the frames are none, too many or not of one size.
    """
    if not 0 < len(frames) <= 255 or any(frame.shape != frames[0].shape for frame in frames):
        raise ImagingError("A burst must be 1 to 255 depth images of one size.")
    stack = np.stack(frames).astype(np.float32)
    measured = stack > 0
    stack[~measured] = np.nan
    enough = 2 * measured.sum(axis=0) >= len(frames)
    centre = _median(stack)
    spread = DEVIATION_OF_MAD * _median(np.abs(stack - centre))
    limit = np.maximum(OUTLIER_DEVIATIONS * spread, OUTLIER_FLOOR_MM)
    kept = measured & (np.abs(stack - centre) <= limit)
    counts = np.where(enough, kept.sum(axis=0), 0)
    stack[~kept] = 0
    mean = stack.sum(axis=0) / np.maximum(counts, 1)
    squares = np.where(kept, (stack - mean) ** 2, 0).sum(axis=0)
    noise = np.sqrt(squares / np.maximum(counts - 1, 1))
    return BurstMean(
        mean_mm=np.where(counts > 0, mean, np.nan).astype(np.float32),
        noise_mm=np.where(counts > 1, noise, np.nan).astype(np.float32),
        counts=counts.astype(np.uint8),
    )


def shade(depth_mm: DepthMap) -> NDArray[np.uint8]:
    """The map as gray values to look at: near is bright, holes are black. (height, width) uint8."""
    measured = depth_mm[valid_mask(depth_mm)]
    if measured.size == 0:
        return np.zeros(depth_mm.shape, dtype=np.uint8)
    near, far = np.percentile(measured, (1, 99))
    distance = (depth_mm.astype(np.float32) - near) / max(far - near, 1)
    gray = np.rint(255 - (255 - DARKEST) * np.clip(distance, 0, 1)).astype(np.uint8)
    return np.where(depth_mm > 0, gray, np.uint8(0))


def encode_npy(depth_mm: DepthMap) -> bytes:
    """The depth map as gzipped `.npy` (version 1, little-endian uint16, C order), which a browser unpacks
    itself.

    The gzip header carries no name and no time, so equal maps give equal bytes.
    """
    plain = io.BytesIO()
    np.lib.format.write_array(plain, np.ascontiguousarray(depth_mm, dtype="<u2"), version=(1, 0))
    return gzip.compress(plain.getvalue(), compresslevel=6, mtime=0)


def decode_npy(content: bytes, max_pixels: int = 1 << 25) -> DepthMap:
    """Read what `encode_npy` wrote; ImagingError where it is anything else."""
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as packed:
            plain = io.BytesIO(packed.read(2 * max_pixels + 4096))
        version = np.lib.format.read_magic(plain)
        shape, by_column, kind = np.lib.format.read_array_header_1_0(plain)
        body = plain.read()
    except (ValueError, OSError, EOFError) as error:
        raise ImagingError("The file is not a packed depth map.") from error
    if version != (1, 0) or by_column or kind != np.dtype("<u2") or len(shape) != 2:
        raise ImagingError("The file is not a packed depth map.")
    if len(body) != 2 * shape[0] * shape[1]:
        raise ImagingError("The packed depth map is cut off.")
    return np.frombuffer(body, dtype="<u2").reshape(shape).astype(np.uint16)


def _median(stack: Floats32) -> Floats32:
    """Median over the first axis of what is not NaN (NaN where all are); quicker than numpy's own."""
    ordered = np.sort(stack, axis=0)
    count = (~np.isnan(stack)).sum(axis=0)
    low, high = np.maximum((count - 1) // 2, 0), np.minimum(count // 2, len(stack) - 1)
    middle = [np.take_along_axis(ordered, index[None], axis=0)[0] for index in (low, high)]
    median: Floats32 = (middle[0] + middle[1]) * np.float32(0.5)
    return median
