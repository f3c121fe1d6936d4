"""The trend of a camera's checks: whether it measures as it used to, and as its maker promises."""

import statistics
import uuid
from dataclasses import dataclass

from annotation.models import DeviceCheck

WARM_S = 40 * 60.0
"""A Kinect's depth moves by some mm until it has run for so long."""
FIRST, LAST = 5, 3
"""The checks that say how the camera was, and those that say how it is: the median of each."""
MOST_CHECKS = 200


@dataclass(frozen=True)
class Measure:
    """One number of a check. `drift`: how far it may move from what it was; `most`: what it may be at most.

    Both are judged by size, whatever the sign.
    """

    key: str
    title: str
    unit: str
    part: str
    drift: float
    most: float


MEASURES = (
    # Systematic error of the sensor: 11 mm + 0.1 % of the distance (Microsoft's hardware specification).
    Measure("bias_mm", "Depth bias", "mm", "board", 5.0, 12.5),
    Measure("flatness_rms_mm", "Flatness", "mm", "board", 1.5, 4.0),
    # Random error: at most 17 mm by the specification; 1 to 2 mm at 1.5 m as measured.
    Measure("noise_mm", "Noise", "mm", "board", 1.0, 5.0),
    Measure("misalignment_px", "Colour against depth", "px", "checkerboard", 2.0, 5.0),
)


@dataclass(frozen=True)
class Trend:
    """One number over time. `points`: (check, value), oldest first, of a warm camera only."""

    measure: Measure
    points: tuple[tuple[DeviceCheck, float], ...]
    was: float | None
    now: float | None
    warning: str


def checks_of(project_id: uuid.UUID, serial: str) -> list[DeviceCheck]:
    """The newest checks of one camera, oldest first."""
    rows = DeviceCheck.objects.filter(project=project_id, serial=serial).order_by("-measured_at", "pk")
    return list(rows[:MOST_CHECKS])[::-1]


def is_warm(check: DeviceCheck) -> bool:
    """Whether the camera ran long enough. Where that is not known it is believed."""
    warm_s = check.said.get("warm_s")
    return warm_s is None or warm_s >= WARM_S


def trends(checks: list[DeviceCheck]) -> list[Trend]:
    """Each number that was measured at least once, with a warning where it drifted or is too large."""
    found = [_trend(measure, checks) for measure in MEASURES]
    return [trend for trend in found if trend.points]


def _trend(measure: Measure, checks: list[DeviceCheck]) -> Trend:
    points = []
    for check in checks:
        value = (check.said.get(measure.part) or {}).get(measure.key)
        if value is not None and is_warm(check):
            points.append((check, float(value)))
    values = [value for _, value in points]
    was = statistics.median(values[:FIRST]) if len(values) > LAST else None
    now = statistics.median(values[-LAST:]) if values else None
    return Trend(measure, tuple(points), was, now, _warning(measure, was, now))


def _warning(measure: Measure, was: float | None, now: float | None) -> str:
    name, unit = measure.title, measure.unit
    if now is not None and abs(now) > measure.most:
        return (
            f"{name} is {now:.1f} {unit}; more than {measure.most:g} {unit} is not to be expected of this "
            "camera. Check its place and its lens, measure again, then have it replaced."
        )
    if was is not None and now is not None and abs(now - was) > measure.drift:
        return (
            f"{name} has moved from {was:.1f} to {now:.1f} {unit}. Measure again with a warm camera; if it "
            "stays, shots from before and after must not be compared to the millimetre."
        )
    return ""
