"""The training of a generator of X-rays against its discriminator, from top to bottom."""

import copy
from dataclasses import dataclass, replace
from typing import Any, cast

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from inference.networks import column, contrast, filmpoints
from inference.networks.registry import build_column, build_discriminator, build_film
from inference.networks.unlike import quantities, ranges_of
from inference.recipes.synthesis import SynthesisRecipe
from inference.rundir import FILM_LANDMARKS, Case, RunDir, RunError, write_bytes
from inference.training.columns import angles_deg, unbiased_gain
from inference.training.dataset import ahead
from inference.training.engine import Best, Clock, Engine
from inference.training.film_metrics import FilmScores
from inference.training.losses import column_loss, critic_loss, deceit_loss, jointly_changed, masked_l1
from inference.training.pairs import PairBatch, Pairs

_SAMPLES = 4


@dataclass
class _Trained:
    """The networks as Fabric runs them. `kept`: the name of the one whose films count."""

    engine: Engine
    generator: Any
    critic: Any
    held_to: filmpoints.FilmPoints | None
    recipe: SynthesisRecipe
    kept: str
    column: Any = None


def train(run: RunDir, recipe: SynthesisRecipe) -> None:
    """Train what spec.json asks for; leave weights.safetensors, result.json and a picture of each epoch in
    samples/. Raises RunError."""
    train_pairs, validation, test = _pairs(run, recipe)
    trained = _build(run, recipe, train_pairs)
    engine = trained.engine
    known = (quantities(sheet.grey, sheet.depth_mm) for sheet in train_pairs.sheets)
    engine.card["ranges"] = ranges_of(known)
    first, best = engine.resume()
    steps = train_pairs.steps() * (1 + recipe.column_passes)
    clock = Clock(steps=steps, epochs=recipe.epochs, first=first)
    print(f"{len(train_pairs)} pairs to train on, {len(validation)} to validate, {len(test)} to test")
    print(f"on {engine.fabric.device}, from epoch {first + 1} to {recipe.epochs}", flush=True)

    for epoch in range(first + 1, recipe.epochs + 1):
        if best.stale(epoch - 1, recipe.patience):
            print(f"no better validation for {recipe.patience} epochs: stopped", flush=True)
            break
        engine.set_rates(epoch, {"column": recipe.column_rate})
        losses = _train_column(trained, train_pairs, epoch, clock) if recipe.column_passes else {}
        losses |= _train_epoch(trained, train_pairs, epoch, clock)
        _calibrate(trained, validation)
        scores, samples = _score(trained, validation)
        if engine.writes:
            _save_samples(run, epoch, samples)
        if recipe.keep == "last" or scores.loss() < best.loss:
            best = Best(epoch, scores.loss(), scores.summary())
            engine.save_best(trained.kept)
        where = {"kind": "epoch", "epoch": epoch, "epochs": recipe.epochs, "eta_s": clock.eta_s(epoch + 1, 0)}
        line = {**where, **losses, "validation_loss": scores.loss(), **scores.summary()}
        line |= _column_figures(trained, validation)
        engine.save_checkpoint(epoch, best, line)
        engine.tell(line)
        print(f"epoch {epoch}: loss {losses['train_loss']:.5g}, validation {scores.loss():.5g}", flush=True)

    result = _result(trained, best, validation, test)
    if engine.writes:
        run.write_result(result)


def _pairs(run: RunDir, recipe: SynthesisRecipe) -> tuple[Pairs, Pairs, Pairs]:
    spec, cases = run.spec(), run.cases()
    if spec.get("film_schema") is None:
        raise RunError("A synthesis learns from backs and films of one visit: freeze a snapshot of pairs.")
    if recipe.column_passes:
        cases = _with_corners(cases)
    split = {
        name: Pairs(
            run, [case for case in cases if case.split == name], recipe, spec["schema"], spec["film_schema"]
        )
        for name in ("train", "validation", "test")
    }
    if not len(split["train"]) or not len(split["validation"]):
        raise RunError("A training needs at least one pair to train on and one to validate on.")
    return split["train"], split["validation"], split["test"]


