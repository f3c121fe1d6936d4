"""The phantom as a person runs it: studies per second on two processes, its memory, and cost against N.

Each study is whole: colour, depth, a radiograph 1024 px high, skin maps and all labels, on disk.
"""

import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import psutil
from measure import report

from annotation.spine.cobb import find_curves
from inference.phantom.curves import designed_curves
from inference.phantom.design import draw_study
from inference.phantom.morphometry import FIRST_LABELLED, LABELLED
from inference.phantom.options import Options
from inference.phantom.spine import build

FEW, MANY = 8, 32
SPINES = 1000


def written(count: int, *options: str) -> tuple[float, float]:
    """Seconds to write so many studies with two processes, and the most memory they held together, MiB."""
    with tempfile.TemporaryDirectory() as folder:
        line = [sys.executable, "-m", "inference.phantom", folder, "--count", str(count), "--seed", "1"]
        began = time.perf_counter()
        process = subprocess.Popen([*line, *options], stderr=subprocess.DEVNULL)
        held: list[float] = []
        watch = threading.Thread(target=_watch, args=(process.pid, held))
        watch.start()
        code = process.wait()
        taken_s = time.perf_counter() - began
        watch.join()
        if code or len(list(Path(folder).glob("phantom-*"))) != count:
            raise SystemExit(f"the phantom ended with {code}")
        return taken_s, max(held)


def _watch(pid: int, held: list[float]) -> None:
    """Note the memory of a process and its children until it ends."""
    while True:
        try:
            family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
            held.append(sum(one.memory_info().rss for one in family) / 2**20)
        except psutil.NoSuchProcess:
            return
        time.sleep(0.1)


def worst_angle_deg() -> float:
    """The largest difference between a designed Cobb angle and the one read from the corners on the film."""
    worst = 0.0
    for index in range(SPINES):
        design = draw_study(77, index, Options())
        corners = design.film.project(build(design.spine, design.film).corners[FIRST_LABELLED:])
        found = find_curves(corners, LABELLED, patient_right_at_image_right=True)
        for read, drawn in zip(found, designed_curves(design.spine.plan), strict=True):
            worst = max(worst, abs(read.angle_deg - drawn.cobb_deg))
    return worst


def main() -> None:
    load = f"load before: {os.getloadavg()[0]:.1f}"
    few_s, _ = written(FEW, "--workers", "2")
    many_s, held = written(MANY, "--workers", "2")
    per_study_s = (many_s - few_s) / (MANY - FEW)
    report("phantom, studies per second, 2 processes", [MANY / many_s], unit="1/s", aim=">= 1", note=load)
    report("phantom, each further study", [per_study_s], unit="s", aim="<= 1", note=load)
    report("phantom, memory of all processes", [held], unit="MiB", aim="<= 2048")
    # Without the start of the processes, four times the studies take four times as long.
    start_s = few_s - FEW * per_study_s
    report("phantom, start of the processes", [start_s], unit="s")
    burst_s, _ = written(2, "--mkv", "--workers", "2")
    report("phantom, study with a recording of 15 frames", [burst_s / 2], unit="s", note="start included")
    report(
        f"phantom, worst Cobb angle of {SPINES} spines", [float(np.round(worst_angle_deg(), 6))], unit="deg"
    )


if __name__ == "__main__":
    main()
