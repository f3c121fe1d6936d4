"""`python -m inference.experiments TABLE DATA OUT`: train a table of the report, our figures beside it.

Exit status: 0 done, 1 where a row failed or the data cannot be used, 2 wrong arguments.
"""

import argparse
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from inference.experiments.phantoms import pairs_in
from inference.experiments.reporting import write_report
from inference.experiments.running import run_table
from inference.experiments.tables import TABLES, AnyRecipe, small
from inference.rundir import FILM_LANDMARKS, RunDir, RunError
from inference.training.landmarks import PRETRAINED


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status."""
    options = _parser().parse_args(arguments)
    out = options.out / f"table-{options.table}"
    try:
        out.mkdir(parents=True, exist_ok=True)
        data = _data(options, out)
        rows = run_table(TABLES[options.table], data, out, shrink=small if options.small else _as_it_is)
    except RunError as error:
        print(f"experiments: {error}", file=sys.stderr)
        return 1
    size = (
        "small networks and few epochs, for a CPU: not the report's sizes" if options.small else "full size"
    )
    counts = [sum(case.split == split for case in data.cases()) for split in ("train", "validation", "test")]
    note = f"{counts[0]} pairs to train on, {counts[1]} to validate, {counts[2]} to test; {size}."
    page = write_report(TABLES[options.table], rows, options.out, note)
    print(f"\n{page.read_text()}\n{page}")
    return 1 if any(row.failed for row in rows) else 0


def _as_it_is(recipe: AnyRecipe) -> AnyRecipe:
    return recipe


def _data(options: argparse.Namespace, out: Path) -> RunDir:
    """The pairs: a run folder as it is, or made of a folder of phantoms."""
    data = pairs_in(options.data, options.out / "pairs")
    for given, name in ((options.pretrained, PRETRAINED), (options.reader, FILM_LANDMARKS)):
        if given is not None:
            shutil.copyfile(given, data.path / name)
    return data


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m inference.experiments",
        description="Train a table of the report of 2020, and set our figures beside its own.",
    )
    parser.add_argument("table", type=int, choices=sorted(TABLES))
    parser.add_argument("data", type=Path, help="a folder of phantoms, or a run folder of pairs")
    parser.add_argument("out", type=Path, help="where rows are trained and the table is written")
    parser.add_argument("--small", action="store_true", help="small networks and few epochs, for a CPU")
    parser.add_argument("--pretrained", type=Path, help="ImageNet weights of HRNetV2-W18, safetensors")
    parser.add_argument(
        "--reader", type=Path, help="weights of a network of vertebral corners, for Cobb angles"
    )
    return parser


if __name__ == "__main__":
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    sys.exit(main())
