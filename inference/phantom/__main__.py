"""``python -m inference.phantom OUT --count N --seed S``: write phantom studies in the import layout.

Exit status: 0 done, 1 the disk refused, 2 wrong arguments, 130 interrupted. What is complete stays; the same
call again goes on where it stopped.
"""

import argparse
import errno
import json
import sys
import time
from collections.abc import Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import fields
from pathlib import Path

from inference.phantom.batch import write_studies
from inference.phantom.options import CHOICES, Options
from inference.phantom.study import folder_name

MOST_STUDIES = 100_000
SAYS = {
    "severity": "of the largest curve",
    "film": "how the radiograph is stored",
    "direction": "of the X-ray beam",
    "anomaly": "what else the radiograph shows",
    "colour": "mode of the colour camera",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    options = _parser().parse_args(arguments)
    out: Path = options.out
    problem = _problem(options)
    if problem:
        print(f"phantom: {problem}", file=sys.stderr)
        return 2
    try:
        out.mkdir(parents=True, exist_ok=True)
        return _write_all(options)
    except KeyboardInterrupt:
        print(
            "\nphantom: interrupted; complete studies are kept, run the same command to go on.",
            file=sys.stderr,
        )
        return 130
    except BrokenProcessPool:
        print(
            "\nphantom: a worker was ended from outside (out of memory?); use fewer --workers.",
            file=sys.stderr,
        )
        return 1
    except OSError as error:
        print(f"\nphantom: {_refusal(error, out)}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m inference.phantom", description="Write synthetic scoliosis studies."
    )
    parser.add_argument("out", type=Path, help="folder for the studies; made if absent")
    parser.add_argument("--count", type=int, required=True, help="how many studies the folder shall hold")
    parser.add_argument("--seed", type=int, required=True, help="same seed, same bytes")
    for name, says in SAYS.items():
        parser.add_argument(
            f"--{name}",
            choices=CHOICES[name],
            default=getattr(Options, name),
            help=f"{says} (default %(default)s)",
        )
    parser.add_argument("--mkv", action="store_true", help="a burst of 15 frames as recording.mkv instead")
    parser.add_argument("--skin-bias", action="store_true", help="bare skin reads 8-15 mm too far in depth")
    parser.add_argument("--workers", type=int, default=1, help="processes that work at once (default 1)")
    return parser


def _problem(options: argparse.Namespace) -> str | None:
    """What is wrong with the arguments, in one sentence that says what to do."""
    if not 1 <= options.count <= MOST_STUDIES:
        return f"--count must be from 1 to {MOST_STUDIES}, not {options.count}."
    if options.seed < 0:
        return f"--seed must be 0 or more, not {options.seed}."
    if not 1 <= options.workers <= 256:
        return f"--workers must be from 1 to 256, not {options.workers}."
    if options.out.exists() and not options.out.is_dir():
        return f"{options.out} is a file; name a folder."
    return _other_run(options)


def _other_run(options: argparse.Namespace) -> str | None:
    """Studies of another seed in the folder would be mixed up with these: refuse."""
    for index in range(options.count):
        truth = options.out / folder_name(index) / "truth.json"
        if not truth.exists():
            continue
        try:
            found = json.loads(truth.read_text(encoding="utf-8"))
            seed, had = found["seed"], found["options"]
        except (ValueError, KeyError, TypeError):
            return f"{truth.parent} was not written by this version; remove it or choose another folder."
        if seed != options.seed:
            return f"{options.out} holds studies of seed {seed}; choose another folder or that seed."
        asked = _options(options).as_dict()
        for name in (name for name, value in asked.items() if had.get(name) != value):
            return (
                f"{options.out} holds studies with {name} {had.get(name)}, not {asked[name]}; "
                "choose another folder."
            )
    return None


def _write_all(options: argparse.Namespace) -> int:
    wanted = _options(options)
    jobs = [(options.out, options.seed, index, wanted) for index in range(options.count)]
    started, written = time.monotonic(), 0
    for done, fresh in enumerate(write_studies(jobs, options.workers), start=1):
        written += fresh
        pace = written / max(time.monotonic() - started, 1e-6)
        _progress(f"{done}/{options.count} studies, {pace:.1f} per second", last=done == options.count)
    return 0


def _options(found: argparse.Namespace) -> Options:
    names = [field.name for field in fields(Options)]
    return Options(**{name: getattr(found, name) for name in names})


def _progress(line: str, *, last: bool) -> None:
    """One line that is rewritten on a terminal, a single last line elsewhere."""
    if sys.stderr.isatty():
        print(f"\r{line}", end="\n" if last else "", file=sys.stderr, flush=True)
    elif last:
        print(line, file=sys.stderr)


def _refusal(error: OSError, out: Path) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"no space left on the disk of {out}; free some and run the same command to go on."
    return f"cannot write to {out}: {error.strerror or error}. Complete studies are kept."


if __name__ == "__main__":
    sys.exit(main())
