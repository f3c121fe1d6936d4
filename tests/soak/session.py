"""One random labelling session: what a person does, what goes wrong, and what must be true afterwards.

A session fails when a point that the server acknowledged is gone, a revision is missing or was written over
another unseen, or what the page shows as saved is not what is stored.
"""

import contextlib
import itertools
import os
import random
import re
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Error, Page, Response, Route

from tests.e2e.backstage import Backstage
from tests.e2e.installation import Installation
from tests.e2e.viewer import Pane
from tests.e2e.visiting import Visit

PASSWORD = "correct-horse-battery"
SAVES = re.compile(r"/api/v1/images/[^/]+/landmarks/")
SETTLED_WITHIN_S = 60.0
# One line for every change of what the page says about its work.
FOLLOW_PHASES = """
window.phases = [];
new MutationObserver(() => {
  const phase = document.querySelector('[data-phase]')?.dataset.phase;
  if (phase && window.phases.at(-1) !== phase) window.phases.push(phase);
}).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ['data-phase'] });
"""
SHOWN = """() => [...document.querySelectorAll('[role=group][aria-label=Colour] g.mark[data-grip]')]
  .map((mark) => [mark.dataset.grip, mark.getAttribute('aria-label').split(', ').at(-1)]).sort()"""
Marks = list[list[str]]


@dataclass
class Saved:
    """A save that the server acknowledged to a page."""

    base: int
    revision: int
    points: list[dict[str, Any]]


@dataclass
class Tab:
    page: Page
    saved: list[Saved] = field(default_factory=list)
    # The points of each save that was refused because another revision was newer.
    stale: list[list[dict[str, Any]]] = field(default_factory=list)
    phases: list[str] = field(default_factory=list)


@dataclass
class Outcome:
    seed: int
    acts: list[str]
    saves: int = 0
    conflicts: int = 0
    problems: list[str] = field(default_factory=list)


