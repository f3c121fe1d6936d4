"""What is to be watched before the shot: seven checks of each capture, each a colour, a sentence, a number.

Limits are those of the camera (Tölgyessy et al., Sensors 21:413, 2021; Kurillo et al., Sensors 22:2469, 2022)
and of the method: 1.2-1.8 m, holes below 2 %, at most 2 mm of movement of the back in a second. What cannot
be measured is unknown, never green.
"""

import math
from collections import deque
from dataclasses import dataclass

import numpy as np

from capture_agent.body import FARTHEST_MM, NEAREST_MM, STEP, Body, Floats, Grid, find_body
from capture_agent.camera import Seen
from capture_agent.field import field_polygon, margin_px
from capture_agent.protocol.messages import Box, Check, CheckName, Guidance, State
from capture_agent.sources.source import Direction, OpenCamera

NEAR_M, FAR_M = 1.2, 1.8
TOLERANCE_M = 0.1
MARGIN_MM = 30.0
HOLES, MANY_HOLES = 0.02, 0.05
STILL_MM, RESTLESS_MM = 2.0, 4.0
STILL_OVER_S, STILL_AT_LEAST_S, STILL_AT_MOST_S = 1.0, 0.8, 1.5
LEVEL_DEG, TILTED_DEG = 3.0, 8.0
BESIDE_MM2, MUCH_BESIDE_MM2 = 15_000.0, 60_000.0
BESIDE_FROM_MM, BESIDE_TO_MM = 250.0, 900.0
BESIDE_DEPTH_MM = 450.0
WALL_MM = 1000.0
WALL_SHARE = 0.3
WARM_MIN, COLD_MIN = 40.0, 10.0


@dataclass(frozen=True)
class Watched:
    """One capture as the checks see it: its sampled depth, the child in it, which way is up."""

    z_mm: Floats
    time_us: int
    body: Body | None
    up: Direction | None
    warm_s: float | None


