"""Three random sessions of `make soak`, which runs two hundred."""

from playwright.sync_api import Browser

from tests.e2e.backstage import Backstage
from tests.e2e.installation import Installation
from tests.soak.run import sessions


def test_no_point_is_lost_in_three_random_sessions(
    installation: Installation, browser: Browser, backstage: Backstage
) -> None:
    outcomes = list(sessions(installation, browser, backstage, range(1, 4)))
    assert [outcome.problems for outcome in outcomes] == [[], [], []]
    assert sum(outcome.saves for outcome in outcomes) > 0
