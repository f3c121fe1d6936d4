"""A person's browser window, watched: what goes wrong in it fails the test, unless the test expects it."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Response

Person = dict[str, Any]
Personing = Callable[..., Person]

SIZES = [(1280, 720), (1024, 768)]
WATCH = """
document.addEventListener('securitypolicyviolation', (event) => {
  console.error(`Content policy: ${event.violatedDirective} blocked ${event.blockedURI} (${event.sample})`);
});
window.alert = () => { window.canaryRan = true; };
"""


@dataclass
class Watch:
    """What went wrong in a window. `expected`: parts of messages that a test provokes itself."""

    problems: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)
    scripts: dict[str, int] = field(default_factory=dict)

    def follow(self, page: Page) -> None:
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.problems.append(f"uncaught: {error.stack or error}"))
        page.on("response", self._response)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.problems.append(f"{message.type}: {message.text} at {message.location.get('url')}")

    def _response(self, response: Response) -> None:
        if response.request.resource_type == "script" and response.ok:
            self.scripts[response.url] = int(response.headers.get("content-length", "0"))

    def unexpected(self) -> list[str]:
        return [text for text in self.problems if not any(part in text for part in self.expected)]


@dataclass
class Visit:
    """One signed-in (or anonymous) browser context."""

    context: BrowserContext
    page: Page
    watch: Watch
    address: str

    def go(self, path: str) -> Page:
        self.page.goto(self.address + path)
        return self.page

    def another_tab(self, path: str) -> Page:
        page = self.context.new_page()
        self.watch.follow(page)
        page.goto(self.address + path)
        return page

    def api(self, path: str) -> Any:
        """What the server answers this person, beside the page."""
        answer = self.context.request.get(f"{self.address}/api/v1{path}")
        assert answer.ok, f"{path}: {answer.status} {answer.text()[:300]}"
        return answer.json()

    def points(self, image: str, schema: str = "back6") -> dict[str, dict[str, Any]]:
        """This person's points as the server has them, by name."""
        found = self.api(f"/images/{image}/landmarks/{schema}")["points"]
        return {point["name"]: point for point in found}

    def end_session(self) -> None:
        """The session ends on the server; the window still holds its cookie."""
        key = next(c["value"] for c in self.context.cookies() if c["name"] == "sessionid")
        token = next(c["value"] for c in self.context.cookies() if c["name"] == "csrftoken")
        other = self.context.browser
        assert other is not None
        elsewhere = other.new_context()
        headers = {"Cookie": f"sessionid={key}; csrftoken={token}", "X-CSRFToken": token}
        answer = elsewhere.request.delete(f"{self.address}/api/v1/session", headers=headers)
        assert answer.ok, answer.text()
        elsewhere.close()


def open_window(browser: Browser, address: str, cookie: str | None, **options: Any) -> Visit:
    width, height = options.pop("size", SIZES[0])
    context = browser.new_context(
        viewport={"width": width, "height": height}, accept_downloads=True, locale="en-GB", **options
    )
    context.add_init_script(WATCH)
    if cookie:
        context.add_cookies([{"name": "sessionid", "value": cookie, "url": address}])
    page = context.new_page()
    page.set_default_timeout(15_000)
    watch = Watch()
    watch.follow(page)
    return Visit(context, page, watch, address)


def file_name(test: str) -> str:
    return re.sub(r"[^\w.-]+", "-", test)


Visiting = Callable[..., Visit]
