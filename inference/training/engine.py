"""What every training loop stands on: the device, the checkpoints, the best epoch so far, the clock.

Lightning Fabric carries device, precision and processes. After each epoch everything that the next one needs
(networks, optimisers, best so far) is in one safetensors checkpoint; a killed training goes on from there.
With several processes (`devices` in spec.json, or Fabric's own launcher) each sees its share of every batch,
and the first one writes.
"""

import math
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from lightning.fabric import Fabric
from torch import Tensor, nn

from inference.networks import weights
from inference.recipes.base import Precision, Recipe, rate_factor
from inference.rundir import START, RunDir, RunError, sha256_of

_SECONDS_BETWEEN_STEP_LINES = 0.5
# What of a spec is written into the header of the weights.
CARD = ("recipe", "schema", "film_schema", "snapshot_digest", "held_to", "start_from", "commit")


@dataclass
class Best:
    """The epoch with the lowest validation loss so far; its weights lie in best.safetensors."""

    epoch: int = 0
    loss: float = math.inf
    metrics: dict[str, float] = field(default_factory=dict)

    def stale(self, epoch: int, patience: int) -> bool:
        """Whether `patience` epochs went by without a better one; 0 waits for ever."""
        return 0 < patience <= epoch - self.epoch


class Engine:
    """Networks and optimisers by name, on Fabric's device, and their way through checkpoints.

    Networks are initialised on the CPU from the recipe's seed, in the order in which a loop makes them.
    """

    def __init__(self, run: RunDir, recipe: Recipe) -> None:
        spec = run.spec()
        torch.manual_seed(recipe.seed)
        torch.use_deterministic_algorithms(True, warn_only=True)
        self.run, self.recipe, self.card = run, recipe, {name: spec.get(name) for name in CARD}
        accelerator = str(spec.get("accelerator", "auto"))
        self.precision = precision_here(recipe.precision, accelerator)
        self.fabric = Fabric(
            accelerator=accelerator,
            devices=int(spec.get("devices", 1)),
            precision=self.precision,
        )
        self.fabric.launch()
        self._began, self._before_s = time.monotonic(), 0.0
        self.plain: dict[str, nn.Module] = {}
        self.optimisers: dict[str, Any] = {}
        self._assembled: set[str] = set()

    def add(self, name: str, network: nn.Module, optimiser: torch.optim.Optimizer | None = None) -> Any:
        """Carry a network through checkpoints; without an optimiser it is not trained (an average, say).

        Returns the network as Fabric runs it.
        """
        # Convolutions on a CPU are faster by a third on channels that lie together, and twice with bf16.
        self.plain[name] = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        if optimiser is None:
            return network.to(self.fabric.device)
        carried, self.optimisers[name] = self.fabric.setup(network, optimiser)
        return carried

    def assemble(self, name: str, network: nn.Module) -> None:
        """A network made of others that are carried already: it can be kept as the best, and be measured."""
        self.plain[name] = network
        self._assembled.add(name)

    def start(self, name: str) -> bool:
        """Begin the network `name` from the weights in the run folder; whether there are such.

        Before `resume`, whose checkpoint counts more. Raises RunError where they are another network's.
        """
        path = self.run.path / START
        if not path.is_file():
            return False
        tensors, card = weights.read_tensors(path)
        weights.load_into(self.plain[name], tensors, path.name)
        if card.get("calibration"):
            # Of the intervals: nearer to the truth for what is refined than none.
            self.card["calibration"] = card["calibration"]
        print(f"{name} begins from {path.name}", flush=True)
        return True

    @property
    def writes(self) -> bool:
        """Whether this is the process that writes to the run folder."""
        return bool(self.fabric.is_global_zero)

    def tell(self, line: dict[str, Any]) -> None:
        """One line of progress."""
        if self.writes:
            self.run.append_progress(line)

    def set_rates(self, epoch: int, rates: Mapping[str, float] | None = None) -> None:
        """The learning rates of an epoch, by the recipe's schedule; `rates`: first values by optimiser."""
        factor = rate_factor(self.recipe.schedule, epoch, self.recipe.epochs)
        for name, optimiser in self.optimisers.items():
            for group in optimiser.param_groups:
                group["lr"] = (rates or {}).get(name, self.recipe.learning_rate) * factor

    def finite(self, loss: Tensor, epoch: int, step: int) -> float:
        """The loss as a number. Raises RunError where it is none."""
        value = float(loss.detach())
        if not math.isfinite(value):
            raise RunError(
                f"The loss became {value} in epoch {epoch}, step {step}. Try a lower learning rate."
            )
        return value

    # --- Checkpoints --------------------------------------------------------------------------------

    def save_best(self, name: str) -> None:
        """Keep the network `name` as the best so far."""
        if self.writes:
            state = self.plain[name].state_dict()
            self.run.replace("best.safetensors", lambda path: weights.save_tensors(path, state, self.card))

    def save_checkpoint(self, epoch: int, best: Best, line: dict[str, Any]) -> None:
        """All that the next epoch needs, and the line that tells of this one."""
        if not self.writes:
            return
        tensors: dict[str, Tensor] = {}
        for name, network in self._carried():
            tensors |= {f"network.{name}.{key}": tensor for key, tensor in network.state_dict().items()}
        for name, optimiser in self.optimisers.items():
            for index, state in optimiser.state_dict()["state"].items():
                tensors |= {f"optimiser.{name}.{index}.{key}": value for key, value in state.items()}
        card = {"epoch": epoch, "best": asdict(best), "line": line, "seconds": self._seconds()}
        self.run.save_checkpoint(epoch, lambda path: weights.save_tensors(path, tensors, card))

    def resume(self) -> tuple[int, Best]:
        """Take up the last whole checkpoint: the epoch it closed (0 for none) and the best so far."""
        found = self.run.last_checkpoint()
        if found is None:
            return 0, Best()
        epoch, path = found
        tensors, card = weights.read_tensors(path)
        for name, network in self._carried():
            weights.load_into(network, _under(f"network.{name}.", tensors), path.name)
        for name, optimiser in self.optimisers.items():
            state: dict[int, dict[str, Tensor]] = {}
            for key, tensor in _under(f"optimiser.{name}.", tensors).items():
                index, what = key.split(".", 1)
                state.setdefault(int(index), {})[what] = tensor
            groups = optimiser.state_dict()["param_groups"]
            optimiser.load_state_dict({"state": state, "param_groups": groups})
        self._before_s = float(card.get("seconds", 0.0))
        # Told again: a kill or a power cut may have come between the checkpoint and its line.
        self.tell(card["line"])
        return epoch, Best(**card["best"])

    def _carried(self) -> list[tuple[str, nn.Module]]:
        return [(name, network) for name, network in self.plain.items() if name not in self._assembled]

    def load_best(self, name: str) -> str:
        """Put the best weights into the network `name` and in place as the result; their SHA-256."""
        source, target = self.run.path / "best.safetensors", self.run.path / "weights.safetensors"
        tensors, card = weights.read_tensors(source)
        weights.load_into(self.plain[name], tensors, source.name)
        if self.writes:
            self.run.replace(target.name, lambda path: weights.save_tensors(path, tensors, card))
        self.fabric.barrier()
        return sha256_of(target)

    def put_into_card(self, facts: dict[str, Any]) -> str:
        """Say more in the header of the result's weights, measured by now on them; their new SHA-256."""
        target = self.run.path / "weights.safetensors"
        if self.writes:
            tensors, card = weights.read_tensors(target)
            self.run.replace(target.name, lambda path: weights.save_tensors(path, tensors, card | facts))
        self.fabric.barrier()
        return sha256_of(target)

    def _seconds(self) -> float:
        """How long it took so far, earlier tries up to their last checkpoint included."""
        return round(self._before_s + time.monotonic() - self._began, 3)

    def facts(self, name: str) -> dict[str, Any]:
        """What every result says of where and how it was trained."""
        return {
            "epochs": self.recipe.epochs,
            "parameters": sum(parameter.numel() for parameter in self.plain[name].parameters()),
            "device": str(self.fabric.device),
            "precision": self.precision,
            "torch": torch.__version__,
            "seconds": self._seconds(),
        }


def precision_here(asked: Precision, accelerator: str) -> Precision:
    """What a recipe asks for, or single precision on a processor that is no faster with bfloat16.

    Without matrix instructions for it (AMX) bfloat16 takes longer, two to three times without AVX-512's
    (`tests/bench/bench_networks.py`), and is less exact.
    """
    on_cpu = accelerator == "cpu" or (accelerator == "auto" and not torch.accelerator.is_available())
    if not on_cpu:
        return asked
    capabilities = torch.cpu.get_capabilities().items()
    faster = any(has for what, has in capabilities if what.endswith("bf16") and what != "avx512_bf16")
    return asked if faster else "32-true"


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


class Clock:
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

    def step_line(self, epoch: int, step: int, loss: float) -> dict[str, Any]:
        """The line of progress after a step."""
        where = {"epoch": epoch, "epochs": self.epochs, "step": step, "steps": self.steps}
        return {"kind": "step", **where, "loss": loss, "eta_s": self.eta_s(epoch, step)}
