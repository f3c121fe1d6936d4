"""Inspection of DICOM radiographs: pixels, view, thumbnail and a copy without the person."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from PIL import Image

from annotation.imaging.acquisition import describe
from annotation.imaging.deidentify import Deidentification, deidentify
from annotation.imaging.dicom import decode_pixels, read_dicom
from annotation.imaging.dicom_view import view_lut
from annotation.imaging.errors import ImagingError
from annotation.imaging.radiograph import EncodedImage, encode_png, thumbnail
from annotation.imaging.results import Output


def inspect_dicom(content: bytes, output: Output, options: dict[str, Any]) -> None:
    """options: date_shift_days (int), uid_key (hex text, at least 16 bytes), pseudonym (text); the first
    two are needed.
    """
    how = _deidentification(options)
    dataset = read_dicom(content)
    pixels = decode_pixels(dataset)
    taken = describe(dataset, how.date_shift_days)
    lut, note = view_lut(dataset, pixels)
    copy, report = deidentify(dataset, pixels, how)
    height, width = pixels.stored.shape
    output.add(
        "source", copy, "application/dicom", width=width, height=height, bit_depth=pixels.bits, channels=1
    )
    bright = pixels.bone_bright()
    shown = Image.fromarray(lut[bright])
    whole = encode_png(Image.fromarray(bright))
    output.add_image("pixels", EncodedImage(whole, "image/png", width, height, pixels.bits, 1))
    output.add_image("view", EncodedImage(encode_png(shown), "image/png", width, height, 8, 1))
    output.add_image("thumbnail", thumbnail(shown))
    facts = asdict(taken)
    spacing = facts.pop("spacing")
    output.warn(*facts.pop("warnings"), *filter(None, [note]))
    output.found |= facts | {
        "spacing_mm": None if spacing["kind"] == "none" else {"x": spacing["x_mm"], "y": spacing["y_mm"]},
        "calibration": spacing["kind"],
        "magnification": spacing["magnification"],
        "inverted": pixels.inverted,
        "deidentified": report.lines(),
    }


def _deidentification(options: dict[str, Any]) -> Deidentification:
    days, key = options.get("date_shift_days"), options.get("uid_key")
    try:
        secret = bytes.fromhex(key) if isinstance(key, str) else b""
    except ValueError:
        secret = b""
    if not isinstance(days, int) or len(secret) < 16:
        raise ImagingError(
            "A DICOM file can only be imported with the subject's date shift and the installation's UID key."
        )
    return Deidentification(days, secret, str(options.get("pseudonym", ""))[:64])
