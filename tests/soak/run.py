"""`make soak`: random labelling sessions in a real Chromium on a real installation; fails if a point is lost.

`SOAK_SESSIONS` sessions (200), the first with the seed `SOAK_SEED` (1), each next one with the next.
"""

import itertools
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.e2e.backstage import Backstage
from tests.e2e.conftest import CHROMIUM, FLAGS, NO_GL
from tests.e2e.installation import Installation, build_pages
from tests.e2e.visiting import open_window
from tests.soak.session import PASSWORD, Outcome, Session

FEWEST_ACTS, MOST_ACTS = 8, 20
_names = itertools.count(1)


def sessions(
    installation: Installation, browser: Browser, backstage: Backstage, seeds: Iterable[int]
) -> Iterator[Outcome]:
    """One session for each seed, each with a person and a back of its own."""
    project = backstage("project", name=f"Soak {next(_names)}")
    for seed in seeds:
        username = f"soak{next(_names)}-{seed}"
        person = backstage(
            "account", username=username, role="assistant", project=project["id"], password=PASSWORD
        )
        case = {**backstage("back", project=project["id"]), "username": username}
        window = open_window(browser, installation.address, person["cookie"])
        try:
            count = random.Random(seed).randint(FEWEST_ACTS, MOST_ACTS)
            yield Session(window, case, installation, backstage, seed).run(count)
        finally:
            window.context.close()


def tell(outcome: Outcome) -> None:
    print(f"seed {outcome.seed}: {len(outcome.acts)} acts, {outcome.saves} saves", flush=True)
    for problem in outcome.problems:
        print(f"  {problem}\n  acts: {' '.join(outcome.acts)}", flush=True)


def main() -> int:
    count, first = int(os.environ.get("SOAK_SESSIONS", "200")), int(os.environ.get("SOAK_SEED", "1"))
    build_pages()
    began, outcomes, acts = time.monotonic(), [], Counter[str]()
    with tempfile.TemporaryDirectory(prefix="spineweb-soak-") as folder, sync_playwright() as driver:
        installation = Installation(Path(folder))
        try:
            installation.wait_until_ready()
            backstage = Backstage(installation)
            browser = driver.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *NO_GL])
            for outcome in sessions(installation, browser, backstage, range(first, first + count)):
                outcomes.append(outcome)
                acts.update(outcome.acts)
                tell(outcome)
            backstage.close()
        finally:
            installation.stop()
    failed = sum(bool(outcome.problems) for outcome in outcomes)
    saves = sum(outcome.saves for outcome in outcomes)
    conflicts = sum(outcome.conflicts for outcome in outcomes)
    print(f"{len(outcomes)} sessions in {time.monotonic() - began:.0f} s: {saves} saves acknowledged, "
          f"{conflicts} refused as stale, {failed} sessions with problems")  # fmt: skip
    print("acts: " + ", ".join(f"{name} {number}" for name, number in acts.most_common()))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