def _with_corners(cases: list[Case]) -> list[Case]:
    """The pairs whose film has its vertebral corners set. Raises RunError where there are none."""
    known = [case for case in cases if case.film and case.film.corners_px]
    if not known:
        raise RunError(
            f"This recipe learns where vertebrae lie, and no film here has all of {column.SCHEMA} set. "
            "Set them on some films and freeze a new snapshot, or choose another recipe."
        )
    if len(known) < len(cases):
        print(f"{len(cases) - len(known)} pairs are passed over: the corners on their film are not set")
    return known


def _build(run: RunDir, recipe: SynthesisRecipe, taught: Pairs) -> _Trained:
    engine, points = Engine(run, recipe), len(taught.mirrored_order)
    generator, critic = build_film(recipe, points), build_discriminator(recipe, points)

    def adam(network: nn.Module) -> torch.optim.Optimizer:
        return torch.optim.Adam(
            network.parameters(),
            lr=recipe.learning_rate,
            betas=(recipe.beta1, 0.999),
            weight_decay=recipe.weight_decay,
        )

    average = copy.deepcopy(generator).requires_grad_(requires_grad=False)
    trained = _Trained(
        engine,
        engine.add("generator", generator, adam(generator)),
        engine.add("critic", critic, adam(critic)),
        _held_to(run, recipe, engine),
        recipe,
        "average" if recipe.average else "generator",
    )
    if recipe.average:
        engine.add("average", average)
    if recipe.column_passes:
        finder = build_column(recipe, points)
        finder.expect(taught.mean_column())
        trained.column = engine.add("column", finder, torch.optim.Adam(finder.parameters()))
        engine.assemble("whole", column.ColumnGenerator(finder, engine.plain[trained.kept]))
        trained.kept = "whole"
    if engine.start(trained.kept) and recipe.average:
        generator.load_state_dict(average.state_dict())
    return trained


def _held_to(run: RunDir, recipe: SynthesisRecipe, engine: Engine) -> filmpoints.FilmPoints | None:
    if not recipe.landmark_weight:
        return None
    path = run.path / FILM_LANDMARKS
    if not path.exists():
        raise RunError(
            f"This recipe holds its films to a landmark network for X-rays: put its weights into the run "
            f"folder as {FILM_LANDMARKS}, or set landmark_weight to 0."
        )
    return filmpoints.load(path).to(engine.fabric.device)


def _train_column(trained: _Trained, pairs: Pairs, epoch: int, clock: Clock) -> dict[str, float]:
    """The passes of one epoch over the backs; the mean loss."""
    engine, optimiser = trained.engine, trained.engine.optimisers["column"]
    trained.column.train()
    rank, ranks = engine.fabric.global_rank, engine.fabric.world_size
    total, seen = torch.zeros(1), 0
    for step, loaded in enumerate(ahead(pairs.backs(epoch, (rank, ranks))), start=1):
        seed = int(np.random.SeedSequence([trained.recipe.seed, epoch, step, rank, 1]).generate_state(1)[0])
        torch.manual_seed(seed)
        inputs, corners = engine.fabric.to_device(loaded)
        optimiser.zero_grad()
        loss = column_loss(trained.column(inputs), corners, trained.recipe.size)
        value = engine.finite(loss, epoch, step)
        engine.fabric.backward(loss)
        optimiser.step()
        total, seen = total + value * len(inputs), seen + len(inputs)
        if clock.due():
            engine.tell(clock.step_line(epoch, step, value))
    return {"column_loss": float(cast(Tensor, engine.fabric.all_reduce(total / seen, reduce_op="mean")))}


