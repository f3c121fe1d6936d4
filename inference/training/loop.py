"""The training loop, from top to bottom.

Lightning Fabric carries the device and the precision. After each epoch everything that the next one needs
(weights, optimiser, best so far) is in one safetensors checkpoint; a killed training goes on from there.
"""

import math
import time
from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from lightning.fabric import Fabric
from torch import Tensor, nn

from inference.networks import weights
from inference.networks.registry import build
from inference.recipes import Recipe
from inference.rundir import RunDir, RunError, sha256_of
from inference.training.dataset import Batch, Cases
from inference.training.losses import weighted_mse
from inference.training.metrics import Scores

_SECONDS_BETWEEN_STEP_LINES = 0.5


@dataclass
class Best:
    """The epoch with the lowest validation loss so far; its weights lie in best.safetensors."""

    epoch: int = 0
    loss: float = math.inf
    metrics: dict[str, float] = field(default_factory=dict)


@dataclass
class Engine:
    """What trains: the plain network (its own state), the same as Fabric runs it, and the optimiser."""

    plain: nn.Module
    network: Any
    optimiser: torch.optim.Optimizer
    fabric: Fabric
    recipe: Recipe


def train(run: RunDir) -> None:
    """Train what spec.json asks for; leave weights.safetensors and result.json. Raises RunError."""
    spec = run.spec()
    recipe = _recipe(spec)
    points: list[str] = spec["schema"]["points"]
    began = time.monotonic()
    cases = run.cases()
    train_cases, validation, test = (
        Cases(run, [case for case in cases if case.split == split], recipe, spec["schema"]["mirrored_order"])
        for split in ("train", "validation", "test")
    )
    if not len(train_cases) or not len(validation):
        raise RunError("A training needs at least one image to train on and one to validate on.")

    engine = _engine(recipe, len(points), str(spec.get("accelerator", "auto")))
    first, best = _resume(run, engine)
    clock = _Clock(steps=train_cases.steps(), epochs=recipe.epochs, first=first)
    print(f"{len(train_cases)} images to train on, {len(validation)} to validate, {len(test)} to test")
    print(f"on {engine.fabric.device}, from epoch {first + 1} to {recipe.epochs}", flush=True)

    for epoch in range(first + 1, recipe.epochs + 1):
        _set_rate(engine, epoch)
        train_loss = _train_epoch(run, engine, train_cases, epoch, clock)
        scores = _score(engine, validation, points)
        metrics = scores.summary()
        if scores.loss() < best.loss:
            best = Best(epoch, scores.loss(), metrics)
            _save_best(run, engine, spec)
        where = {"kind": "epoch", "epoch": epoch, "epochs": recipe.epochs, "eta_s": clock.eta_s(epoch + 1, 0)}
        line = {**where, "train_loss": train_loss, "validation_loss": scores.loss(), **metrics}
        _save_checkpoint(run, engine, epoch, best, line)
        run.append_progress(line)
        print(f"epoch {epoch}: loss {train_loss:.5g}, validation {scores.loss():.5g}", flush=True)

    run.write_result(_finish(run, engine, best, validation, test, points, time.monotonic() - began))


def _recipe(spec: dict[str, Any]) -> Recipe:
    try:
        return Recipe.from_dict(spec["recipe"])
    except (KeyError, ValueError) as error:
        raise RunError(f"spec.json: {error}") from error


def _engine(recipe: Recipe, points: int, accelerator: str) -> Engine:
    """Network and optimiser, initialised from the recipe's seed on the CPU, then moved to the device."""
    torch.manual_seed(recipe.seed)
    torch.use_deterministic_algorithms(True, warn_only=True)
    fabric = Fabric(accelerator=accelerator, devices=1, precision=recipe.precision)
    fabric.launch()
    plain = build(recipe, points)
    optimiser = torch.optim.AdamW(
        plain.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
    )
    network, optimiser = fabric.setup(plain, optimiser)
    return Engine(plain, network, optimiser, fabric, recipe)


def _set_rate(engine: Engine, epoch: int) -> None:
    """Cosine decay to 1 % (Loshchilov, Hutter: SGDR, 2017); a function of the epoch, so nothing to resume."""
    share = (epoch - 1) / max(engine.recipe.epochs - 1, 1)
    factor = 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * share))
    for group in engine.optimiser.param_groups:
        group["lr"] = engine.recipe.learning_rate * factor


