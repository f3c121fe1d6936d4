"""A case on screen: the labelling page in a real Chromium, cold and with the next case preloaded."""

import os

import django
from bench_web import Platform, seed
from django.core.management import call_command
from measure import report
from playwright.sync_api import Browser, Page, sync_playwright

FLAGS = (
    "--headless=new --no-sandbox --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --use-angle=swiftshader --enable-unsafe-swiftshader"
)
TIMES = 8
# Painted: the pane has its canvas, nothing says "loading" any more, and a frame has passed.
ON_SCREEN = """(before) => new Promise((done) => {
  const began = before === null ? 0 : performance.now();
  if (before !== null) window.dispatchEvent(new KeyboardEvent('keydown', {key: 'n', bubbles: true}));
  const look = () => {
    const here = location.pathname;
    const there = document.querySelector('.pane canvas') && !document.querySelector('.pane .message');
    if (there && here !== before) requestAnimationFrame(() => done(performance.now() - began));
    else requestAnimationFrame(look);
  };
  look();
})"""


def measure(browser: Browser, page: Page, origin: str, films: list[object]) -> None:
    cold = []
    for film in films[:TIMES]:
        context = browser.new_context(storage_state=page.context.storage_state())
        fresh = context.new_page()
        fresh.goto(f"{origin}/images/{film}/label/", wait_until="commit")
        cold.append(float(fresh.evaluate(ON_SCREEN, None)))
        context.close()
    report("case on screen, cold", cold, aim="<= 600")
    page.goto(f"{origin}/images/{films[20]}/label/")
    following = []
    for _ in range(TIMES):
        page.wait_for_timeout(800)  # a person looks; the next case is fetched meanwhile
        following.append(float(page.evaluate(ON_SCREEN, page.evaluate("location.pathname"))))
    report("next case on screen, preloaded", following, aim="<= 150")


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "spineweb.settings"
    platform = Platform()
    try:
        django.setup()
        call_command("migrate", verbosity=0)
        call_command("collectstatic", verbosity=0, interactive=False)
        lab = seed()
        platform.serve()
        origin = f"http://127.0.0.1:{platform.port}"
        with sync_playwright() as playwright:
            chromium = os.environ.get("SPINEWEB_CHROMIUM", "/usr/bin/chromium")
            browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS.split())
            context = browser.new_context(viewport={"width": 1280, "height": 720})
            cookies = [{"name": n, "value": v, "url": origin} for n, v in lab["cookies"].items()]
            context.add_cookies(cookies)  # type: ignore[arg-type]
            measure(browser, context.new_page(), origin, lab["films"])
            browser.close()
    finally:
        platform.stop()


if __name__ == "__main__":
    main()