class Guide:
    """Watches the captures of one camera, one after another."""

    def __init__(self, camera: OpenCamera) -> None:
        self._camera = camera
        self._grid = Grid.of(camera.calibration.depth)
        self._polygon = field_polygon(camera.calibration.depth, camera.device.depth_mode)
        self._before: deque[tuple[int, Floats]] = deque()

    def look(self, seen: Seen, warm_s: float | None) -> Guidance | None:
        """What to say about this capture; None where it has no depth."""
        if seen.capture.depth_mm is None:
            return None
        z_mm = self._grid.sample(seen.capture.depth_mm)
        time_us = seen.capture.depth_time_us
        watched = Watched(z_mm, time_us, find_body(z_mm, self._grid), seen.up, warm_s)
        checks = self.checks(watched)
        self._remember(time_us, z_mm)
        ready = all(check.state != "red" for check in checks)
        return Guidance(device_time_us=time_us, ready=ready, checks=checks, body=self._box(watched.body))

    def checks(self, watched: Watched) -> tuple[Check, ...]:
        """All seven, in the order in which they are shown."""
        return (
            distance(watched.body),
            self.field(watched.body),
            holes(watched),
            self.stillness(watched),
            tilt(watched.up, self._camera),
            beside(watched, self._grid),
            warm_up(watched.warm_s),
        )

    def field(self, body: Body | None) -> Check:
        """How far C7 and the sacrum lie within the field in which depth can be measured."""
        if body is None:
            return _unknown("field")
        mm_per_px = body.distance_mm / self._grid.camera.fx
        above, below = (margin_px(self._polygon, point) * mm_per_px for point in (body.c7_px, body.sacrum_px))
        worst = min(above, below)
        if worst >= MARGIN_MM:
            return _check("field", "green", "C7 to the sacrum lies inside the field.", worst, "mm")
        what, where = ("C7", "up") if above < below else ("The sacrum", "down")
        tight = "is near the edge of" if worst >= 0 else "lies outside"
        says = f"{what} {tight} the field: turn or move the camera {where}, or step away from it."
        return _check("field", "amber" if worst >= 0 else "red", says, worst, "mm")

    def stillness(self, watched: Watched) -> Check:
        """How much nearer or farther the back came in a second: frame by frame there is only noise.

        The mean of the middle half of the changes of its pixels: a median finer than whole millimetres.
        """
        earlier = self._second_ago(watched.time_us)
        if watched.body is None or earlier is None:
            return _unknown("stillness")
        both = watched.body.back & (watched.z_mm > NEAREST_MM) & (earlier > NEAREST_MM)
        if not both.any():
            return _unknown("stillness")
        changes = np.sort(watched.z_mm[both] - earlier[both])
        quarter = changes.size // 4
        moved_mm = float(changes[quarter : changes.size - quarter].mean())
        if abs(moved_mm) <= STILL_MM:
            return _check("stillness", "green", "The child stands still.", moved_mm, "mm/s")
        way = "away from the camera" if moved_mm > 0 else "towards the camera"
        state: State = "amber" if abs(moved_mm) <= RESTLESS_MM else "red"
        return _check("stillness", state, f"The back moves {way}: wait a moment.", moved_mm, "mm/s")

    def _second_ago(self, time_us: int) -> Floats | None:
        ages = [(abs((time_us - then_us) / 1e6 - STILL_OVER_S), then_us, z) for then_us, z in self._before]
        _, then_us, z_mm = min(ages, key=lambda age: age[0], default=(0.0, time_us, None))
        return z_mm if STILL_AT_LEAST_S <= (time_us - then_us) / 1e6 <= STILL_AT_MOST_S else None

    def _remember(self, time_us: int, z_mm: Floats) -> None:
        if self._before and not 0 < time_us - self._before[-1][0] < STILL_AT_MOST_S * 1e6:
            self._before.clear()
        self._before.append((time_us, z_mm))
        while time_us - self._before[0][0] > STILL_AT_MOST_S * 1e6:
            self._before.popleft()

    def _box(self, body: Body | None) -> Box | None:
        if body is None:
            return None
        width, height = self._grid.camera.width, self._grid.camera.height
        left, top, right, bottom = body.box_px
        return Box(left=left / width, top=top / height, right=right / width, bottom=bottom / height)


def distance(body: Body | None) -> Check:
    """How far the back is from the camera."""
    if body is None:
        return _check("distance", "red", "Nobody stands before the camera with the back to it.", None)
    metres = body.distance_mm / 1000
    if NEAR_M <= metres <= FAR_M:
        return _check("distance", "green", f"The back is {metres:.2f} m away.", metres, "m")
    goal, way = (NEAR_M, "away from") if metres < NEAR_M else (FAR_M, "towards")
    centimetres = max(round(100 * abs(metres - goal)), 1)
    state: State = "amber" if abs(metres - goal) <= TOLERANCE_M else "red"
    return _check("distance", state, f"Step {centimetres} cm {way} the camera.", metres, "m")


def holes(watched: Watched) -> Check:
    """The share of the back in which nothing was measured."""
    if watched.body is None:
        return _unknown("holes")
    back = watched.z_mm[watched.body.back]
    share = float(np.mean((back < NEAREST_MM) | (back > FARTHEST_MM)))
    if share < HOLES:
        return _check("holes", "green", "The whole back is measured.", 100 * share, "%")
    says = (
        f"{100 * share:.0f} % of the back is not measured: hair up, no shiny markers, no sun or lamps on it."
    )
    return _check("holes", "amber" if share < MANY_HOLES else "red", says, 100 * share, "%")