def _train_epoch(run: RunDir, engine: Engine, cases: Cases, epoch: int, clock: "_Clock") -> float:
    """One pass over the cases; the mean loss."""
    engine.network.train()
    total = 0.0
    for step, batch in enumerate(cases.shuffled(epoch), start=1):
        engine.optimiser.zero_grad()
        loss, _ = _loss(engine, batch)
        engine.fabric.backward(loss)
        engine.optimiser.step()
        value = float(loss.detach())
        if not math.isfinite(value):
            raise RunError(
                f"The loss became {value} in epoch {epoch}, step {step}. Try a lower learning rate."
            )
        total += value * len(batch.inputs)
        if clock.due():
            where = {"epoch": epoch, "epochs": clock.epochs, "step": step, "steps": clock.steps}
            run.append_progress({"kind": "step", **where, "loss": value, "eta_s": clock.eta_s(epoch, step)})
    return total / (len(cases) * cases.rounds())


def _loss(engine: Engine, batch: Batch) -> tuple[Tensor, Tensor]:
    inputs, targets, known = engine.fabric.to_device((batch.inputs, batch.targets, batch.known))
    maps = engine.network(inputs).float()
    return weighted_mse(maps, targets, known, engine.recipe.foreground_weight), maps


@torch.no_grad()
def _score(engine: Engine, cases: Cases, points: list[str]) -> Scores:
    engine.network.eval()
    scores = Scores(points)
    for batch in cases.in_order():
        loss, maps = _loss(engine, batch)
        scores.add(batch, maps.cpu().numpy(), float(loss), engine.recipe.heatmap_stride)
    return scores


# --- Checkpoints -------------------------------------------------------------------------------------


def _save_best(run: RunDir, engine: Engine, spec: dict[str, Any]) -> None:
    card = {name: spec.get(name) for name in ("recipe", "schema", "snapshot_digest", "commit")}
    run.replace("best.safetensors", lambda path: weights.save_tensors(path, engine.plain.state_dict(), card))


def _save_checkpoint(run: RunDir, engine: Engine, epoch: int, best: Best, line: dict[str, Any]) -> None:
    tensors = {f"network.{name}": tensor for name, tensor in engine.plain.state_dict().items()}
    for index, state in engine.optimiser.state_dict()["state"].items():
        tensors.update({f"optimiser.{index}.{name}": value for name, value in state.items()})
    card = {"epoch": epoch, "best": asdict(best), "line": line}
    run.save_checkpoint(epoch, lambda path: weights.save_tensors(path, tensors, card))


def _resume(run: RunDir, engine: Engine) -> tuple[int, Best]:
    """Put the last whole checkpoint into the engine; the epoch it closed (0 for none) and the best so far."""
    found = run.last_checkpoint()
    if found is None:
        return 0, Best()
    epoch, path = found
    tensors, card = weights.read_tensors(path)
    network = {name.removeprefix("network."): t for name, t in tensors.items() if name.startswith("network.")}
    weights.load_into(engine.plain, network, path.name)
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith("optimiser."):
            _, index, key = name.split(".", 2)
            state.setdefault(int(index), {})[key] = tensor
    groups = engine.optimiser.state_dict()["param_groups"]
    engine.optimiser.load_state_dict({"state": state, "param_groups": groups})
    # Told again: a kill or a power cut may have come between the checkpoint and its line.
    if "line" in card:
        run.append_progress(card["line"])
    return epoch, Best(**card["best"])


def _finish(
    run: RunDir, engine: Engine, best: Best, validation: Cases, test: Cases, points: list[str], seconds: float
) -> dict[str, Any]:
    """Measure the best weights on validation and test, and put them in place."""
    source = run.path / "best.safetensors"
    tensors, card = weights.read_tensors(source)
    weights.load_into(engine.plain, tensors, source.name)
    target = run.path / "weights.safetensors"
    run.replace(target.name, lambda path: weights.save_tensors(path, tensors, card))
    scored = {"validation": _score(engine, validation, points)}
    if len(test):
        scored["test"] = _score(engine, test, points)
    return {
        "best_epoch": best.epoch,
        "epochs": engine.recipe.epochs,
        "weights_sha256": sha256_of(target),
        "metrics": {split: {**s.summary(), "error_px_by_point": s.by_point()} for split, s in scored.items()},
        "parameters": sum(parameter.numel() for parameter in engine.plain.parameters()),
        "device": str(engine.fabric.device),
        "torch": torch.__version__,
        "seconds": round(seconds, 3),
    }


class _Clock:
    """When a step deserves a line, and how long the rest will take at the pace of this process so far."""

    def __init__(self, *, steps: int, epochs: int, first: int) -> None:
        self.steps, self.epochs, self._first = steps, epochs, first
        self._began = time.monotonic()
        self._last_line = -math.inf

    def due(self) -> bool:
        now = time.monotonic()
        if now - self._last_line < _SECONDS_BETWEEN_STEP_LINES:
            return False
        self._last_line = now
        return True

    def eta_s(self, epoch: int, step: int) -> float:
        """Seconds left after `step` steps of `epoch`."""
        done = (epoch - 1 - self._first) * self.steps + step
        left = (self.epochs - epoch + 1) * self.steps - step
        return round(left * (time.monotonic() - self._began) / max(done, 1), 1)