def web_processes(installation: Installation) -> list[int]:
    """Process ids of the web servers that the launcher keeps."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            argv = (folder / "cmdline").read_text()
        except (OSError, IndexError):
            continue
        if parent == installation.process.pid and "spineweb.serve" in argv:
            found.append(int(folder.name))
    return found


class Session:
    """A person (with a password) before one back; `run` acts `count` times, mends everything, and checks."""

    def __init__(
        self, window: Visit, case: dict[str, Any], installation: Installation, backstage: Backstage, seed: int
    ) -> None:
        self.window, self.case, self.installation, self.backstage = window, case, installation, backstage
        self.random = random.Random(seed)
        self.outcome = Outcome(seed, [])
        self.path = f"/images/{case['image']}/label/"
        self.fail_next, self.lose_next = 0, 0
        self.is_offline = False
        self.tabs: list[Tab] = []
        self.closed: list[Tab] = []
        window.context.add_init_script(FOLLOW_PHASES)
        window.context.route(SAVES, self._on_the_way)
        self.tab = self._follow(window.page)
        self._open(self.tab)

    def run(self, count: int) -> Outcome:
        acts = [self.place] * 10 + [self.drag] * 6 + [self.mark, self.clear, self.undo] * 2
        acts += [self.offline, self.server_errors, self.lost_answer, self.session_ends, self.kill_web]
        acts += [self.close_tab, self.second_tab, self.second_tab, self.choose_version, self.sign_in]
        try:
            for _ in range(count):
                act = self.random.choice(acts)
                self.outcome.acts.append(act.__name__)
                act()
                self.tab.page.wait_for_timeout(self.random.choice([0, 0, 100, 500, 900]))
            self._settle()
            self._check()
        except Exception as error:  # noqa: BLE001  a session that cannot go on is a finding
            self.outcome.problems.append(f"{type(error).__name__}: {str(error)[:400]}")
        return self.outcome

    # --- What a person does ---------------------------------------------------------------------------

    def place(self) -> None:
        self._pane().click(self.random.uniform(0.35, 0.65), self.random.uniform(0.25, 0.75))

    def drag(self) -> None:
        names = [name for name, _ in self._shown()]
        if not names or self._is_asked():
            return
        start = self._pane().centre_of(self.random.choice(names))
        by = (self.random.uniform(-40, 40), self.random.uniform(-40, 40))
        self._pane().drag(start, (start[0] + by[0], start[1] + by[1]))

    def mark(self) -> None:
        self.tab.page.keyboard.press(self.random.choice(["u", "o", "m"]))

    def clear(self) -> None:
        self.tab.page.keyboard.press("Delete")

    def undo(self) -> None:
        self.tab.page.keyboard.press(self.random.choice(["Control+z", "Control+Shift+z"]))

    def close_tab(self) -> None:
        """The page is closed as it is, whatever is on its way, and opened again once the network is back."""
        self._close(self.tab)
        self._online()
        self.tab = self._follow(self.window.context.new_page())
        self._open(self.tab)

    def second_tab(self) -> None:
        """On to the other tab, which is opened at the first time."""
        if len(self.tabs) > 1:
            self.tab = next(tab for tab in self.tabs if tab is not self.tab)
            self.tab.page.bring_to_front()
            return
        self._online()
        self.tab = self._follow(self.window.context.new_page())
        self._open(self.tab)

    def choose_version(self) -> None:
        name = self.random.choice(["Go on with mine", "Go on with the other"])
        button = self.tab.page.get_by_role("button", name=name)
        if button.count() and not self._is_asked():
            with contextlib.suppress(Error):  # the password is asked for just now
                button.click(timeout=2000)

    def sign_in(self) -> None:
        dialog = self.tab.page.get_by_role("dialog", name="Sign in again")
        if dialog.count() == 0 or self.is_offline:
            return
        with contextlib.suppress(Error):  # it may be checking the password, or closing, just now
            dialog.get_by_label("Password").fill(PASSWORD, timeout=1000)
            dialog.get_by_role("button", name="Sign in").click(timeout=1000)

    # --- What goes wrong ------------------------------------------------------------------------------

    def offline(self) -> None:
        self.is_offline = not self.is_offline
        self.window.context.set_offline(self.is_offline)

    def server_errors(self) -> None:
        self.fail_next = self.random.randint(1, 3)

    def lost_answer(self) -> None:
        self.lose_next = 1

    def session_ends(self) -> None:
        cookies = {cookie["name"] for cookie in self.window.context.cookies()}
        if not self.is_offline and {"csrftoken", "sessionid"} <= cookies:
            try:
                self.window.end_session()
            except (AssertionError, Error):
                return  # it has ended already, or there is no server just now

    def kill_web(self) -> None:
        for pid in web_processes(self.installation):
            os.kill(pid, signal.SIGKILL)

    # --- Around it ------------------------------------------------------------------------------------

    def _on_the_way(self, route: Route) -> None:
        if route.request.method == "PUT" and self.fail_next > 0:
            self.fail_next -= 1
            route.fulfill(status=500, json={"detail": "The disk is full.", "code": "server"})
        elif route.request.method == "PUT" and self.lose_next > 0 and not self.is_offline:
            self.lose_next = 0
            with contextlib.suppress(Error):  # a server that was killed answers nothing to lose
                route.fetch()
            route.abort()
        else:
            route.continue_()

    def _follow(self, page: Page) -> Tab:
        tab = Tab(page)
        page.on("response", lambda response: self._answered(tab, response))
        page.on("dialog", lambda dialog: dialog.accept())
        self.tabs.append(tab)
        return tab

    def _answered(self, tab: Tab, response: Response) -> None:
        request = response.request
        if request.method != "PUT" or not SAVES.search(request.url):
            return
        sent = request.post_data_json["points"]
        if response.status == 412:
            tab.stale.append(sent)
        if response.status == 200:
            base = int(request.headers["if-match"].strip('"'))
            # The server tells it in the header too, which can be read without waiting for the body.
            revision = int((response.headers.get("etag") or '"0"').strip('W/"'))
            tab.saved.append(Saved(base, revision, sent))

    def _open(self, tab: Tab) -> None:
        deadline = time.monotonic() + SETTLED_WITHIN_S
        while True:
            try:
                tab.page.goto(self.window.address + self.path)
                if "/login" in tab.page.url:
                    self._new_session()
                    continue
                self._pane(tab).wait_for_picture()
                return
            except (AssertionError, Error):
                # A web server that was killed a moment ago.
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.5)

    def _new_session(self) -> None:
        cookie = self.backstage("cookie", username=self.case["username"])
        self.window.context.add_cookies([{"name": "sessionid", "value": cookie, "url": self.window.address}])

    def _close(self, tab: Tab) -> None:
        tab.phases = tab.page.evaluate("window.phases")
        tab.page.close()
        self.tabs.remove(tab)
        self.closed.append(tab)

    def _online(self) -> None:
        if self.is_offline:
            self.offline()

    def _pane(self, tab: Tab | None = None) -> Pane:
        return Pane((tab or self.tab).page, "Colour")

    def _shown(self, tab: Tab | None = None) -> Marks:
        found: Marks = (tab or self.tab).page.evaluate(SHOWN)
        return found

    def _phase(self, tab: Tab) -> str:
        return tab.page.locator("[data-phase]").get_attribute("data-phase") or ""

    def _is_asked(self) -> bool:
        return self.tab.page.get_by_role("dialog").count() > 0

    def _settle(self) -> None:
        """Network and session back, conflicts decided, until every tab says that its work is saved."""
        self._online()
        self.fail_next = self.lose_next = 0
        deadline = time.monotonic() + SETTLED_WITHIN_S
        for tab in itertools.cycle(list(self.tabs)):
            self.tab = tab
            tab.page.bring_to_front()
            while (phase := self._phase(tab)) != "saved":
                if time.monotonic() > deadline:
                    raise AssertionError(f"still {phase} after {SETTLED_WITHIN_S:.0f} s")
                # The page says "saving" while it waits for the password.
                self.sign_in()
                if phase == "conflict":
                    self.choose_version()
                tab.page.wait_for_timeout(300)
            if all(self._phase(each) == "saved" for each in self.tabs):
                return

    def _check_conflicts(self, kept: dict[int, list[dict[str, Any]]]) -> None:
        """A save refused as stale leads to the view of both versions, unless both have the same points."""
        for tab in [*self.tabs, *self.closed]:
            self.outcome.conflicts += len(tab.stale)
            unseen = [
                sent for sent in tab.stale if not any(in_order(sent, each) == each for each in kept.values())
            ]
            if unseen and "conflict" not in tab.phases:
                self._problem(f"a save was refused as stale and nobody was asked: {tab.phases}")

    def _check(self) -> None:
        for tab in self.tabs:
            tab.phases = tab.page.evaluate("window.phases")
        kept = {
            each["number"]: each["points"] for each in self.backstage("revisions", image=self.case["image"])
        }
        if sorted(kept) != list(range(1, len(kept) + 1)):
            self._problem(f"the revisions are not complete: {sorted(kept)}")
        self._check_conflicts(kept)
        saved = [save for tab in [*self.tabs, *self.closed] for save in tab.saved]
        self.outcome.saves = len(saved)
        for save in saved:
            if kept.get(save.revision) != in_order(save.points, kept.get(save.revision)):
                self._problem(f"revision {save.revision} was acknowledged and is not there as it was sent")
            if save.revision != save.base + 1:
                self._problem(f"revision {save.revision} was made from {save.base}")
        self._check_shown(kept[max(kept)] if kept else [])

    def _check_shown(self, stored: list[dict[str, Any]]) -> None:
        """What the page shows is what is stored: of the tab that saved last, and of each after a reload."""
        wanted = sorted([p["name"], f"x {p['x']:.1f} y {p['y']:.1f}"] for p in stored if p["x"] is not None)
        if len(self.tabs) == 1 and not close(self._shown(), wanted):
            self._problem(f"saved is shown, and {self._shown()} is on screen where {wanted} is stored")
        for tab in self.tabs:
            self.tab = tab
            self._open(tab)
            tab.page.wait_for_timeout(300)
            if not close(self._shown(tab), wanted):
                self._problem(f"after a reload {self._shown(tab)} is on screen where {wanted} is stored")

    def _problem(self, text: str) -> None:
        self.outcome.problems.append(text)


def in_order(points: list[dict[str, Any]], like: list[dict[str, Any]] | None) -> list[dict[str, Any]]:
    """The points in the order, and with the fields, in which the server keeps them."""
    by_name = {point["name"]: point for point in points}
    if like is None or len(like) != len(points) or any(kept["name"] not in by_name for kept in like):
        return points
    return [{key: by_name[kept["name"]].get(key) for key in kept} for kept in like]


def close(shown: Marks, wanted: Marks) -> bool:
    """The same points within the tenth of a pixel that is read aloud."""
    if [name for name, _ in shown] != [name for name, _ in wanted]:
        return False
    numbers = [re.findall(r"-?[\d.]+", text) for _, text in [*shown, *wanted]]
    half = len(shown)
    return all(
        abs(float(a) - float(b)) < 0.11
        for one, other in zip(numbers[:half], numbers[half:], strict=True)
        for a, b in zip(one, other, strict=True)
    )
