"""The training of a landmark network, from top to bottom."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inference.networks import weights
from inference.networks.doubt import coverage, look, scale_for
from inference.networks.hrnet import HRNet, load_trunk
from inference.networks.planes import planes_of, statistics_of
from inference.networks.registry import build
from inference.networks.unlike import quantities, ranges_of
from inference.recipes.landmarks import LandmarkRecipe
from inference.rundir import RunDir, RunError
from inference.training.dataset import Batch, Cases, ahead
from inference.training.engine import Best, Clock, Engine
from inference.training.losses import weighted_mse
from inference.training.metrics import Scores
from inference.training.samples import draw_landmarks

# ImageNet weights of an HRNet, by the names of its authors or of timm: a file the run folder may hold.
PRETRAINED = "pretrained.safetensors"


@dataclass
class _Trained:
    """The network as Fabric runs it, and what carries it."""

    engine: Engine
    network: Any
    recipe: LandmarkRecipe
    points: list[str]


def train(run: RunDir, recipe: LandmarkRecipe) -> None:
    """Train what spec.json asks for; leave weights.safetensors and result.json. Raises RunError."""
    schema = run.spec()["schema"]
    cases = run.cases()
    train_cases, validation, test = (
        Cases(run, [case for case in cases if case.split == split], recipe, schema["mirrored_order"])
        for split in ("train", "validation", "test")
    )
    if not len(train_cases) or not len(validation):
        raise RunError("A training needs at least one image to train on and one to validate on.")

    statistics = statistics_of(recipe, train_cases.pictures)
    for part in (train_cases, validation, test):
        part.statistics = statistics

    trained = _build(run, recipe, schema["points"])
    trained.engine.card["statistics"] = asdict(statistics) if statistics else None
    known = (quantities(picture.grey, picture.depth_mm) for picture in train_cases.pictures)
    trained.engine.card["ranges"] = ranges_of(known)
    engine = trained.engine
    first, best = engine.resume()
    clock = Clock(steps=train_cases.steps(), epochs=recipe.epochs, first=first)
    print(f"{len(train_cases)} images to train on, {len(validation)} to validate, {len(test)} to test")
    print(f"on {engine.fabric.device}, from epoch {first + 1} to {recipe.epochs}", flush=True)

    for epoch in range(first + 1, recipe.epochs + 1):
        if best.stale(epoch - 1, recipe.patience):
            print(f"no better validation for {recipe.patience} epochs: stopped", flush=True)
            break
        engine.set_rates(epoch)
        train_loss = _train_epoch(trained, train_cases, epoch, clock)
        scores = _score(trained, validation)
        metrics = scores.summary()
        if engine.writes:
            draw_landmarks(run, epoch, engine.plain["heatmaps"], validation)
        if scores.loss() < best.loss:
            best = Best(epoch, scores.loss(), metrics)
            engine.save_best("heatmaps")
        where = {"kind": "epoch", "epoch": epoch, "epochs": recipe.epochs, "eta_s": clock.eta_s(epoch + 1, 0)}
        line = {**where, "train_loss": train_loss, "validation_loss": scores.loss(), **metrics}
        engine.save_checkpoint(epoch, best, line)
        engine.tell(line)
        print(f"epoch {epoch}: loss {train_loss:.5g}, validation {scores.loss():.5g}", flush=True)

    result = _result(trained, best, validation, test)
    if engine.writes:
        run.write_result(result)


def _build(run: RunDir, recipe: LandmarkRecipe, points: list[str]) -> _Trained:
    engine = Engine(run, recipe)
    plain = build(recipe, len(points))
    pretrained = run.path / PRETRAINED
    if pretrained.exists() and isinstance(plain, HRNet):
        _load_pretrained(plain, pretrained, recipe)
    optimiser = torch.optim.AdamW(
        plain.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
    )
    trained = _Trained(engine, engine.add("heatmaps", plain, optimiser), recipe, points)
    engine.start("heatmaps")
    return trained


def _load_pretrained(network: HRNet, path: Path, recipe: LandmarkRecipe) -> None:
    try:
        load_trunk(network, weights.read_foreign(path), planes_of(recipe))
    except ValueError as error:
        raise RunError(f"{path.name}: {error}") from error
    print(f"the trunk begins with {path.name}", flush=True)


def _train_epoch(trained: _Trained, cases: Cases, epoch: int, clock: Clock) -> float:
    """One pass over the cases; the mean loss."""
    engine, optimiser = trained.engine, trained.engine.optimisers["heatmaps"]
    trained.network.train()
    total, seen = 0.0, 0
    share = (engine.fabric.global_rank, engine.fabric.world_size)
    for step, batch in enumerate(ahead(cases.shuffled(epoch, share)), start=1):
        optimiser.zero_grad()
        loss, _ = _loss(trained, batch)
        engine.fabric.backward(loss)
        optimiser.step()
        value = engine.finite(loss, epoch, step)
        total, seen = total + value * len(batch.inputs), seen + len(batch.inputs)
        if clock.due():
            engine.tell(clock.step_line(epoch, step, value))
    mean = engine.fabric.all_reduce(torch.tensor(total / seen), reduce_op="mean")
    return float(cast(Tensor, mean))


def _loss(trained: _Trained, batch: Batch) -> tuple[Tensor, Tensor]:
    inputs, targets, known = trained.engine.fabric.to_device((batch.inputs, batch.targets, batch.known))
    maps = trained.network(inputs).float()
    return weighted_mse(maps, targets, known, trained.recipe.foreground_weight), maps


@torch.no_grad()
def _score(trained: _Trained, cases: Cases) -> Scores:
    trained.network.eval()
    scores = Scores(trained.points)
    for batch in cases.in_order():
        loss, maps = _loss(trained, batch)
        scores.add(batch, maps.cpu().numpy(), float(loss), trained.recipe.heatmap_stride)
    return scores


def _result(trained: _Trained, best: Best, validation: Cases, test: Cases) -> dict[str, Any]:
    """Measure the best weights on validation and test, and put them in place with what they should doubt."""
    trained.engine.load_best("heatmaps")
    scored = {"validation": _score(trained, validation)}
    if len(test):
        scored["test"] = _score(trained, test)
    scale = scale_for(*_doubts(trained, validation))
    digest = trained.engine.put_into_card({"covariance_scale": scale})
    errors, covariances = _doubts(trained, test)
    return {
        "best_epoch": best.epoch,
        "weights_sha256": digest,
        "metrics": {
            split: {**s.summary(), "error_px_by_point": s.by_point(), "share_within": s.curve()}
            for split, s in scored.items()
        },
        "covariance_scale": scale,
        "coverage": coverage(errors, covariances * scale),
        **trained.engine.facts("heatmaps"),
    }


def _doubts(trained: _Trained, cases: Cases) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Errors (n, 2) of all points of a split and what the network itself says of them (n, 2, 2), px of the
    square."""
    network = trained.engine.plain["heatmaps"].eval()
    errors, covariances = [np.empty((0, 2))], [np.empty((0, 2, 2))]
    for picture, points in zip(cases.pictures, cases.points_px, strict=True):
        seen = look(network, picture, trained.recipe, cases.statistics, cases.mirrored_order.tolist())
        errors.append(seen.points - points)
        covariances.append(seen.covariances)
    return np.concatenate(errors), np.concatenate(covariances)