def _train_epoch(trained: _Trained, pairs: Pairs, epoch: int, clock: Clock) -> dict[str, float]:
    """One pass over the pairs; the mean losses."""
    engine, recipe = trained.engine, trained.recipe
    trained.generator.train()
    trained.critic.train()
    rank, ranks = engine.fabric.global_rank, engine.fabric.world_size
    totals, seen = torch.zeros(3), 0
    for step, loaded in enumerate(ahead(pairs.shuffled(epoch, (rank, ranks))), start=1):
        # Dropout and joint augmentation draw from torch: what they draw follows from the place in the run.
        seed = int(np.random.SeedSequence([recipe.seed, epoch, step, rank]).generate_state(1)[0])
        torch.manual_seed(seed)
        batch = _told(trained, _on_device(engine, loaded))
        made = _made(trained.generator, batch)
        critic = _critic_step(trained, batch, made.detach(), seed)
        generator, l1 = _generator_step(trained, batch, made, seed)
        values = [engine.finite(loss, epoch, step) for loss in (generator, critic, l1)]
        totals, seen = totals + torch.tensor(values) * len(batch.inputs), seen + len(batch.inputs)
        _follow(trained, (epoch - 1) * pairs.steps() + step)
        if clock.due():
            done = recipe.column_passes * pairs.steps() + step
            engine.tell(clock.step_line(epoch, done, values[0]))
    means = cast(Tensor, engine.fabric.all_reduce(totals / seen, reduce_op="mean")).tolist()
    return dict(zip(("train_loss", "critic_loss", "train_l1"), means, strict=True))


def _critic_step(trained: _Trained, batch: PairBatch, made: Tensor, seed: int) -> Tensor:
    optimiser = trained.engine.optimisers["critic"]
    optimiser.zero_grad()
    loss = critic_loss(
        trained.critic(_shown(trained, batch, batch.films, seed)).float(),
        trained.critic(_shown(trained, batch, made, seed + 1)).float(),
    )
    trained.engine.fabric.backward(loss)
    optimiser.step()
    return loss


def _generator_step(trained: _Trained, batch: PairBatch, made: Tensor, seed: int) -> tuple[Tensor, Tensor]:
    """The whole loss of the generator, and its L1 part."""
    recipe, optimiser = trained.recipe, trained.engine.optimisers["generator"]
    optimiser.zero_grad()
    l1 = masked_l1(made, batch.films, batch.inside)
    deceit = deceit_loss(trained.critic(_shown(trained, batch, made, seed + 2)).float())
    loss = deceit + recipe.l1_weight * l1
    if trained.held_to is not None:
        difference = trained.held_to(made) - trained.held_to(batch.films).detach()
        loss = loss + recipe.landmark_weight * (difference**2).mean()
    trained.engine.fabric.backward(loss)
    optimiser.step()
    return loss, l1


def _shown(trained: _Trained, batch: PairBatch, films: Tensor, seed: int) -> Tensor:
    """What the discriminator is shown of films: the input beside them, both changed alike."""
    both = torch.cat([batch.inputs, films], dim=1)
    if not trained.recipe.joint_augment:
        return both
    torch.manual_seed(seed)
    return jointly_changed(both)


def _made(network: Any, batch: PairBatch) -> Tensor:
    """Synthetic films; where the real one has no pixels they have none either, so that it tells nothing."""
    return torch.where(batch.inside > 0, network(batch.inputs).float(), -1.0)


def _on_device(engine: Engine, batch: PairBatch) -> PairBatch:
    parts = (batch.inputs, batch.films, batch.inside, batch.corners_px)
    return PairBatch(*engine.fabric.to_device(parts))


def _told(trained: _Trained, batch: PairBatch) -> PairBatch:
    """The batch as generator and discriminator see it in training: with the true vertebrae, where they are
    found first."""
    if trained.column is None:
        return batch
    planes = column.vertebra_planes(batch.corners_px, (batch.inputs.shape[-2], batch.inputs.shape[-1]))
    return replace(batch, inputs=torch.cat([batch.inputs, planes], dim=1))


@torch.no_grad()
def _follow(trained: _Trained, done: int) -> None:
    """The moving average after `done` steps; shorter over the first, or it would keep the beginning."""
    if not trained.recipe.average:
        return
    decay = min(trained.recipe.average, (1 + done) / (10 + done))
    average, generator = (trained.engine.plain[name] for name in ("average", "generator"))
    for kept, new in zip(average.parameters(), generator.parameters(), strict=True):
        kept.lerp_(new, 1 - decay)


