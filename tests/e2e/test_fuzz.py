"""Some hundred messages of `python -m tests.soak.fuzz`, which sends a hundred thousand."""

from tests.e2e.apart import run_apart
from tests.e2e.backstage import Backstage
from tests.e2e.installation import Installation
from tests.soak.fuzz import fuzz


def test_no_junk_over_the_sockets_does_any_harm(installation: Installation, backstage: Backstage) -> None:
    report = run_apart(fuzz(installation, backstage, 500, seed=3))
    assert report.told.problems == []
    assert report.told.messages >= 500
    # Both kinds of refusal were seen: of a message, and of somebody who may not be there.
    assert report.told.closed["4400"] > 0
    assert report.told.closed["4403"] > 0
