"""The training of seed 002's network from films to coordinates, from top to bottom."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor

from inference.networks.bpd_cnn import BpdCnn, bpd_loss
from inference.recipes.vertebrae import RegressionRecipe
from inference.rundir import RunDir, RunError
from inference.training.engine import Best, Clock, Engine
from inference.training.vertebra_cases import read_film


@dataclass
class _Films:
    """A split: `films` (n, 1, height, width) in [0, 1] and `points` (n, points, 2), shares of each film."""

    films: Tensor
    points: Tensor
    sizes_px: Tensor

    def __len__(self) -> int:
        return len(self.films)


def train(run: RunDir, recipe: RegressionRecipe) -> None:
    """Train what spec.json asks for; leave weights.safetensors and result.json. Raises RunError.

    The paper augments nothing, and neither does this. Films that lack a point are left out.
    """
    names: list[str] = run.spec()["schema"]["points"]
    train_films, validation, test = (
        _films(run, split, recipe, len(names)) for split in ("train", "validation", "test")
    )
    if not len(train_films) or not len(validation):
        raise RunError("A training needs at least one film to train on and one to validate on.")
    sides = _sides(names)
    engine = Engine(run, recipe)
    plain = BpdCnn(points=len(names), height=recipe.height_px, width=recipe.width_px)
    network = engine.add("network", plain, torch.optim.Adam(plain.parameters(), lr=recipe.learning_rate))
    engine.start("network")
    first, best = engine.resume()
    steps = -(-len(train_films) // recipe.batch)
    clock = Clock(steps=steps, epochs=recipe.epochs, first=first)
    print(f"{len(train_films)} films to train on, {len(validation)} to validate", flush=True)

    for epoch in range(first + 1, recipe.epochs + 1):
        if best.stale(epoch - 1, recipe.patience):
            break
        engine.set_rates(epoch)
        network.train()
        order = np.random.default_rng([recipe.seed, epoch]).permutation(len(train_films))
        # Dropout draws from torch's generator: seeded anew, a resumed training draws the same.
        torch.manual_seed(recipe.seed * 100_003 + epoch)
        total = 0.0
        for step, start in enumerate(range(0, len(order), recipe.batch), start=1):
            chosen = order[start : start + recipe.batch]
            films, points = engine.fabric.to_device((train_films.films[chosen], train_films.points[chosen]))
            engine.optimisers["network"].zero_grad()
            loss = bpd_loss(network(films).float(), points, *sides, recipe.bpd_weight)
            engine.fabric.backward(loss)
            engine.optimisers["network"].step()
            total += engine.finite(loss, epoch, step)
            if clock.due():
                engine.tell(clock.step_line(epoch, step, float(loss.detach())))
        figures = _figures(_found(engine, network, validation, recipe), validation)
        if figures["normalised_mse"] < best.loss:
            best = Best(epoch, figures["normalised_mse"], figures)
            engine.save_best("network")
        where = {"kind": "epoch", "epoch": epoch, "epochs": recipe.epochs, "eta_s": clock.eta_s(epoch + 1, 0)}
        line = {**where, "train_loss": total / steps, "validation_loss": figures["normalised_mse"], **figures}
        engine.save_checkpoint(epoch, best, line)
        engine.tell(line)
        print(f"epoch {epoch}: loss {total / steps:.5g}, MSE {figures['normalised_mse']:.3g}", flush=True)

    digest = engine.load_best("network")
    metrics = {"validation": _figures(_found(engine, network, validation, recipe), validation)}
    if len(test):
        metrics["test"] = _figures(_found(engine, network, test, recipe), test)
    if engine.writes:
        head = {"best_epoch": best.epoch, "weights_sha256": digest, "metrics": metrics}
        run.write_result({**head, **engine.facts("network")})


def _films(run: RunDir, split: str, recipe: RegressionRecipe, count: int) -> _Films:
    films, points, sizes = [], [], []
    for case in run.cases():
        known = [point for point in case.points_px if point is not None]
        if case.split != split or len(known) < len(case.points_px):
            continue
        film = read_film(run, case)
        films.append(as_input(film, recipe))
        points.append(np.array(known) / (case.width, case.height))
        sizes.append((case.width, case.height))
    shape = (-1, 1, recipe.height_px, recipe.width_px)
    return _Films(
        torch.from_numpy(np.array(films, np.float32).reshape(shape)),
        torch.from_numpy(np.array(points, np.float32).reshape(-1, count, 2)),
        torch.tensor(sizes, dtype=torch.float32).view(-1, 2),
    )


def as_input(film: Any, recipe: RegressionRecipe) -> Any:
    """A film (height, width) uint8 as the network's input (1, height_px, width_px), its shape not kept."""
    size = (recipe.width_px, recipe.height_px)
    return cv2.resize(film, size, interpolation=cv2.INTER_AREA).astype(np.float32)[None] / 255


def _sides(names: list[str]) -> tuple[list[int], list[int]]:
    """The left and the right landmarks: the two sets of the bipartite graph."""
    left, right = (
        [index for index, name in enumerate(names) if name.endswith(ends)]
        for ends in (("_TL", "_BL"), ("_TR", "_BR"))
    )
    if not left or len(left) + len(right) != len(names):
        raise RunError("This recipe reads corners of vertebrae: choose a snapshot of vertebrae68 or -72.")
    return left, right


@torch.no_grad()
def _found(engine: Engine, network: Any, films: _Films, recipe: RegressionRecipe) -> Tensor:
    network.eval()
    batches = torch.split(films.films, recipe.batch)
    return torch.cat([network(engine.fabric.to_device(batch)).float().cpu() for batch in batches])


def _figures(found: Tensor, films: _Films) -> dict[str, float]:
    """Normalised MSE over coordinates, Pearson's correlation of all of them (the paper's), mean error in
    px."""
    pairs = torch.stack([found.flatten(), films.points.flatten()])
    return {
        "images": float(len(found)),
        "normalised_mse": float(((found - films.points) ** 2).mean()),
        "pearson": float(torch.corrcoef(pairs)[0, 1].nan_to_num(0.0)),
        "error_px_mean": float(((found - films.points) * films.sizes_px[:, None]).norm(dim=2).mean()),
    }
