"""The phantom as a person runs it: studies per second on two processes, its memory, and cost against N.

Each study is whole: colour, depth, a radiograph 1024 px high, skin maps and all labels, on disk.
"""

import os
import resource
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


def written(count: int, *options: str) -> tuple[float, float, float]:
    """Seconds to write so many studies with two processes, by the clock and of the processors, and the most
    memory they held together, MiB."""
    with tempfile.TemporaryDirectory() as folder:
        line = [sys.executable, "-m", "inference.phantom", folder, "--count", str(count), "--seed", "1"]
        used = sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
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
        return taken_s, sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2]) - used, max(held)


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
    few_s, few_used_s, _ = written(FEW, "--workers", "2")
    many_s, many_used_s, held = written(MANY, "--workers", "2")
    report("phantom, studies per second, 2 processes", [MANY / many_s], unit="1/s", aim=">= 1", note=load)
    report("phantom, processor time of a study, of 8", [few_used_s / FEW], unit="s", note="start included")
    report("phantom, processor time of a study, of 32", [many_used_s / MANY], unit="s", aim="as of 8")
    report("phantom, memory of all processes", [held], unit="MiB", aim="<= 2048")
    report("phantom, 8 studies", [few_s], unit="s", note=load)
    burst_s, _, _ = written(2, "--mkv", "--workers", "2")
    report("phantom, study with a recording of 15 frames", [burst_s / 2], unit="s", note="start included")
    report(
        f"phantom, worst Cobb angle of {SPINES} spines", [float(np.round(worst_angle_deg(), 6))], unit="deg"
    )


if __name__ == "__main__":
    main()
