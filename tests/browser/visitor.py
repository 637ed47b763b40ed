"""A person before a real browser: pages opened, and whatever the browser complained about on the way."""

import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, Locator, Page, Request

from tests.conftest import wait_until

LIMIT_S = 30.0  # the machine that runs tests may be busy
PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 800}
OUR_REFUSALS = ("status of 401", "status of 404", "status of 409", "status of 422", "status of 429", "status of 503")
GATHER_VIOLATIONS = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => window.violations.push(
    `${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`));
"""


@dataclass
class Visitor:
    """A browser window on one installation; ``complaints`` is what must be empty in the end."""

    page: Page
    origin: str
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    referrers: list[str] = field(default_factory=list)
    allowed: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.page.on("console", lambda message: self._hear(message.type, message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
        self.page.on("request", self._see)
        self.page.on("dialog", lambda dialog: self.complaints.append(f"dialog: {dialog.message}"))

    def _hear(self, kind: str, text: str) -> None:
        if kind == "error" and not any(one in text for one in (*OUR_REFUSALS, *self.allowed)):
            self.complaints.append(f"console: {text}")

    def _see(self, request: Request) -> None:
        self.requests.append(request.url)
        self.referrers.append(request.headers.get("referer", ""))
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob") and f"{parts.scheme}://{parts.netloc}" != self.origin:
            self.complaints.append(f"request to another host: {request.url}")

    async def go(self, path: str) -> int:
        """Open a page, and tell its status."""
        response = await self.page.goto(self.origin + path, wait_until="load")
        return response.status if response else 0

    async def h1(self) -> str:
        return (await self.page.locator("h1").inner_text()).strip()

    async def press(self, name: str, role: Any = "button", within: Locator | None = None) -> None:
        """Press what has this name."""
        await (within or self.page).get_by_role(role, name=name, exact=True).first.click()

    async def press_and_wait(self, name: str) -> None:
        """Press what lets a command run, and wait for the page that tells what it said."""
        async with self.page.expect_navigation(timeout=4 * LIMIT_S * 1000):
            await self.page.get_by_role("button", name=name, exact=True).first.click(no_wait_after=True)

    async def sees(self, text: str, within: str = "main") -> None:
        """Wait until a text can be read."""
        place = self.page.locator(within).get_by_text(text).first
        await place.wait_for(state="visible", timeout=LIMIT_S * 1000)

    async def until(self, condition: str, what: str = "", limit_s: float = LIMIT_S) -> None:
        """Wait until an expression is true on the page; the policy stops Playwright's own way of asking."""

        async def is_true() -> bool:
            return bool(await self.page.evaluate(condition))

        await wait_until(is_true, limit_s, what or condition)

    async def read(self, expression: str) -> Any:
        """What an expression gives on the page."""
        return await self.page.evaluate(expression)

    async def data(self, path: str) -> list[dict[str, Any]]:
        """A list as programs read it."""
        response = await self.page.request.get(self.origin + path)
        assert response.status == 200, await response.text()
        return [json.loads(line) for line in (await response.text()).splitlines()]

    async def check(self) -> None:
        """Nothing was complained about: no error, no violation of the policy, no dialog, no other host."""
        violations = await self.page.evaluate("window.violations")
        assert [*self.complaints, *violations] == [], "\n".join([*self.complaints, *map(str, violations)])


async def seen_within(limit_s: float, *tries: Callable[[], Awaitable[object]]) -> None:
    """Hold that something is seen in time: the first try may fall into a second when the machine is busy elsewhere."""
    took: list[float] = []
    for one in tries:
        begun = time.monotonic()
        await one()
        took.append(time.monotonic() - begun)
        if took[-1] <= limit_s:
            return
    raise AssertionError(f"it took {', '.join(f'{each:.1f}' for each in took)} s, at most {limit_s} s are promised")


async def open_window(context: BrowserContext, origin: str, *allowed: str) -> Visitor:
    """A new window whose complaints are gathered."""
    await context.add_init_script(GATHER_VIOLATIONS)
    page = await context.new_page()
    page.set_default_timeout(LIMIT_S * 1000)
    page.set_default_navigation_timeout(4 * LIMIT_S * 1000)  # Status calls the doctor
    return Visitor(page=page, origin=origin, allowed=allowed)
