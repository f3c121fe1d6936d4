"""The film: attenuation along the rays, scatter, quantum noise, and what machines make of it.

``exposure`` follows the rays through the meshes; ``develop`` turns the line integrals into a grey image
as a digital system would: scatter, noise, blur, logarithm, multi-scale contrast, tone curve, collimation,
marker. Bone is bright.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.phantom.film import Film
from inference.phantom.mesh import Mesh, merged
from inference.phantom.morphometry import Floats
from inference.phantom.thickness import line_integrals

MARKER_MM: Final = 16.0
FINE_MM: Final = 1.6
WORST_SCATTER: Final = 4.0
"""Line integral behind which a machine's scatter share is reached: some 20 cm of soft tissue."""


@dataclass(frozen=True)
class Machine:
    """How one X-ray system records and shows. Drawn anew for every study.

    quanta: per pixel behind no body; scatter_share: scattered over primary behind 20 cm of tissue; blur_px:
    of the detector; low, high: share of pixels that may turn black and white; gamma: of the tone curve;
    white: the brightest grey (0..1); ground, local, fine: gain of what is larger than local_mm, of what is
    smaller, and of the finest detail; bits: of a stored value; inverted: stored with bone dark
    (MONOCHROME1).
    """

    quanta: float
    scatter_share: float
    blur_px: float
    low: float
    high: float
    gamma: float
    white: float
    local: float
    local_mm: float
    collimated: bool
    marker: str
    ground: float
    fine: float
    bits: int
    inverted: bool


def draw_machine(rng: np.random.Generator) -> Machine:
    """A random system, as different as the films of one collection are."""
    return Machine(
        quanta=float(np.exp(rng.uniform(np.log(6e4), np.log(6e5)))),
        scatter_share=float(rng.uniform(0.4, 1.3)),
        blur_px=float(rng.uniform(0.7, 1.2)),
        low=float(rng.choice([0.004, 0.06, 0.2]) * rng.uniform(0.5, 1.5)),
        high=float(rng.uniform(0.0005, 0.012)),
        gamma=float(rng.uniform(0.8, 2.2)),
        white=float(rng.uniform(0.5, 1.0)),
        local=float(rng.uniform(-0.1, 0.8)),
        local_mm=float(rng.uniform(14.0, 32.0)),
        collimated=bool(rng.random() < 0.35),
        marker=str(rng.choice(["R", "L", ""], p=[0.5, 0.25, 0.25])),
        ground=float(rng.uniform(0.4, 1.1)),
        fine=float(rng.uniform(-0.1, 0.35)),
        bits=int(rng.choice([12, 14, 16], p=[0.6, 0.25, 0.15])),
        inverted=bool(rng.random() < 0.25),
    )


def exposure(
    soft: Sequence[Mesh],
    gas: Sequence[Mesh],
    bones: Sequence[Mesh],
    film: Film,
    rng: np.random.Generator,
) -> Floats:
    """Line integral of attenuation (height, width) through all parts.

    No tissue is even: bone has a trabecular grain, soft parts have fat between them, bowel gas has contents.
    """
    shape = (film.height, film.width)
    bone = line_integrals(merged(bones), film)
    fine, coarse, wide = (_grain(shape, mm / film.spacing_mm, rng) for mm in (0.7, 2.2, 11.0))
    bone *= 1 + 0.03 * fine + 0.02 * coarse
    flesh = line_integrals(merged(soft), film) * (1 + 0.011 * wide + 0.0015 * coarse)
    if gas:
        flesh += line_integrals(merged(gas), film) * np.clip(1 + 0.2 * wide + 0.04 * coarse, 0.2, 1.6)
    return np.maximum(flesh + bone, 0.0)


def _grain(shape: tuple[int, int], sigma_px: float, rng: np.random.Generator) -> Floats:
    """Smooth noise with unit deviation; made on a coarser grid where it is wide."""
    coarser = max(int(sigma_px / 2.0), 1)
    small = shape[0] // coarser + 2, shape[1] // coarser + 2
    noise: Floats = np.asarray(cv2.GaussianBlur(rng.standard_normal(small), (0, 0), sigma_px / coarser))
    noise = noise / noise.std()
    if coarser == 1:
        return np.asarray(noise[: shape[0], : shape[1]])
    return np.asarray(cv2.resize(noise, shape[::-1], interpolation=cv2.INTER_CUBIC))


