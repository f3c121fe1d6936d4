"""What a bench module uses: time something many times, and hand the row to the runner.

A bench module is `tests/bench/bench_*.py`: a program that the runner starts on a fresh data folder and
database, and that prints rows with `report`. Anything else it prints is shown as it is.
"""

import json
import math
import time
from collections.abc import Callable, Sequence

ROW = "bench-row "


def percentile(values: Sequence[float], percent: float) -> float:
    """The nearest-rank percentile."""
    ranked = sorted(values)
    return ranked[max(math.ceil(percent / 100 * len(ranked)) - 1, 0)]


def timed_ms(act: Callable[[], object], times: int, warm_up: int = 3) -> list[float]:
    """How long each of `times` calls took, in milliseconds, after some that do not count."""
    for _ in range(warm_up):
        act()
    taken_ms = []
    for _ in range(times):
        began = time.perf_counter()
        act()
        taken_ms.append((time.perf_counter() - began) * 1000)
    return taken_ms


def report(what: str, values: Sequence[float], *, unit: str = "ms", aim: str = "", note: str = "") -> None:
    """Hand one row of the table to the runner: a single figure, or the p50 and p95 of several."""
    row = {
        "what": what,
        "p50": percentile(values, 50),
        "p95": percentile(values, 95) if len(values) > 1 else None,
        "n": len(values),
        "unit": unit,
        "aim": aim,
        "note": note,
    }
    print(ROW + json.dumps(row), flush=True)
