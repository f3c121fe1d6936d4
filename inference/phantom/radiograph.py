"""The film: attenuation along the rays, scatter, quantum noise, and what machines make of it.

``exposure`` follows the rays through the meshes; ``develop`` turns the line integrals into a grey image
as a digital system would: scatter, noise, blur, logarithm, tone curve, local contrast, collimation, marker.
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

Bytes = NDArray[np.uint8]
MARKER_MM: Final = 16.0


@dataclass(frozen=True)
class Machine:
    """How one X-ray system records and shows. Drawn anew for every study.

    quanta: per pixel behind no body; scatter_share: scattered over primary; blur_px: of the detector; low,
    high: share of pixels that may turn black and white; gamma: of the tone curve; white: the brightest grey
    (0..1); local: gain of detail below local_mm.
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


def draw_machine(rng: np.random.Generator) -> Machine:
    """A random system, as different as the films of one collection are."""
    return Machine(
        quanta=float(np.exp(rng.uniform(np.log(4e4), np.log(3e5)))),
        scatter_share=float(rng.uniform(0.2, 0.7)),
        blur_px=float(rng.uniform(0.45, 0.8)),
        low=float(rng.uniform(0.01, 0.14)),
        high=float(rng.uniform(0.002, 0.012)),
        gamma=float(rng.uniform(0.75, 1.6)),
        white=float(rng.uniform(0.74, 1.0)),
        local=float(rng.uniform(0.0, 0.8)),
        local_mm=float(rng.uniform(14.0, 30.0)),
        collimated=bool(rng.random() < 0.35),
        marker=str(rng.choice(["R", "L", ""], p=[0.5, 0.25, 0.25])),
    )


def exposure(soft: Sequence[Mesh], bones: Sequence[Mesh], film: Film, rng: np.random.Generator) -> Floats:
    """Line integral of attenuation (height, width) through all parts; bone has a trabecular grain."""
    bone = line_integrals(merged(bones), film)
    fine, coarse = (_grain((film.height, film.width), mm / film.spacing_mm, rng) for mm in (0.7, 2.2))
    bone *= 1 + 0.07 * fine + 0.05 * coarse
    return np.maximum(line_integrals(merged(soft), film) + bone, 0.0)


def _grain(shape: tuple[int, int], sigma_px: float, rng: np.random.Generator) -> Floats:
    """Smooth noise with unit deviation."""
    noise = cv2.GaussianBlur(rng.standard_normal(shape), (0, 0), sigma_px)
    return np.asarray(noise / noise.std())


def develop(integral: Floats, film: Film, machine: Machine, rng: np.random.Generator) -> Bytes:
    """Grey film (height, width) uint8, bone bright, seen from behind: the patient's right at image right."""
    primary = np.exp(-integral)
    wide = cv2.GaussianBlur(
        cv2.resize(primary, None, fx=0.125, fy=0.125, interpolation=cv2.INTER_AREA),
        (0, 0),
        45 / film.spacing_mm / 8,
    )
    scatter = machine.scatter_share * cv2.resize(
        wide, (film.width, film.height), interpolation=cv2.INTER_LINEAR
    )
    counts = (primary + 0.35 * scatter) * machine.quanta
    counts = cv2.GaussianBlur(counts, (0, 0), machine.blur_px)
    counts += np.sqrt(counts) * rng.standard_normal(counts.shape)
    density = -np.log(np.maximum(counts, 1.0) / machine.quanta)
    grey = _tone(density, film, machine)
    if machine.collimated:
        grey *= _shutters(film, rng)
    image = np.clip(grey * 255.0 + 0.5, 0, 255).astype(np.uint8)
    _mark(image, film, machine, rng)
    return image


def _tone(density: Floats, film: Film, machine: Machine) -> Floats:
    """Compress the large differences, lift the fine ones, then stretch and bend to 0..1."""
    small = cv2.resize(density, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    ground = cv2.GaussianBlur(small, (0, 0), machine.local_mm / film.spacing_mm / 4)
    ground = cv2.resize(ground, (film.width, film.height), interpolation=cv2.INTER_LINEAR)
    shown = ground + (1 + machine.local) * (density - ground)
    middle = shown[::4, film.width // 5 : film.width - film.width // 5 : 4]
    low, high = np.quantile(middle, [machine.low, 1 - machine.high])
    stretched = np.clip((shown - low) / max(high - low, 1e-6), 0.0, 1.0)
    return np.asarray(machine.white * stretched**machine.gamma)


def _shutters(film: Film, rng: np.random.Generator) -> Floats:
    """Collimator blades at the sides: dark borders with a soft edge."""
    x = np.arange(film.width) + 0.5
    inset = film.width * rng.uniform(0.02, 0.09, 2)
    edge = np.clip((x - inset[0]) / 3, 0, 1) * np.clip((film.width - inset[1] - x) / 3, 0, 1)
    return np.asarray(0.04 + 0.96 * edge[None, :])


def _mark(image: Bytes, film: Film, machine: Machine, rng: np.random.Generator) -> None:
    """Burn the lead letter in: R at the patient's right (image right), L at the left."""
    if not machine.marker:
        return
    size = MARKER_MM / film.spacing_mm
    face, scale = cv2.FONT_HERSHEY_SIMPLEX, size / 22.0
    inset = 0.11 * film.width
    x = film.width - inset - size if machine.marker == "R" else inset
    y = rng.uniform(0.08, 0.3) * film.height
    cv2.putText(image, machine.marker, (int(x), int(y)), face, scale, 250, max(2, int(size / 7)), cv2.LINE_AA)