def develop(integral: Floats, film: Film, machine: Machine, rng: np.random.Generator) -> Floats:
    """Grey film (height, width), 0..1, bone bright, as the tube sees it (see `Film`)."""
    density = _recorded(integral, film, machine, rng)
    grey = _tone(density, film, machine)
    if machine.collimated:
        grey *= _shutters(film, rng)
    _mark(grey, film, machine, rng)
    return grey


def quantised(grey: Floats, bits: int) -> NDArray[np.uint16]:
    """Grey 0..1 as whole numbers of so many bits."""
    return np.clip(grey * ((1 << bits) - 1) + 0.5, 0, (1 << bits) - 1).astype(np.uint16)


def _recorded(integral: Floats, film: Film, machine: Machine, rng: np.random.Generator) -> Floats:
    """The negative logarithm of what the detector counts: primary, scatter, blur and quantum noise."""
    primary = np.exp(-integral)
    # Scatter grows with the thickness that makes it (first order), and spreads over centimetres.
    born = cv2.resize(primary * integral, None, fx=0.125, fy=0.125, interpolation=cv2.INTER_AREA)
    wide = cv2.GaussianBlur(born, (0, 0), 40 / film.spacing_mm / 8)
    scatter = cv2.resize(wide, (film.width, film.height), interpolation=cv2.INTER_LINEAR)
    counts = (primary + machine.scatter_share / WORST_SCATTER * scatter) * machine.quanta
    counts = cv2.GaussianBlur(counts, (0, 0), machine.blur_px)
    counts += np.sqrt(counts) * rng.standard_normal(counts.shape)
    counts = cv2.GaussianBlur(counts, (0, 0), 0.4)
    return np.asarray(-np.log(np.maximum(counts, 1.0) / machine.quanta))


def _tone(density: Floats, film: Film, machine: Machine) -> Floats:
    """Weigh large, middle and fine structure, then stretch and bend to 0..1."""
    ground = _blurred(density, machine.local_mm / film.spacing_mm)
    smooth = _blurred(density, FINE_MM / film.spacing_mm)
    shown = machine.ground * ground + (1 + machine.local) * (smooth - ground)
    shown += (1 + machine.fine) * (density - smooth)
    middle = shown[::4, film.width // 5 : film.width - film.width // 5 : 4]
    low, high = np.quantile(middle, [machine.low, 1 - machine.high])
    stretched = np.clip((shown - low) / max(high - low, 1e-6), 0.0, 1.0)
    return np.asarray(machine.white * stretched**machine.gamma)


def _blurred(image: Floats, sigma_px: float) -> Floats:
    """A Gaussian blur, at a quarter of the size where it is wide."""
    if sigma_px < 8:
        return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma_px))
    small = cv2.resize(image, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), sigma_px / 4)
    return np.asarray(cv2.resize(small, image.shape[::-1], interpolation=cv2.INTER_LINEAR))


def _shutters(film: Film, rng: np.random.Generator) -> Floats:
    """Collimator blades at the sides: dark borders with a soft edge."""
    x = np.arange(film.width) + 0.5
    inset = film.width * rng.uniform(0.02, 0.09, 2)
    edge = np.clip((x - inset[0]) / 3, 0, 1) * np.clip((film.width - inset[1] - x) / 3, 0, 1)
    return np.asarray(0.04 + 0.96 * edge[None, :])


def _mark(grey: Floats, film: Film, machine: Machine, rng: np.random.Generator) -> None:
    """Burn the lead letter in, on the side of the patient that it names."""
    if not machine.marker:
        return
    size = MARKER_MM / film.spacing_mm
    face, scale = cv2.FONT_HERSHEY_SIMPLEX, size / 22.0
    inset = 0.11 * film.width
    at_right = (machine.marker == "R") != film.turned
    x = film.width - inset - size if at_right else inset
    y = rng.uniform(0.08, 0.3) * film.height
    letter = np.zeros(grey.shape, np.uint8)
    cv2.putText(
        letter, machine.marker, (int(x), int(y)), face, scale, 255, max(2, int(size / 7)), cv2.LINE_AA
    )
    grey += (letter / 255.0) * (0.98 - grey)
