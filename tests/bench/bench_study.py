"""From a back to its synthetic film by the weights that ship: what one study waits for, on two threads.

Each stage as a worker runs it: a run folder, a program on it, its result. `anew` starts the interpreter and
imports torch for each; `warm` is what workers do. The way of the rows and files through database and store
is not in it: see `bench_web` and `bench_import`.
"""

import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "2")

from measure import report

from inference import runner, warm
from inference.experiments.phantoms import pairs_of
from inference.networks import weights
from inference.phantom.options import Options
from inference.phantom.study import write_study
from inference.rundir import Points, RunDir, sha256_of
from inference.runner import Ending, Limits, Order
from inference.shipped import shipped

TIMES = 5
LIMITS = Limits(wall_s=120, memory_bytes=2**40, beat_s=1, lease_s=60)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        write_study(base / "studies", 11, 1, Options())
        data = pairs_of(base / "studies", base / "pairs")
        for name, warm_too in (("anew", False), ("warm", True)):
            runner._WARM = {"inference.prediction": "inference.prediction.start"} if warm_too else {}
            taken: dict[str, list[float]] = {"landmarks": [], "film": [], "both": []}
            for _ in range(TIMES + 1):
                points, landmarks_ms = predicted(data, base / "landmarks", "backs", None)
                _, film_ms = predicted(data, base / "film", "films", points)
                for part, ms in zip(taken, (landmarks_ms, film_ms, landmarks_ms + film_ms), strict=True):
                    taken[part].append(ms)
            for part, values in taken.items():
                aim = "2,000" if part == "both" else ""
                report(f"one study, {part}, {name}", values[1:], aim=aim)
        warm.stop()


def predicted(data: RunDir, path: Path, name: str, points: Points | None) -> tuple[Points, float]:
    """What the shipped weights of that name say of the first case, and the ms from folder to result."""
    known = shipped(name)
    run = RunDir(path)
    (run.path / "result.json").unlink(missing_ok=True)
    for part in ("images", "depth"):
        if not (run.path / part).exists():
            os.symlink(data.path / part, run.path / part)
    (run.path / "weights.safetensors").write_bytes(known.path.read_bytes())
    case = replace(data.cases()[0], split="predict", film=None)
    card = weights.read_tensors(known.path)[1]
    spec = {"recipe": card["recipe"], "schema": card["schema"], "weights_sha256": sha256_of(known.path)}
    run.write_spec(spec, [case if points is None else replace(case, points_px=points)])
    began = time.perf_counter()
    outcome = runner.supervise("inference.prediction", run, beat=lambda *_: Order.CARRY_ON, limits=LIMITS)
    taken_ms = (time.perf_counter() - began) * 1000
    assert outcome.ending is Ending.SUCCEEDED, outcome.reason
    (answer,) = run.result()["cases"]
    return tuple((point["x"], point["y"]) for point in answer["points"]), taken_ms


if __name__ == "__main__":
    main()
