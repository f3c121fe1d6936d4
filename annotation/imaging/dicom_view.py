"""From stored DICOM values to 8 bits on a screen: modality LUT, then the file's own window, then MONOCHROME1.

DICOM PS3.3 C.11.1 (modality) and C.11.2 (VOI). All of it is one look-up table over the values that can occur.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.pixels.processing import apply_modality_lut, apply_voi_lut

from annotation.imaging.dicom import PARSE_ERRORS, DicomPixels
from annotation.imaging.radiograph import Lut, stretch_lut

LEAST_SHADES = 16
"""A window that leaves fewer shades in the picture hides it."""


def view_lut(dataset: Dataset, pixels: DicomPixels) -> tuple[Lut, str | None]:
    """(2 ** bits,) uint8: what to show for each of `pixels.bone_bright()`; and a note where the file's
    window is useless.

    Without a window of its own a film is stretched between its 0.5 and 99.5 percentiles.
    """
    bright = pixels.bone_bright()
    ramp = _windowed(dataset, pixels)
    if ramp is not None:
        lut = np.rint(255 * ramp).astype(np.uint8)
        if pixels.inverted:
            lut = (255 - lut)[::-1]
        used = np.bincount(lut[bright[::4, ::4]].ravel(), minlength=256)
        if (used > 0).sum() >= min(LEAST_SHADES, len(lut)):
            return lut, None
    note = (
        None
        if ramp is None
        else "The window in the file hides the picture; it is shown with its own contrast."
    )
    return stretch_lut(bright)[: 1 << pixels.bits], note


def _windowed(dataset: Dataset, pixels: DicomPixels) -> NDArray[np.float64] | None:
    """(2 ** bits,) of 0..1 by the stored value, or None where the file has no usable window."""
    if "WindowCenter" not in dataset and "VOILUTSequence" not in dataset:
        return None
    values = np.arange(1 << pixels.bits, dtype=np.int32) + pixels.lowest
    stored = values.astype(np.int16 if pixels.lowest else np.uint16)
    try:
        shown = np.asarray(apply_voi_lut(apply_modality_lut(stored, dataset), dataset), dtype=np.float64)
    except PARSE_ERRORS:
        return None
    low, high = float(shown.min()), float(shown.max())
    if shown.shape != values.shape or not np.isfinite(shown).all() or high <= low:
        return None
    ramp: NDArray[np.float64] = (shown - low) / (high - low)
    return ramp
