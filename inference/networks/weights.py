"""Weights in and out of files: safetensors only, so that a model file cannot run anything.

A weights file holds the network's tensors and, in its header, a JSON text that says what they are: recipe,
schema, snapshot. A file is believed only when its names, shapes and types are exactly those of the network.
"""

import json
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from inference.rundir import RunError, sha256_of

_CARD = "spineweb"


def save_tensors(path: Path, tensors: dict[str, Tensor], card: dict[str, Any]) -> None:
    """Write tensors, moved to the CPU, and the JSON card beside them in the header. Raises OSError."""
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    # Not by safetensors' own save_file, which does not say that the disk is full so that a program hears it.
    path.write_bytes(save(plain, metadata={_CARD: json.dumps(card, allow_nan=False)}))


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors and the card of a file. Raises RunError where it is not one of ours."""
    tensors, metadata = _read(path)
    if _CARD not in metadata:
        raise RunError(f"{path.name} does not say what it is; it was not written by SpineWeb.")
    return tensors, dict(json.loads(metadata[_CARD]))


def read_named(path: Path, digest: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """As `read_tensors`, of the file whose bytes have this SHA-256 and no other."""
    if not path.is_file() or sha256_of(path) != digest:
        raise RunError("The weights are missing or are not the bytes that this model version names.")
    return read_tensors(path)


def read_foreign(path: Path) -> dict[str, Tensor]:
    """The tensors of anybody's safetensors file. Raises RunError where it is none."""
    return _read(path)[0]


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            return tensors, file.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise RunError(f"{path.name} is not a readable safetensors file: {error}") from error


Network = TypeVar("Network", bound=nn.Module)


def ready(network: Network) -> Network:
    """The network set to answer: in evaluation mode, its channels laid together.

    An HRNet on a CPU then takes two thirds of the time for the same answer: `tests/bench/bench_networks.py`.
    """
    # Torch's types do not know the memory format.
    return network.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def load_into(network: nn.Module, tensors: dict[str, Tensor], where: str) -> None:
    """Put tensors into a network. Raises RunError when they belong to another architecture.

    Weights that ship are stored in half precision, and computed with in single. What a module names in
    `LATER` older files lack: it stays as it is.
    """
    expected = network.state_dict()
    tensors = {name: one.float() if one.dtype == torch.float16 else one for name, one in tensors.items()}
    for where_in, module in network.named_modules():
        for name in getattr(module, "LATER", ()):
            whole = f"{where_in}.{name}".removeprefix(".")
            tensors.setdefault(whole, expected[whole])
    for name in sorted(expected.keys() ^ tensors.keys()):
        side = "lacks" if name in expected else "has an unknown"
        raise RunError(f"{where} is for another network: it {side} {name}.")
    for name, tensor in tensors.items():
        if tensor.shape != expected[name].shape or tensor.dtype != expected[name].dtype:
            raise RunError(
                f"{where} is for another network: {name} is {tuple(tensor.shape)} {tensor.dtype}, "
                f"not {tuple(expected[name].shape)} {expected[name].dtype}."
            )
    if any(tensor.is_floating_point() and not torch.isfinite(tensor).all() for tensor in tensors.values()):
        raise RunError(f"{where} holds numbers that are not finite.")
    network.load_state_dict(tensors)