@torch.no_grad()
def _score(trained: _Trained, pairs: Pairs) -> tuple[FilmScores, list[NDArray[np.uint8]]]:
    """The figures of a split, and the first few of its cases as rows of pictures."""
    network = trained.engine.plain[trained.kept].eval()
    scores = FilmScores()
    samples: list[NDArray[np.uint8]] = []
    for loaded in pairs.in_order():
        batch = _on_device(trained.engine, loaded)
        made = _made(network, batch)
        for one, real, film, inside in zip(
            loaded.inputs, loaded.films, made.cpu(), loaded.inside, strict=True
        ):
            made_levels, real_levels = contrast.levels(film[0].numpy()), contrast.levels(real[0].numpy())
            scores.add(real_levels, made_levels, inside[0].numpy() > 0)
            if len(samples) < _SAMPLES:
                samples.append(_row(one.numpy(), pairs.recipe, real_levels, made_levels))
    return scores, samples


def _calibrate(trained: _Trained, pairs: Pairs) -> None:
    """Measure on these pairs how far the column that is found must be driven; see `ColumnNetwork`."""
    if trained.column is None:
        return
    network = _finder(trained)
    network.gain.fill_(1.0)
    found, true = _columns(trained, pairs)
    network.gain.fill_(unbiased_gain(found, true, network.expected.cpu().numpy(), pairs.recipe.size))


def _column_figures(trained: _Trained, pairs: Pairs) -> dict[str, float]:
    """How far off the vertebrae are that the film is drawn around, and their major angle; where such are."""
    if trained.column is None:
        return {}
    found, true = _columns(trained, pairs)
    figures = {
        "column_gain": float(_finder(trained).gain),
        "column_error_px_median": float(np.median(np.linalg.norm(found - true, axis=2))),
    }
    off = angles_deg(found, pairs.recipe.size) - angles_deg(true, pairs.recipe.size)
    off = off[np.isfinite(off)]
    if off.size:
        figures |= {
            "column_cobb_mae_deg": float(np.abs(off).mean()),
            "column_cobb_bias_deg": float(off.mean()),
        }
    return figures


@torch.no_grad()
def _columns(trained: _Trained, pairs: Pairs) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The corners (n, 68, 2) that are found on each back, and the true ones."""
    network, device = _finder(trained).eval(), trained.engine.fabric.device
    both = [(network(batch.inputs.to(device)).cpu(), batch.corners_px) for batch in pairs.in_order()]
    found, true = (torch.cat(one).double().numpy() for one in zip(*both, strict=True))
    return found, true


def _finder(trained: _Trained) -> column.ColumnNetwork:
    return cast(column.ColumnNetwork, trained.engine.plain["column"])


def _row(
    planes: NDArray[np.float32], recipe: SynthesisRecipe, real: NDArray[np.uint8], made: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """(H, n W, 3): the back in colour and depth, the real film, the synthetic one."""
    pictures: list[NDArray[np.uint8]] = []
    first = 0
    for channel in recipe.channels:
        count = 3 if channel == "colour" else 1
        seen = contrast.levels(planes[first : first + count])
        pictures.append(np.moveaxis(np.broadcast_to(seen, (3, *seen.shape[1:])), 0, 2))
        first += count
    return np.hstack([*pictures, *(np.repeat(film[:, :, None], 3, axis=2) for film in (real, made))])


def _save_samples(run: RunDir, epoch: int, rows: list[NDArray[np.uint8]]) -> None:
    """samples/epoch-00012.png: one row a case; colour, depth, real film, synthetic film."""
    sheet = cv2.cvtColor(np.vstack(rows), cv2.COLOR_RGB2BGR)
    content = cv2.imencode(".png", sheet)[1].tobytes()
    path = run.file("samples", f"epoch-{epoch:05d}.png")
    write_bytes(path, content)


def _result(trained: _Trained, best: Best, validation: Pairs, test: Pairs) -> dict[str, Any]:
    """Measure the best weights on validation and test, and put them in place."""
    digest = trained.engine.load_best(trained.kept)
    splits = {"validation": validation} | ({"test": test} if len(test) else {})
    scored = {
        name: _score(trained, pairs)[0].summary() | _column_figures(trained, pairs)
        for name, pairs in splits.items()
    }
    return {
        "best_epoch": best.epoch,
        "weights_sha256": digest,
        "metrics": scored,
        **trained.engine.facts(trained.kept),
    }
