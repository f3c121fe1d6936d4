"""The training of seed 004's cascade, stage after stage, from top to bottom."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from inference.networks import cascade
from inference.networks.cascade import STEPS, Cascade, StepName
from inference.recipes.vertebrae import CascadeRecipe
from inference.rundir import RunDir, RunError
from inference.training.engine import Best, Clock, Engine
from inference.training.vertebra_cases import LabelledFilm, is_learnable, labelled
from inference.vertebrae.films import Grey

_BETA = 0.001


@dataclass
class _Film:
    """`picture` (1, 680, w) in [0, 1]; `corners` (17, 4, 2) and `centres` (17, 2), shares of its size."""

    picture: Tensor
    corners: Tensor
    centres: Tensor


def train(run: RunDir, recipe: CascadeRecipe) -> None:
    """Train what spec.json asks for; leave weights.safetensors and result.json. Raises RunError.

    Algorithm 2 for both steps. The corners' regions are cut about the labelled centres in training, about the
    found ones in the score. Every film is also learned from mirrored.
    """
    (train_films, lacking), (validation, _) = (labelled(run, split) for split in ("train", "validation"))
    learned = [film for film in train_films if is_learnable(film)]
    if not learned or not validation:
        raise RunError("A training needs at least one film to train on and one to validate on.")
    films = [_prepared(film, mirrored) for film in learned for mirrored in (False, True)]
    seen = [_prepared(film, False) for film in validation]
    engine = Engine(run, recipe)
    plain = built(recipe)
    network = engine.add("cascade", plain, torch.optim.Adam(plain.parameters(), lr=recipe.learning_rate))
    plain.start("centres").copy_(torch.stack([film.centres for film in films]).mean(dim=0))
    in_regions = [
        cascade.corners_in_regions(film.corners, film.centres, film.picture[None]) for film in films
    ]
    plain.start("corners").copy_(torch.cat(in_regions).mean(dim=0))
    first, best = engine.resume()
    whole = 2 * recipe.stages * recipe.epochs
    clock = Clock(steps=-(-len(films) // recipe.batch), epochs=whole, first=first)
    print(f"{len(films)} films to train on, mirrored ones included ({lacking} lack corners)", flush=True)

    for epoch in range(first + 1, whole + 1):
        turn, within = divmod(epoch - 1, recipe.epochs)
        name, number = _place(turn, recipe)
        if within == 0 or epoch == first + 1:
            points = _moved_so_far(plain, name, films, number)
            if within == 0 and recipe.pca:
                stage = plain.stages(name)[number]
                stage.get_buffer("transition").copy_(
                    _transition(name, films, points, stage.values.out_features)
                )
        rate = recipe.learning_rate * 0.5**within
        for group in engine.optimisers["cascade"].param_groups:
            group["lr"] = rate
        loss = _train_epoch(engine, network, recipe, (name, number), films, points, epoch, clock)
        figures = {f"{name}_mse": _step_error(plain, name, seen, number + 1)}
        best = Best(epoch, loss, figures)
        engine.save_best("cascade")
        where = {"kind": "epoch", "epoch": epoch, "epochs": whole, "eta_s": clock.eta_s(epoch + 1, 0)}
        line = {**where, "train_loss": loss, "validation_loss": figures[f"{name}_mse"], "stage": turn + 1}
        engine.save_checkpoint(epoch, best, line)
        engine.tell(line)
        print(f"{name}, stage {number + 1}, epoch {within + 1}: loss {loss:.4g}, {figures}", flush=True)

    digest = engine.load_best("cascade")
    plain.eval()
    metrics = {
        "images": len(seen),
        "normalised_mse": float(np.mean([_film_error(plain, film, recipe) for film in seen])),
        **{
            f"{name}_mse_stage_{count}": _step_error(plain, name, seen, count)
            for name in STEPS
            for count in range(recipe.stages + 1)
        },
    }
    if engine.writes:
        head = {"best_epoch": best.epoch, "weights_sha256": digest, "metrics": {"validation": metrics}}
        run.write_result({**head, **engine.facts("cascade")})


def built(recipe: CascadeRecipe) -> Cascade:
    """The recipe's cascade, freshly initialised from torch's global seed."""
    centre, corner = (recipe.centre_modes, recipe.corner_modes) if recipe.pca else (None, None)
    return Cascade(stages=recipe.stages, centre_modes=centre, corner_modes=corner)


def start_noise(recipe: CascadeRecipe) -> Tensor | None:
    """What is added to the starting centres (17, 2) when the network is scored; None for nothing."""
    if not recipe.initial_noise:
        return None
    generator = torch.Generator().manual_seed(recipe.seed)
    return recipe.initial_noise * torch.randn(17, 2, generator=generator)


def as_input(film: Grey) -> Tensor:
    """A film (height, width) as the cascade sees it: CLAHE, 680 px high, (1, 680, w) in [0, 1]."""
    width = max(1, round(film.shape[1] * cascade.FILM_PX / film.shape[0]))
    small = cv2.resize(film, (width, cascade.FILM_PX), interpolation=cv2.INTER_AREA)
    clear = cv2.createCLAHE(clipLimit=2.0, tileGridSize=(8, 8)).apply(small)
    return torch.from_numpy(np.asarray(clear, np.float32))[None] / 255


def _prepared(film: LabelledFilm, mirrored: bool) -> _Film:
    height, width = film.film.shape
    corners = torch.from_numpy((film.corners_px / (width, height)).astype(np.float32))
    picture = as_input(film.film)
    if mirrored:
        picture, corners = picture.flip(2), corners[:, [1, 0, 3, 2]] * torch.tensor([-1.0, 1.0])
        corners = corners + torch.tensor([1.0, 0.0])
    return _Film(picture, corners, corners.mean(dim=1))


def _place(turn: int, recipe: CascadeRecipe) -> tuple[StepName, int]:
    """Which step and stage the `turn`-th stage of all is."""
    return ("centres", turn) if turn < recipe.stages else ("corners", turn - recipe.stages)


def _task(name: StepName, film: _Film) -> tuple[Tensor, Tensor]:
    """The pictures (n, 1, h, w) of a step on a film, and the true points (n, points, 2) on them."""
    if name == "centres":
        return film.picture[None], film.centres[None]
    regions = cascade.cut_regions(film.picture[None], film.centres)
    return regions, cascade.corners_in_regions(film.corners, film.centres, film.picture[None])


@torch.no_grad()
def _moved_so_far(plain: Cascade, name: StepName, films: list[_Film], stages: int) -> list[Tensor]:
    """Where the points of a step are on each film after its first stages."""
    plain.eval()
    found = []
    for film in films:
        pictures, _ = _task(name, film)
        start = plain.start(name).expand(len(pictures), -1, -1)
        found.append(plain.move(name, pictures, start, stages))
    return found


def _transition(name: StepName, films: list[_Film], points: list[Tensor], modes: int) -> Tensor:
    offsets = [_task(name, film)[1] - where for film, where in zip(films, points, strict=True)]
    return cascade.transition_matrix(torch.cat(offsets), modes)


def _train_epoch(
    engine: Engine,
    network: Any,
    recipe: CascadeRecipe,
    place: tuple[StepName, int],
    films: list[_Film],
    points: list[Tensor],
    epoch: int,
    clock: Clock,
) -> float:
    """One pass of one stage over the films; the mean loss (equation 12)."""
    name, number = place
    network.train()
    stage = engine.plain["cascade"].stages(name)[number]  # type: ignore[operator]
    optimiser = engine.optimisers["cascade"]
    order = np.random.default_rng([recipe.seed, epoch]).permutation(len(films))
    total = 0.0
    for step, start in enumerate(range(0, len(order), recipe.batch), start=1):
        optimiser.zero_grad()
        patches, wanted = [], []
        for index in order[start : start + recipe.batch]:
            pictures, truth = _task(name, films[index])
            patches.append(cascade.cut(pictures, points[index], STEPS[name]))
            wanted.append(stage.wanted(truth - points[index]))
        values = stage(torch.cat(patches))
        loss = functional.smooth_l1_loss(values, torch.cat(wanted), reduction="sum", beta=_BETA)
        loss = loss / len(values)
        engine.fabric.backward(loss)
        optimiser.step()
        total += engine.finite(loss, epoch, step)
        if clock.due():
            engine.tell(clock.step_line(epoch, step, float(loss.detach())))
    return total / clock.steps


@torch.no_grad()
def _step_error(plain: Cascade, name: StepName, films: list[_Film], stages: int) -> float:
    """Normalised MSE of a step after some stages, the corners about the labelled centres (figure 7)."""
    errors = []
    for film, points in zip(films, _moved_so_far(plain, name, films, stages), strict=True):
        if name == "centres":
            errors.append(((points[0] - film.centres) ** 2).mean())
        else:
            placed = cascade.place_corners(points, film.centres, film.picture[None])
            errors.append(((placed - film.corners) ** 2).mean())
    return float(torch.stack(errors).mean())


@torch.no_grad()
def _film_error(plain: Cascade, film: _Film, recipe: CascadeRecipe) -> float:
    """Normalised MSE of the corners by the whole way, from a start that is disturbed if the recipe says
    so."""
    found = plain.read(film.picture[None], start_noise(recipe))
    return float(((found - film.corners) ** 2).mean())
