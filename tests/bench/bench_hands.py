"""What a hand feels on the two pages: panning, the mark after a click, and how long ten backs take.

In a Chromium without a GPU, as thin clients are, on the platform as `make run` starts it.
"""

import math
import os
import random
import tempfile
from pathlib import Path
from typing import Any

from measure import report
from playwright.sync_api import Browser, Page, sync_playwright

from tests.e2e.backstage import Backstage
from tests.e2e.conftest import CHROMIUM, FLAGS, NO_GL
from tests.e2e.installation import Installation, build_pages
from tests.e2e.viewer import Pane, Spot, expect_saved
from tests.e2e.visiting import open_window

BACKS = 10
FRAMES = 240
# One move of the pointer a frame, and how long the frames took.
PAN = """([name, frames]) => new Promise((done) => {
  const pane = document.querySelector(`[role=group][aria-label="${name}"]`);
  const box = pane.getBoundingClientRect();
  const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
  const send = (type, dx, dy) => pane.dispatchEvent(new PointerEvent(type, {
    bubbles: true, pointerId: 1, pointerType: 'mouse', button: type === 'pointermove' ? -1 : 1, buttons: 4,
    clientX: x + dx, clientY: y + dy,
  }));
  pane.setPointerCapture = () => undefined;
  send('pointerdown', 0, 0);
  const times = [];
  const step = (now) => {
    times.push(now);
    if (times.length > frames) {
      send('pointerup', 0, 0);
      return done(times.slice(1).map((time, i) => time - times[i]));
    }
    const turn = times.length / 12;
    send('pointermove', 90 * Math.sin(turn), 60 * Math.cos(turn));
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
})"""
# From the press to the frame in which the mark is there; the press is the browser's own time of it.
CLICK_TO_DRAWN = """() => {
  window.drawn_ms = [];
  let [pressed, before] = [null, 0];
  const marks = () => document.querySelectorAll('g.mark').length;
  addEventListener('pointerdown', (event) => ([pressed, before] = [event.timeStamp, marks()]), true);
  new MutationObserver(() => {
    if (pressed === null || marks() <= before) return;
    const from = pressed;
    pressed = null;
    requestAnimationFrame(() => window.drawn_ms.push(performance.now() - from));
  }).observe(document, { subtree: true, childList: true });
}"""
# Where the points of the bench's back lie, as shares of the picture.
PLACES = [(0.5, 0.25), (0.38, 0.4), (0.62, 0.4), (0.42, 0.7), (0.58, 0.7), (0.5, 0.75)]


def pan(page: Page, pane: str, what: str) -> None:
    box = Pane(page, pane)
    box.wait_for_picture()
    page.mouse.move(*box.at(0.5, 0.5))
    page.mouse.wheel(0, -250)
    page.wait_for_timeout(500)
    frames_ms = page.evaluate(PAN, [pane, FRAMES])
    rate = 1000 * len(frames_ms) / sum(frames_ms)
    report(what, [rate], unit="frames/s", aim=">= 60", note=_load())
    report(f"{what}: one frame", frames_ms, aim="<= 17", note=_load())


def human_move(page: Page, start: Spot, end: Spot, rng: random.Random) -> None:
    """To a target of 8 px, not quite straight, as fast as a hand with a mouse.

    By Fitts's law at 4.5 bits a second (3.7 to 4.9 for mice in Soukoreff and MacKenzie 2004).
    """
    distance = math.dist(start, end)
    seconds = 0.1 + math.log2(distance / 8 + 1) / 4.5
    steps = max(2, round(seconds / 0.016))
    bow = rng.uniform(-0.06, 0.06) * distance
    for step in range(1, steps + 1):
        share = (1 - math.cos(math.pi * step / steps)) / 2
        aside = bow * math.sin(math.pi * share)
        page.mouse.move(
            start[0] + share * (end[0] - start[0]) + aside, start[1] + share * (end[1] - start[1]) + aside
        )
        page.wait_for_timeout(1000 * seconds / steps)


def label_backs(page: Page, address: str, cases: list[dict[str, Any]], rng: random.Random) -> None:
    """Ten backs, six points each: look 0.35 s, aim, click; `n` for the next."""
    page.goto(f"{address}/images/{cases[0]['image']}/label/")
    colour = Pane(page, "Colour")
    colour.wait_for_picture()
    page.evaluate(CLICK_TO_DRAWN)
    page.wait_for_timeout(800)
    at: Spot = (640.0, 360.0)
    taken_s = []
    for number in range(len(cases)):
        began = page.evaluate("performance.now()")
        for across, down in PLACES:
            page.wait_for_timeout(350)
            spot = colour.at(across + rng.uniform(-0.02, 0.02), down + rng.uniform(-0.02, 0.02))
            human_move(page, at, spot, rng)
            page.mouse.click(*spot)
            at = spot
        taken_s.append((page.evaluate("performance.now()") - began) / 1000)
        expect_saved(page)
        if number + 1 < len(cases):
            path = page.evaluate("location.pathname")
            page.keyboard.press("n")
            page.wait_for_function("(path) => location.pathname !== path", arg=path)
            colour.wait_for_picture()
    report("a back of six points, human-like moves", taken_s, unit="s", aim="<= 60", note=_load())
    report("click to drawn", page.evaluate("window.drawn_ms"), aim="<= 16", note=_load())


def _load() -> str:
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


def measure(browser: Browser, installation: Installation, backstage: Backstage) -> None:
    project = backstage("project", name="Hands")
    doctor = backstage("account", username="hands", role="doctor", project=project["id"])
    film = backstage("film", project=project["id"], size=[1000, 2400])
    square = backstage("back", project=project["id"], size=[576, 576])
    cases = [backstage("back", project=project["id"]) for _ in range(BACKS)]
    window = open_window(browser, installation.address, doctor["cookie"])
    page = window.page
    page.goto(f"{installation.address}/studies/{film['study']}/read/")
    pan(page, "X-ray", "pan a film of 1000 x 2400")
    page.goto(f"{installation.address}/images/{square['image']}/label/")
    Pane(page, "Depth").wait_for_picture()
    pan(page, "Colour", "pan two linked views of 576 x 576")
    label_backs(page, installation.address, cases, random.Random(7))
    window.context.close()


def main() -> None:
    build_pages()
    with tempfile.TemporaryDirectory(prefix="spineweb-hands-") as folder, sync_playwright() as driver:
        installation = Installation(Path(folder))
        try:
            installation.wait_until_ready()
            backstage = Backstage(installation)
            browser = driver.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *NO_GL])
            measure(browser, installation, backstage)
            browser.close()
            backstage.close()
        finally:
            installation.stop()


if __name__ == "__main__":
    main()
