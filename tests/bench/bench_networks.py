"""What the networks of a study cost: a picture through each, and how many a training takes a second.

Two threads, as on the machine of the figures in README. Eager is what predictions do; the others are what the
same weights would take, each with how far its answer is from the eager one. ONNX Runtime is measured where it
is installed. The least there could be, at 190 GFLOP/s (fp32) and 400 (bf16), is 545 or 258 ms for HRNet-W32
at 576 x 576 and 261 or 124 ms for ResNet-9 at 128 x 256; the aims are 1.3 times that.
"""

import importlib
import importlib.util
import os
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

os.environ.setdefault("OMP_NUM_THREADS", "2")
# As in the workers: threads that wait by spinning take the processor from whoever has work.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import torch
from measure import report, timed_ms
from torch import Tensor, nn

from inference.networks.hrnet import HRNet
from inference.networks.pix2pix import ResNetGenerator
from inference.recipes import landmarks, synthesis
from inference.recipes.base import Recipe
from inference.rundir import RunDir
from inference.training import dataset
from inference.training import landmarks as training_landmarks
from inference.training import synthesis as training_synthesis
from inference.training.start import train
from tests.inference.runs import make_pairs, make_run

TIMES = 5


def main() -> None:
    torch.set_num_threads(2)
    for name, network, shape, aim in (
        ("HRNet-W18, 576 x 576", HRNet(channels=5, points=6, width=18), (5, 576, 576), ""),
        ("HRNet-W18, 384 x 384", HRNet(channels=5, points=6, width=18), (5, 384, 384), ""),
        (
            "HRNet-W32, 576 x 576",
            HRNet(channels=5, points=6, width=32, version=1),
            (5, 576, 576),
            "708 / 335",
        ),
        ("ResNet-9, 128 x 256", ResNetGenerator(channels=10), (10, 256, 128), "339 / 161"),
    ):
        one_network(name, network.eval(), torch.randn(1, *shape), aim)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    report("networks, peak memory of this process", [peak], unit="MiB")
    training(
        "landmarks, U-Net 128 px", replace(landmarks.RECIPES[-1], image_px=128, width=8, batch=8), make_run
    )
    training("films, ResNet-6 width 8", replace(synthesis.RECIPES[-1], width=8, batch=4), make_pairs)


@torch.inference_mode()
def one_network(name: str, network: nn.Module, picture: Tensor, aim: str) -> None:
    truth, as_any = network(picture), cast(Any, network)  # torch's types do not know memory_format
    report(f"{name}, eager", timed_ms(lambda: network(picture), TIMES, 1), aim=aim)
    with torch.autocast("cpu", torch.bfloat16):
        measure(f"{name}, bf16", lambda: network(picture), truth, aim)
        laid_out = as_any.to(memory_format=torch.channels_last)
        other = picture.contiguous(memory_format=torch.channels_last)
        measure(f"{name}, bf16 channels-last", lambda: laid_out(other), truth, aim)
    as_any.to(memory_format=torch.contiguous_format)
    if importlib.util.find_spec("onnxruntime") and importlib.util.find_spec("onnx"):
        session = onnx_session(network, picture)
        measure(f"{name}, ONNX Runtime", lambda: torch.from_numpy(session(picture.numpy())), truth, aim)


def measure(name: str, act: Callable[[], Tensor], truth: Tensor, aim: str) -> None:
    taken = timed_ms(act, TIMES, 1)
    off = float((act().float() - truth).abs().max() / truth.abs().max())
    report(name, taken, aim=aim, note=f"off by {off:.1e} of the largest value")


def onnx_session(network: nn.Module, picture: Tensor) -> Callable[[Any], Any]:
    onnxruntime = importlib.import_module("onnxruntime")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.onnx"
        torch.onnx.export(network, (picture,), str(path), dynamo=False, opset_version=17)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 2
        session = onnxruntime.InferenceSession(str(path), options, ["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda values: session.run(None, {name: values})[0]


def training(name: str, recipe: Recipe, make: Callable[..., RunDir]) -> None:
    """Images a second over whole epochs, and the share of that time in which the loop waits for data."""
    recipe = replace(recipe, epochs=2, least_samples=64, seed=1)
    waited = [0.0]
    made_ahead = dataset.ahead

    def watched(batches: Iterator[Any]) -> Iterator[Any]:
        coming = made_ahead(batches)
        while True:
            began = time.perf_counter()
            batch = next(coming, None)
            waited[0] += time.perf_counter() - began
            if batch is None:
                return
            yield batch

    for loop in (training_landmarks, training_synthesis):
        cast(Any, loop).ahead = watched
    with tempfile.TemporaryDirectory() as folder:
        run = make(Path(folder) / "run", recipe, images=12)
        began = time.perf_counter()
        train(run)
        seconds = time.perf_counter() - began
    report(
        f"training, {name}", [2 * 64 / seconds], unit="images/s", note="validation and checkpoints included"
    )
    report(f"training, {name}: waiting for data", [100 * waited[0] / seconds], unit="%", aim="< 5")


if __name__ == "__main__":
    main()
