"""Samples for the two networks that find vertebrae: films moved, cut, darkened, and what is wanted of
them."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from inference.networks.vertebra_reader import shrunk_to
from inference.recipes.vertebrae import VertebraRecipe
from inference.vertebrae import heads, strip
from inference.vertebrae.films import Floats, Grey
from inference.vertebrae.heads import Maps, StripTargets

SMALL_ROWS: Final = 480
"""The finder's films are kept at this height."""

_WAVE: Final = 0.007
_BORDERS: Final = (cv2.BORDER_CONSTANT, cv2.BORDER_CONSTANT, cv2.BORDER_REPLICATE, cv2.BORDER_REFLECT)


@dataclass(frozen=True, slots=True)
class Kept:
    """A film as training keeps it: at the strip's resolution and at the finder's, with its corners in px of
    each."""

    film: Grey
    corners_px: Floats
    small: Grey
    small_corners_px: Floats


def keep(film: Grey, corners_px: Floats) -> Kept:
    """Shrink a film and its corners (17, 4, 2) once and for all."""
    large, _ = shrunk_to(film, strip.column_line(corners_px))
    small = film
    if len(film) > SMALL_ROWS:
        size = (max(1, round(film.shape[1] * SMALL_ROWS / len(film))), SMALL_ROWS)
        small = np.asarray(cv2.resize(film, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    return Kept(large, _scaled(corners_px, film, large), small, _scaled(corners_px, film, small))


def _scaled(corners_px: Floats, source: Grey, target: Grey) -> Floats:
    return np.asarray(corners_px * np.divide(target.shape[::-1], source.shape[::-1]))


def strip_sample(
    kept: Kept, recipe: VertebraRecipe, rng: np.random.Generator | None
) -> tuple[Maps, StripTargets]:
    """One strip along a centreline that is off as the finder's may be, and its targets; without a generator
    along the labelled middle, as it is."""
    line = strip.column_line(kept.corners_px)
    mirrored = False
    border = cv2.BORDER_CONSTANT
    if rng is not None:
        line = _wrong_line(line, recipe.wander, rng)
        mirrored = bool(rng.random() < recipe.flip_probability)
        border = int(rng.choice(_BORDERS))
    along = strip.along(line)
    greys = along.straighten(kept.film, border)
    if mirrored:
        greys = np.ascontiguousarray(greys[:, ::-1])
    if rng is not None:
        greys = _other_machine(greys, recipe.gamma, rng)
    return heads.strip_input(greys), heads.strip_targets(along, kept.corners_px, mirrored)


def _wrong_line(line: Floats, wander: float, rng: np.random.Generator) -> Floats:
    """The line bent by slow waves, and too long or too short at both ends by `wander` of its length."""
    place = np.linspace(0, 1, 65)
    run = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    length = run[-1]
    ends = np.clip(rng.normal(0, wander, 2), -0.05, 0.05) * length
    wanted = ends[0] + place * (length - ends[0] + ends[1])
    dense = np.stack([np.interp(wanted, run, line[:, axis]) for axis in (0, 1)], axis=1)
    for at, end, other in ((wanted < 0, 0, 1), (wanted > length, -1, -2)):
        direction = (line[end] - line[other]) / np.hypot(*(line[end] - line[other]))
        beyond = np.abs(wanted - (0 if end == 0 else length))
        dense[at] = line[end] + beyond[at, None] * direction
    waves = np.zeros(len(place))
    for k in range(5):
        size, phase = rng.normal(0, _WAVE / (k + 0.5)), rng.uniform(0, 2 * np.pi)
        waves += size * np.cos(np.pi * k * place + phase)
    down = np.gradient(dense, axis=0)
    down /= np.hypot(*down.T)[:, None] + 1e-9
    right = np.stack([down[:, 1], -down[:, 0]], axis=1)
    return np.asarray(dense + waves[:, None] * length * right)


def _other_machine(greys: Maps, gamma: float, rng: np.random.Generator) -> Maps:
    """Another exposure, sharpness and noise, and sometimes something in the way."""
    values = np.clip(greys / 255, 0, 1)
    values = values ** np.exp(rng.uniform(-gamma, gamma))
    values = values * rng.uniform(0.7, 1.2) + rng.uniform(-0.1, 0.1)
    if rng.random() < 0.3:
        values = cv2.GaussianBlur(values, (0, 0), rng.uniform(0.5, 2.0))
    values = values + rng.uniform(0, 0.015) * rng.standard_normal(values.shape, dtype=np.float32)
    if rng.random() < 0.3:
        height, width = values.shape
        y, x = rng.integers(0, height), rng.integers(0, width)
        values[y : y + rng.integers(8, height // 12), x : x + rng.integers(8, width)] = rng.uniform(0, 1)
    return np.asarray(np.clip(values, 0, 1) * 255, dtype=np.float32)


def finder_sample(
    kept: Kept, recipe: VertebraRecipe, rng: np.random.Generator | None, height: int, width: int
) -> tuple[Maps, tuple[Maps, Maps, Maps]]:
    """One film on a canvas of the finder's size, loosely or tightly, turned and mirrored; and its targets.
    Without a generator the film as it is, as large as the canvas allows."""
    film, corners = kept.small, kept.small_corners_px
    fit = min(height / film.shape[0], width / film.shape[1])
    scale, turn, shift, mirrored, border = fit, 0.0, np.zeros(2), False, cv2.BORDER_CONSTANT
    if rng is not None:
        loose = rng.random() < 0.5
        scale = fit * (rng.uniform(recipe.loosest, 0.9) if loose else rng.uniform(0.85, 1.05))
        turn = np.radians(np.clip(rng.normal(0, recipe.rotate_deg), -18, 18))
        room = np.abs(np.array([width, height]) - scale * np.array(film.shape[::-1])) / 2
        shift = rng.uniform(-1, 1, 2) * room
        mirrored = bool(rng.random() < recipe.flip_probability)
        border = int(rng.choice(_BORDERS[:3]))  # a film reflected shows two spines
    matrix = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    if mirrored:
        matrix = matrix @ np.diag([-1.0, 1.0])
        corners = corners[:, [1, 0, 3, 2]]
    middle = np.array([width, height]) / 2 + shift
    offset = middle - matrix @ (np.array(film.shape[::-1]) / 2)
    # cv2 counts from the centre of the first pixel.
    cv_offset = offset + matrix @ (0.5, 0.5) - 0.5
    if scale < 0.7:
        film = np.asarray(cv2.GaussianBlur(film, (0, 0), 0.35 / scale), dtype=np.uint8)
    canvas: Maps = cv2.warpAffine(
        film, np.column_stack([matrix, cv_offset]), (width, height), flags=cv2.INTER_LINEAR, borderMode=border
    ).astype(np.float32)
    if rng is not None:
        canvas = _other_machine(canvas, recipe.gamma, rng)
    placed = corners @ matrix.T + offset
    return heads.finder_input(canvas), heads.finder_targets(strip.column_line(placed), placed, height, width)
