"""Everything that is drawn at random about one study, from one seed and one number."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np

from capture_agent.k4a.camera import Calibration
from inference.phantom.curves import draw_plan, draw_severity
from inference.phantom.film import Film
from inference.phantom.kinect import Stand, draw_calibration, draw_stand
from inference.phantom.morphometry import REFERENCE_COLUMN_MM, column_length_mm, stature_mm
from inference.phantom.options import CHOICES, Options
from inference.phantom.photograph import Look, draw_look
from inference.phantom.radiograph import Machine, draw_machine
from inference.phantom.skin import Relief
from inference.phantom.spine import SpineDesign
from inference.phantom.trunk import Build
from inference.phantom.warp import Posture

FILM_HEIGHT_PX: Final = 1024
STREAMS: Final = (
    "child",
    "spine",
    "film",
    "camera",
    "look",
    "gas",
    "exposure",
    "depth",
    "colour",
    "room",
    "vessels",
    "bone",
    "options",
    "sway",
    "anomaly",
    "paint",
    "posture",
)
CLOSE_SHARE: Final = 0.6
"""Of films cut close to the column, as those of public collections are."""
FIRST_VISIT: Final = date(2024, 1, 8)


@dataclass(frozen=True)
class StudyDesign:
    """One child on one day before every sensor. Names carry their units; the body frame is the package's."""

    seed: int
    index: int
    pseudonym: str
    visit_date: date
    sex: str
    age_years: int
    severity: str
    stature_mm: float
    bmi: float
    spine: SpineDesign
    build: Build
    relief: Relief
    posture: Posture
    film: Film
    machine: Machine
    calibration: Calibration
    stand: Stand
    look: Look
    anomaly: str
    skin_bias_mm: float

    def stream(self, name: str) -> np.random.Generator:
        """The study's random numbers for one purpose; adding a purpose changes no other."""
        return stream(self.seed, self.index, name)


def stream(seed: int, index: int, name: str) -> np.random.Generator:
    """Random numbers that depend on nothing but the seed, the study's index and the purpose."""
    return np.random.default_rng([seed, index, STREAMS.index(name)])


def draw_study(seed: int, index: int, options: Options) -> StudyDesign:
    """The design of study ``index``. What is drawn for one option changes nothing else about the child."""
    rng = stream(seed, index, "child")
    sex = "F" if rng.random() < 0.72 else "M"
    age = int(rng.integers(10, 19))
    height = stature_mm(sex, age + 0.5) * float(np.clip(rng.normal(1.0, 0.04), 0.9, 1.1))
    bmi = float(np.clip(rng.normal(16.0 + 0.5 * (age - 10), 2.0), 14.0, 27.0))
    build = _build(rng, sex, height, bmi)
    visit = FIRST_VISIT + timedelta(days=int(rng.integers(0, 640)))
    kind = draw_severity(stream(seed, index, "spine")) if options.severity == "mixed" else options.severity
    spine = _spine(stream(seed, index, "spine").spawn(1)[0], kind, build, rng)
    extra = stream(seed, index, "options")
    # Always all three, in this order: a study depends on the options asked for, not on the others.
    turned, anomaly, bias_mm = _direction(extra), _anomaly(extra), float(extra.uniform(8.0, 15.0))
    if options.direction != "mixed":
        turned = options.direction == "AP"
    return StudyDesign(
        seed=seed,
        index=index,
        pseudonym=f"PHANTOM-{index + 1:04d}",
        visit_date=visit,
        sex=sex,
        age_years=age,
        severity=kind,
        stature_mm=height,
        bmi=bmi,
        spine=spine,
        build=build,
        relief=_relief(rng, bmi, girl=sex == "F" and age > 11),
        posture=_posture(stream(seed, index, "posture")),
        film=_film(stream(seed, index, "film"), spine.column_mm, turned),
        machine=draw_machine(stream(seed, index, "exposure")),
        calibration=draw_calibration(stream(seed, 0, "camera"), options.colour),
        stand=draw_stand(stream(seed, index, "camera").spawn(1)[0], spine.column_mm),
        look=draw_look(stream(seed, index, "look")),
        anomaly=anomaly if options.anomaly == "mixed" else options.anomaly,
        skin_bias_mm=bias_mm if options.skin_bias else 0.0,
    )