def tilt(up: Direction | None, camera: OpenCamera) -> Check:
    """The angle between the colour camera's own up and gravity's."""
    if up is None:
        return _check("tilt", "unknown", "This source has no sensor for the camera's tilt.", None)
    x, y, z = np.asarray(camera.calibration.rotation) @ np.asarray(up)
    length = math.sqrt(x * x + y * y + z * z)
    if length < 1:
        return _unknown("tilt")
    angle_deg = math.degrees(math.acos(float(np.clip(-y / length, -1, 1))))
    if angle_deg <= LEVEL_DEG:
        return _check("tilt", "green", "The camera stands level.", angle_deg, "deg")
    sideways = abs(x) > abs(z)
    way = ("to its right" if x < 0 else "to its left") if sideways else ("upwards" if z > 0 else "downwards")
    verb = "leans" if sideways else "looks"
    state: State = "amber" if angle_deg <= TILTED_DEG else "red"
    return _check(
        "tilt", state, f"The camera {verb} {angle_deg:.0f} degrees {way}: level it.", angle_deg, "deg"
    )


def beside(watched: Watched, grid: Grid) -> Check:
    """Who or what stands beside the child, and whether the wall is far enough behind."""
    body = watched.body
    if body is None:
        return _unknown("beside")
    rows = np.asarray(body.back.any(axis=1))[:, None]
    # What stands at the child's own distance is counted in mm² there.
    away_mm = np.abs(grid.x * watched.z_mm - body.middle_mm)
    seen = watched.z_mm > NEAREST_MM
    reach = (away_mm > max(BESIDE_FROM_MM, body.breadth_mm / 2 + 80)) & (away_mm < BESIDE_TO_MM)
    around = rows & reach & seen
    close = around & (np.abs(watched.z_mm - body.distance_mm) < BESIDE_DEPTH_MM)
    z = watched.z_mm[close]
    area_mm2 = float(((STEP * z) ** 2).sum() / (grid.camera.fx * grid.camera.fy))
    if area_mm2 >= BESIDE_MM2:
        state: State = "amber" if area_mm2 < MUCH_BESIDE_MM2 else "red"
        says = "Somebody or something stands beside the child: clear the place."
        return _check("beside", state, says, area_mm2 / 100, "cm2")
    behind_mm = watched.z_mm[around] - body.distance_mm
    wall_mm = behind_mm[behind_mm < WALL_MM]
    if wall_mm.size > WALL_SHARE * behind_mm.size:
        gap_m = float(np.median(wall_mm)) / 1000
        says = f"What is behind the child is only {gap_m:.1f} m away from it: leave 1 m."
        return _check("beside", "amber", says, gap_m, "m")
    return _check("beside", "green", "Nobody stands beside the child.", area_mm2 / 100, "cm2")


def warm_up(warm_s: float | None) -> Check:
    """How long the camera has been on: its depth drifts until it is warm."""
    if warm_s is None:
        return _unknown("warm_up")
    minutes = warm_s / 60
    if minutes >= WARM_MIN:
        return _check("warm_up", "green", "The camera is warm.", minutes, "min")
    left = math.ceil(WARM_MIN - minutes)
    says = f"The camera has been on for {minutes:.0f} min; its depth drifts for {left} min more."
    return _check("warm_up", "amber" if minutes >= COLD_MIN else "red", says, minutes, "min")


_UNKNOWN = {
    "field": "Whether the back lies in the field is not known while nobody is seen.",
    "holes": "Holes are counted when somebody is seen.",
    "stillness": "Whether the child stands still is known after a second.",
    "tilt": "The sensor for the camera's tilt gives no sensible answer.",
    "beside": "The place beside the child is looked at when somebody is seen.",
    "warm_up": "How long the camera has been on is not known.",
}


def _unknown(name: CheckName) -> Check:
    return Check(name=name, state="unknown", says=_UNKNOWN[name])


def _check(name: CheckName, state: State, says: str, value: float | None, unit: str = "") -> Check:
    return Check(
        name=name, state=state, says=says, value=None if value is None else round(value, 3), unit=unit
    )
