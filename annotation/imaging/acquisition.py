"""What a DICOM radiograph says about how it was taken: spacing and its kind, side, direction, device, dates.

A spacing is only as good as what it was measured on (DICOM PS3.3, 10.7 and C.8.11.3): "calibrated" is in
the plane of a known object in the patient, "imager" is on the detector (a spine 20 cm before it looks some
10 % larger), "none" is nothing one may measure millimetres with.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from pydicom import Dataset

from annotation.imaging.dates import shift_date

SpacingKind = Literal["calibrated", "imager", "none"]

SMALLEST_MM, LARGEST_MM = 0.01, 5.0
SAME_MM = 1e-4
DIRECTIONS = {"AP": "AP", "PA": "PA", "LL": "lateral", "RL": "lateral", "LLD": "lateral", "RLD": "lateral"}
DATE_KEYWORDS = ("AcquisitionDate", "ContentDate", "StudyDate", "SeriesDate")
UNREADABLE = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, NotImplementedError)


@dataclass(frozen=True)
class Spacing:
    """Size of a pixel, mm (x along a row, y down), and what it rests on. magnification: source to detector
    over source to patient, where the file estimates it."""

    x_mm: float | None
    y_mm: float | None
    kind: SpacingKind
    magnification: float | None = None


@dataclass(frozen=True)
class Acquisition:
    """How a radiograph was taken; None where the file does not say.

    direction: "AP", "PA" or "lateral". patient_orientation: where the rows and the columns lead, such as
    ("L", "F"). from_behind: the patient's right is at the image's right, as SpineWeb shows films.
    laterality: R, L, B or U. captured_on: ISO date, already shifted. burned_in: writing in the pixels, as
    far as the file says.
    """

    spacing: Spacing
    direction: str | None
    patient_orientation: tuple[str, ...]
    from_behind: bool | None
    laterality: str | None
    captured_on: str | None
    device: str
    burned_in: bool | None
    lossy: bool
    warnings: tuple[str, ...]


def describe(dataset: Dataset, date_shift_days: int) -> Acquisition:
    """Read what `Acquisition` holds; never raises on strange values, they count as not said."""
    spacing, warnings = _spacing(dataset)
    orientation = _orientation(dataset)
    burned_in = {"YES": True, "NO": False}.get(_text(dataset, "BurnedInAnnotation"))
    lossy = _text(dataset, "LossyImageCompression") == "01"
    if burned_in is not False:
        warnings.append("Check the picture for burnt-in names: the file does not rule them out.")
    if lossy:
        warnings.append("The picture was compressed with loss before it came here.")
    device = " ".join(
        filter(None, (_text(dataset, word) for word in ("Manufacturer", "ManufacturerModelName")))
    )
    return Acquisition(
        spacing=spacing,
        direction=DIRECTIONS.get(_text(dataset, "ViewPosition")),
        patient_orientation=orientation,
        from_behind={"R": True, "L": False}.get(orientation[0][:1]) if orientation else None,
        laterality=_laterality(dataset),
        captured_on=_captured_on(dataset, date_shift_days),
        device=device[:200],
        burned_in=burned_in,
        lossy=lossy,
        warnings=tuple(warnings),
    )


def _spacing(dataset: Dataset) -> tuple[Spacing, list[str]]:
    plane, imager = _pair_mm(dataset, "PixelSpacing"), _pair_mm(dataset, "ImagerPixelSpacing")
    magnification = _number(dataset, "EstimatedRadiographicMagnificationFactor")
    if magnification is not None and not 1.0 <= magnification < 3.0:
        magnification = None
    warnings = []
    if plane is None and "PixelSpacing" in dataset:
        warnings.append("The pixel spacing in the file is impossible and was not taken over.")
    if plane and (_text(dataset, "PixelSpacingCalibrationType") or (imager and not _same(plane, imager))):
        return Spacing(plane[1], plane[0], "calibrated", magnification), warnings
    on_detector = imager or plane
    if on_detector:
        return Spacing(on_detector[1], on_detector[0], "imager", magnification), warnings
    return Spacing(None, None, "none", magnification), warnings


def _same(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return all(abs(a - b) < SAME_MM for a, b in zip(one, other, strict=True))


def _pair_mm(dataset: Dataset, keyword: str) -> tuple[float, float] | None:
    """(between rows, between columns), mm."""
    try:
        row, column = (float(value) for value in dataset.get(keyword))
    except UNREADABLE:
        return None
    good = all(math.isfinite(mm) and SMALLEST_MM <= mm <= LARGEST_MM for mm in (row, column))
    return (row, column) if good else None


def _number(dataset: Dataset, keyword: str) -> float | None:
    try:
        value = float(dataset.get(keyword))
    except UNREADABLE:
        return None
    return value if math.isfinite(value) else None


def _text(dataset: Dataset, keyword: str) -> str:
    try:
        value = dataset.get(keyword)
    except UNREADABLE:
        return ""
    return value.strip() if isinstance(value, str) else ""


def _orientation(dataset: Dataset) -> tuple[str, ...]:
    try:
        values = tuple(str(value).strip() for value in dataset.get("PatientOrientation") or ())
    except UNREADABLE:
        return ()
    known = len(values) == 2 and all(value and set(value) <= set("RLAPHF") for value in values)
    return values if known else ()


def _laterality(dataset: Dataset) -> str | None:
    side = _text(dataset, "ImageLaterality") or _text(dataset, "Laterality")
    return side if side in ("R", "L", "B", "U") else None


def _captured_on(dataset: Dataset, days: int) -> str | None:
    for keyword in DATE_KEYWORDS:
        shifted = shift_date(_text(dataset, keyword), days)
        if shifted:
            return f"{shifted[:4]}-{shifted[4:6]}-{shifted[6:]}"
    return None
