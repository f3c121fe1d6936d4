"""What the networks of a study cost: a picture through each, and how many a training takes a second.

Two threads, as on the machine of the figures in README. Predictions run HRNets channels-last and generators
as they are; the others are what the same weights would take, each with how far its answer is from the eager
one. ONNX Runtime and OpenVINO are measured where they are installed (`pip install onnx onnxruntime
openvino`), bfloat16 where the processor has instructions for it. The least there could be is the work of a
network at the speed of large matrix products, which is measured before each network, since a machine is not
always equally fast: beside a time stands how many times that least time in fp32 it is. The aim is 1.3 for the
fastest of each network.
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
from measure import percentile, report, timed_ms
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

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
HAS_BF16 = any(has for what, has in torch.cpu.get_capabilities().items() if what.endswith("bf16"))


def main() -> None:
    torch.set_num_threads(2)
    if HAS_BF16:
        report("matrix products, bf16", [gflops(torch.bfloat16)], unit="GFLOP/s")
    for name, network, shape in (
        ("HRNet-W18, 576 x 576", HRNet(channels=5, points=6, width=18), (5, 576, 576)),
        ("HRNet-W18, 384 x 384", HRNet(channels=5, points=6, width=18), (5, 384, 384)),
        ("HRNet-W32, 576 x 576", HRNet(channels=5, points=6, width=32, version=1), (5, 576, 576)),
        ("ResNet-9, 128 x 256", ResNetGenerator(channels=10), (10, 256, 128)),
    ):
        fp32 = gflops(torch.float32)
        report(f"matrix products, fp32, before {name}", [fp32], unit="GFLOP/s")
        one_network(name, network.eval(), torch.randn(1, *shape), fp32)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    report("networks, peak memory of this process", [peak], unit="MiB")
    training(
        "landmarks, U-Net 128 px", replace(landmarks.RECIPES[-1], image_px=128, width=8, batch=8), make_run
    )
    training("films, ResNet-6 width 8", replace(synthesis.RECIPES[-1], width=8, batch=4), make_pairs)


def gflops(kind: torch.dtype, size: int = 2048) -> float:
    """Thousand million floating-point operations a second in products of large square matrices, at best."""
    left, right = torch.randn(size, size).to(kind), torch.randn(size, size).to(kind)
    return 2 * size**3 / min(timed_ms(lambda: left @ right, 2 * TIMES)) / 1e6


@torch.inference_mode()
def one_network(name: str, network: nn.Module, picture: Tensor, fp32_gflops: float) -> None:
    with FlopCounterMode(display=False) as counter:
        truth = network(picture)
    least_ms = counter.get_total_flops() / fp32_gflops / 1e6
    as_any = cast(Any, network)  # torch's types do not know memory_format

    def measure(how: str, act: Callable[[], Tensor]) -> None:
        taken = timed_ms(act, TIMES, 1)
        off = float((act().float() - truth).abs().max() / truth.abs().max())
        note = (
            f"{percentile(taken, 50) / least_ms:.2f} times {least_ms:.0f} ms; off by {off:.0e} of the largest"
        )
        report(f"{name}, {how}", taken, note=note)

    measure("eager", lambda: network(picture))
    other = picture.contiguous(memory_format=torch.channels_last)
    laid_out = as_any.to(memory_format=torch.channels_last)
    measure("channels-last", lambda: laid_out(other))
    if HAS_BF16:
        with torch.autocast("cpu", torch.bfloat16):
            measure("bf16 channels-last", lambda: laid_out(other))
    as_any.to(memory_format=torch.contiguous_format)
    if not importlib.util.find_spec("onnx"):
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.onnx"
        torch.onnx.export(network, (picture,), str(path), dynamo=False, opset_version=17)
        sessions = {
            title: session(path)
            for module, title, session in (
                ("onnxruntime", "ONNX Runtime", onnxruntime_session),
                ("openvino", "OpenVINO", openvino_session),
            )
            if importlib.util.find_spec(module)
        }
    for title, run in sessions.items():
        measure(title, lambda run=run: torch.from_numpy(run(picture.numpy())))  # type: ignore[misc]


def onnxruntime_session(path: Path) -> Callable[[Any], Any]:
    onnxruntime = importlib.import_module("onnxruntime")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    session = onnxruntime.InferenceSession(str(path), options, ["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda values: session.run(None, {name: values})[0]


def openvino_session(path: Path) -> Callable[[Any], Any]:
    openvino = importlib.import_module("openvino")
    core = openvino.Core()
    # It would take bfloat16 by itself where the processor has it.
    exact = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 2}
    request = core.compile_model(core.read_model(str(path)), "CPU", exact).create_infer_request()
    return lambda values: request.infer({0: values})[0].copy()


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
