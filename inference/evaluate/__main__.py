"""`python -m inference.evaluate --weights W --data DIR --json OUT`: measure readers of vertebrae on a folder.

Exit status: 0 done, 1 the folder or the weights cannot be read, 2 wrong arguments.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from inference.evaluate.disturb import DISTURBANCES
from inference.evaluate.measure import Measured, measure, report
from inference.evaluate.page import page
from inference.evaluate.readers import panel
from inference.rundir import RunError
from inference.vertebrae.films import FolderError, read_folder


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    asked = _parser().parse_args(arguments)
    try:
        films = read_folder(asked.data)
        # Of all films, also with a limit: a film's fold hangs on the others.
        readers = panel(asked.weights, films)
        films = films[: asked.limit]
        measured = measure(films, readers, DISTURBANCES[asked.disturb], _tell(len(films)))
    except (FolderError, RunError) as error:
        print(f"evaluate: {error}", file=sys.stderr)
        return 1
    head = {"data": str(asked.data), "readers": readers.described, "disturb": asked.disturb}
    figures = {**head, **report(measured)}
    asked.json.parent.mkdir(parents=True, exist_ok=True)
    asked.json.write_text(json.dumps(figures, indent=1, allow_nan=False), encoding="utf-8")
    page_path = asked.json.with_suffix(".html")
    page_path.write_text(page(figures, measured), encoding="utf-8")
    for name in ("raw", "cleaned"):
        if name in figures:
            print(f"{name}: {_in_short(figures[name])}")
    print(f"{asked.json} and {page_path}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m inference.evaluate", description="Measure readers of vertebrae and Cobb angles."
    )
    parser.add_argument(
        "--weights",
        required=True,
        help="a .safetensors file, its folder, a folder with fold-0 to fold-4 (each film by the one that did "
        "not see its patient), or a rule that sees no picture: constant, mean-shape",
    )
    parser.add_argument("--data", type=Path, required=True, help="a folder in the AASCE layout")
    parser.add_argument("--json", type=Path, required=True, help="where the figures go; a page beside it")
    parser.add_argument(
        "--disturb", choices=sorted(DISTURBANCES), default="none", help="move or spoil the films first"
    )
    parser.add_argument("--limit", type=_positive, help="only the first so many films")
    return parser


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return value


def _tell(count: int) -> Callable[[int, Measured], None]:
    def told(index: int, one: Measured) -> None:
        if sys.stderr.isatty() or (index + 1) % 50 == 0:
            print(f"{index + 1}/{count} films, {one.seconds:.2f} s for the last", file=sys.stderr)

    return told


def _in_short(figures: dict[str, float]) -> str:
    text = (
        f"major angle {figures['major_mae_deg']:.2f} deg (bias {figures['major_bias_deg']:+.2f}), "
        f"{figures['major_within_5_deg_percent']:.0f} % within 5 deg, SMAPE {figures['smape_percent']:.2f} %"
    )
    return f"{text}; {figures['images']} films of {figures['patients']} patients"


if __name__ == "__main__":
    sys.exit(main())
