"""The training of the finder and the strip network, side by side, from top to bottom."""

import copy
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from inference.networks.straightened import Straightened
from inference.networks.vertebra_reader import FINDER_LEAST_WIDTH, FINDER_PX, VertebraReader
from inference.recipes.vertebrae import VertebraRecipe
from inference.rundir import RunDir, RunError
from inference.training.engine import Best, Clock, Engine
from inference.training.vertebra_cases import LabelledFilm, is_learnable, labelled
from inference.training.vertebra_losses import StripWanted, finder_loss, strip_loss
from inference.training.vertebra_samples import Kept, finder_sample, keep, strip_sample
from inference.vertebrae.scores import FilmScore, score, summary

_AVERAGE = 0.99
_WARM_STEPS = 50
_LARGEST_GRADIENT = 5.0


@dataclass
class _Trained:
    """The network as Fabric runs it, and the moving average of its weights, which is what is kept."""

    engine: Engine
    network: Any
    average: Straightened
    recipe: VertebraRecipe
    steps_done: int = 0


@dataclass(frozen=True, slots=True)
class _Batch:
    strips: Tensor
    strip_wanted: StripWanted
    films: Tensor
    film_wanted: tuple[Tensor, Tensor, Tensor]


def train(run: RunDir, recipe: VertebraRecipe) -> None:
    """Train what spec.json asks for; leave weights.safetensors and result.json. Raises RunError."""
    (train_films, lacking), (validation, _), (test, _) = (
        labelled(run, split) for split in ("train", "validation", "test")
    )
    odd = [film.image for film in train_films if not is_learnable(film)] if recipe.leave_odd else []
    kept = [keep(film.film, film.corners_px) for film in train_films if film.image not in odd]
    if not kept or not validation:
        raise RunError(
            "A training needs at least one film to train on and one to validate on, with all 68 corners."
        )
    seen = [keep(film.film, film.corners_px) for film in validation if is_learnable(film)]
    trained = _build(run, recipe)
    engine = trained.engine
    first, best = engine.resume()
    rounds = max(1, -(-recipe.least_samples // len(kept)))
    clock = Clock(steps=-(-len(kept) * rounds // recipe.batch), epochs=recipe.epochs, first=first)
    trained.steps_done = first * clock.steps
    print(f"{len(kept)} films to train on ({lacking} lack corners, {len(odd)} are labelled out of order),")
    print(f"{len(validation)} to validate, {len(test)} to test, on {engine.fabric.device}", flush=True)

    for epoch in range(first + 1, recipe.epochs + 1):
        if best.stale(epoch - 1, recipe.patience):
            print(f"no better validation for {recipe.patience} epochs: stopped", flush=True)
            break
        engine.set_rates(epoch)
        train_loss = _train_epoch(trained, kept, rounds, epoch, clock)
        validation_loss = _validate(trained, seen)
        if validation_loss < best.loss:
            best = Best(epoch, validation_loss, {})
            engine.save_best("average")
        where = {"kind": "epoch", "epoch": epoch, "epochs": recipe.epochs, "eta_s": clock.eta_s(epoch + 1, 0)}
        line = {**where, "train_loss": train_loss, "validation_loss": validation_loss}
        engine.save_checkpoint(epoch, best, line)
        engine.tell(line)
        print(f"epoch {epoch}: loss {train_loss:.5g}, validation {validation_loss:.5g}", flush=True)

    result = _result(trained, best, validation, test)
    if engine.writes:
        run.write_result({**result, "left_out": {"lacking_corners": lacking, "out_of_order": odd}})


def _build(run: RunDir, recipe: VertebraRecipe) -> _Trained:
    engine = Engine(run, recipe)
    plain = Straightened(width=recipe.width, finder_width=recipe.finder_width)
    plain = plain.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = copy.deepcopy(plain)
    optimiser = torch.optim.AdamW(
        plain.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
    )
    network = engine.add("network", plain, optimiser)
    trained = _Trained(engine, network, engine.add("average", average), recipe)
    if engine.start("network"):
        average.load_state_dict(plain.state_dict())
    return trained


def _train_epoch(trained: _Trained, kept: list[Kept], rounds: int, epoch: int, clock: Clock) -> float:
    """One pass over the films; the mean loss."""
    engine, optimiser = trained.engine, trained.engine.optimisers["network"]
    trained.network.train()
    order = np.random.default_rng([trained.recipe.seed, epoch]).permutation(len(kept) * rounds)
    total, steps = 0.0, 0
    for step, batch in enumerate(_batches(trained, kept, order, epoch), start=1):
        _warm_up(trained, optimiser)
        optimiser.zero_grad()
        loss = _loss(trained, trained.network, batch)
        engine.fabric.backward(loss)
        engine.fabric.clip_gradients(trained.network, optimiser, max_norm=_LARGEST_GRADIENT)
        optimiser.step()
        trained.steps_done += 1
        _follow(trained)
        value = engine.finite(loss, epoch, step)
        total, steps = total + value, step
        if clock.due():
            engine.tell(clock.step_line(epoch, step, value))
    return total / steps


def _warm_up(trained: _Trained, optimiser: Any) -> None:
    """The first steps are small: batch normalisation has seen nothing yet."""
    share = min(1.0, (trained.steps_done + 1) / _WARM_STEPS)
    if share < 1:
        for group in optimiser.param_groups:
            group["lr"] = trained.recipe.learning_rate * share


@torch.no_grad()
def _follow(trained: _Trained) -> None:
    """Move the average towards the network: fast at first, then by a hundredth of the way."""
    decay = min(_AVERAGE, (1 + trained.steps_done) / (10 + trained.steps_done))
    plain = trained.engine.plain["network"].state_dict()
    for name, value in trained.average.state_dict().items():
        if value.is_floating_point():
            value.lerp_(plain[name], 1 - decay)
        else:
            value.copy_(plain[name])


def _batches(trained: _Trained, kept: list[Kept], order: Any, epoch: int) -> Iterator[_Batch]:
    """The batches of one epoch; every move follows from seed, epoch, round and film. With several processes
    each takes its share of every batch."""
    recipe, fabric = trained.recipe, trained.engine.fabric
    for start in range(0, len(order), recipe.batch):
        mine = order[start : start + recipe.batch][fabric.global_rank :: fabric.world_size]
        pairs = [divmod(int(place), len(kept)) for place in mine]
        rngs = [np.random.default_rng([recipe.seed, epoch, turn, index]) for turn, index in pairs]
        if pairs:
            yield _batch(trained, [kept[index] for _, index in pairs], rngs)


def _batch(trained: _Trained, films: list[Kept], rngs: list[np.random.Generator] | None) -> _Batch:
    """Strips and small films of a batch; without generators as they are."""
    recipe = trained.recipe
    chosen: list[np.random.Generator | None] = list(rngs) if rngs else [None] * len(films)
    strips = [strip_sample(film, recipe, rng) for film, rng in zip(films, chosen, strict=True)]
    small = [
        finder_sample(film, recipe, rng, FINDER_PX, FINDER_LEAST_WIDTH)
        for film, rng in zip(films, chosen, strict=True)
    ]
    targets = [target for _, target in strips]
    to = trained.engine.fabric.to_device

    def stacked(arrays: list[Any]) -> Tensor:
        return to(torch.from_numpy(np.stack(arrays).astype(np.float32)))

    return _Batch(
        strips=stacked([greys for greys, _ in strips]),
        strip_wanted=StripWanted(
            heats=stacked([target.heats for target in targets]),
            regressed=stacked([target.regressed for target in targets]),
            near=stacked([target.near[None] for target in targets]),
            level=stacked([target.level[None, :, None] for target in targets]),
            on_column=stacked([target.on_column[None] for target in targets]),
        ),
        films=stacked([greys for greys, _ in small]),
        film_wanted=(
            stacked([line for _, (line, _, _) in small]),
            stacked([level[None, :, None] for _, (_, level, _) in small]),
            stacked([asked[None] for _, (_, _, asked) in small]),
        ),
    )


def _loss(trained: _Trained, network: Any, batch: _Batch) -> Tensor:
    strips, films = network(batch.strips.contiguous(memory_format=torch.channels_last), batch.films)
    return strip_loss(strips.float(), batch.strip_wanted) + finder_loss(films.float(), *batch.film_wanted)


@torch.no_grad()
def _validate(trained: _Trained, films: list[Kept]) -> float:
    """The mean loss of the averaged network over unmoved films; infinite when none can be learned from."""
    trained.average.eval()
    size = trained.recipe.batch
    losses = []
    for start in range(0, len(films), size):
        batch = _batch(trained, films[start : start + size], None)
        losses.append((float(_loss(trained, trained.average, batch)), len(batch.strips)))
    return sum(loss * n for loss, n in losses) / sum(n for _, n in losses) if losses else math.inf


def _result(
    trained: _Trained,
    best: Best,
    validation: list[LabelledFilm],
    test: list[LabelledFilm],
) -> dict[str, Any]:
    """Read the films of validation and test with the best weights, and put these in place."""
    digest = trained.engine.load_best("average")
    reader = VertebraReader(trained.average)
    metrics = {"validation": summary(_scores(reader, validation))}
    if test:
        metrics["test"] = summary(_scores(reader, test))
    return {
        "best_epoch": best.epoch,
        "weights_sha256": digest,
        "metrics": metrics,
        **trained.engine.facts("average"),
    }


def _scores(reader: VertebraReader, films: list[LabelledFilm]) -> list[FilmScore]:
    return [
        score(reader.read(film.film).corners_px, film.corners_px, film.film.shape[1], film.film.shape[0])
        for film in films
    ]