def _build(rng: np.random.Generator, sex: str, height_mm: float, bmi: float) -> Build:
    scale = column_length_mm(height_mm) / REFERENCE_COLUMN_MM
    breadth = float(np.clip(rng.normal(1.0, 0.035), 0.9, 1.1)) * (1.03 if sex == "M" else 0.98)
    hips = float(np.clip(rng.normal(1.06 if sex == "F" else 0.98, 0.03), 0.9, 1.15))
    return Build(scale, breadth, float(np.clip(1.6 * (bmi - 14.5), 1.0, 20.0)), hips)


def _spine(rng: np.random.Generator, severity: str, build: Build, child: np.random.Generator) -> SpineDesign:
    return SpineDesign(
        plan=draw_plan(rng, severity),
        column_mm=build.scale * REFERENCE_COLUMN_MM,
        width_factor=float(np.clip(child.normal(1.0, 0.04), 0.9, 1.1)),
        kyphosis_factor=float(np.clip(rng.normal(1.0, 0.22), 0.4, 1.6)),
        lordosis_factor=float(np.clip(rng.normal(1.0, 0.15), 0.6, 1.4)),
        sacral_tilt_deg=float(np.clip(rng.normal(0.0, 1.8), -5, 5)),
        c7_offset_mm=float(np.clip(rng.normal(0.0, 9.0), -28, 28)),
        rotation_factor=float(np.clip(rng.normal(1.0, 0.3), 0.45, 1.6)),
    )


def _relief(rng: np.random.Generator, bmi: float, *, girl: bool) -> Relief:
    lean = float(np.clip(1.5 - 0.05 * (bmi - 14.0), 0.6, 1.5))
    blades = tuple(float(x) for x in lean * rng.uniform(5.0, 9.0, 2))
    return Relief(
        furrow_mm=lean * float(rng.uniform(4.0, 7.5)),
        muscle_mm=lean * float(rng.uniform(3.0, 6.0)),
        scapula_mm=(blades[0], blades[1]),
        cleft_mm=float(rng.uniform(16.0, 24.0)),
        waistband_mm=float(rng.uniform(88.0, 108.0)),
        hair=str(rng.choice(["short", "bun", "long"], p=[0.42, 0.5, 0.08])),
        arms_out_mm=(float(rng.uniform(-8.0, 70.0)), float(rng.uniform(-8.0, 70.0))),
        strap_mm=float(rng.uniform(-288.0, -262.0)) if rng.random() < 0.45 and girl else 0.0,
    )


def _posture(rng: np.random.Generator) -> Posture:
    """Backs of children with equal spines differ: surface and spine agree only loosely."""
    low, middle, high = (float(x) for x in np.clip(rng.normal(0.0, 1.4, 3), -3.5, 3.5))
    return Posture(
        turn_factor=float(np.clip(rng.normal(1.0, 0.28), 0.4, 1.6)),
        twist_deg=(high, middle, low),
        shoulder_deg=float(np.clip(rng.normal(0.0, 1.3), -3.5, 3.5)),
    )


def _direction(rng: np.random.Generator) -> bool:
    """Whether the film is taken from the front (AP)."""
    return bool(rng.random() < 0.5)


def _anomaly(rng: np.random.Generator) -> str:
    """Most often none."""
    kinds = [name for name in CHOICES["anomaly"] if name != "mixed"]
    return str(rng.choice(kinds, p=[0.55, 0.15, 0.15, 0.15]))


def _film(rng: np.random.Generator, column_mm: float, turned: bool) -> Film:
    """A film 1.8-2.6 m from the tube: long, from the skull or neck to the hips, or close to the column."""
    detector_z, source_z = 170.0, 170.0 - rng.uniform(1800.0, 2600.0)
    source_y = -0.5 * column_mm + rng.normal(0, 25.0)
    magnification = (detector_z - source_z) / -source_z
    close = rng.random() < CLOSE_SHARE
    above, below = (
        (rng.uniform(-8.0, 30.0), rng.uniform(8.0, 55.0))
        if close
        else (rng.uniform(12.0, 75.0), rng.uniform(45.0, 110.0))
    )
    top, bottom = -1.07 * column_mm - above, below
    top, bottom = (source_y + magnification * (edge - source_y) for edge in (top, bottom))
    spacing = (bottom - top) / FILM_HEIGHT_PX
    width = int(FILM_HEIGHT_PX * (rng.uniform(0.33, 0.46) if close else rng.uniform(0.42, 0.56)))
    left = -0.5 * width * spacing + rng.normal(0, 7.0)
    return Film(
        (float(rng.normal(0, 10.0)), source_y, source_z),
        detector_z,
        left,
        top,
        spacing,
        width,
        FILM_HEIGHT_PX,
        turned,
    )
