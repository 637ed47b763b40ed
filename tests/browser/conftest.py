"""The console in a real browser, before a real service: `responder run` on this machine, and Debian's Chromium."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from tests.conftest import free_port

ROOT = Path(__file__).parent.parent.parent
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or ""
AXE = Path(os.environ.get("AXE_CORE", "/nowhere/axe.min.js"))
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
ANNA, BRUNO, SHOP = "+393301234567", "+393307654321", "+393331234333"
expect.set_options(timeout=15_000)
EXPECTED_NOISE = "Failed to load resource"  # Chromium's word for each 422 and 503 that a test asks for
GATHER_VIOLATIONS = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => window.violations.push(event.violatedDirective));
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All that is in this folder needs a browser, and is skipped with a clear word where there is none."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if not CHROMIUM:
                item.add_marker(pytest.mark.skip(reason="no Chromium here: apt-get install chromium, or set CHROMIUM"))


class Service:
    """`responder run` in a folder of its own."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.env = {name: value for name, value in os.environ.items() if not name.startswith("RESPONDER_")}
        self.env |= {"RESPONDER_PORT": str(self.port), "RESPONDER_LOG_LEVEL": "warning", "PYTHONPATH": str(ROOT)}
        self.env |= {f"RESPONDER_{name}": value for name, value in settings.items()}
        self._process: subprocess.Popen[bytes] | None = None
        shutil.copy(ROOT / "rules.yaml", folder / "rules.yaml")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = (sys.executable, "-m", "responder", "run")
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, cwd=self.folder, env=self.env, stdout=log, stderr=log)
        wait_for(self.is_ready, 120, "the service to be ready")

    def is_ready(self) -> bool:
        try:
            return bool(httpx.get(f"{self.url}/readyz", timeout=5).json().get("worker") == "ready")
        except (httpx.HTTPError, ValueError):
            return False

    def stop(self, number: int = signal.SIGTERM) -> None:
        if self._process:
            self._process.send_signal(number)
            self._process.wait(30)
            self._process = None

    def text(self, text: str, sender: str = ANNA) -> None:
        form = {"originator": sender, "destination": SHOP, "text": text, "date_time": ""}
        assert httpx.post(f"{self.url}/webhook/sms", data=form, timeout=10).text == "+OK"

    def command(self, *arguments: str) -> str:
        command = (sys.executable, "-m", "responder", *arguments)
        return subprocess.run(command, cwd=self.folder, env=self.env, capture_output=True, text=True, check=True).stdout

    def records(self, *arguments: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.command(*arguments, "--json").splitlines()]

    def lines(self, path: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in httpx.get(f"{self.url}{path}", timeout=10).text.splitlines()]


def wait_for(condition: Callable[[], bool], limit_s: float, what: str) -> None:
    """Wait for something that no locator can wait for."""
    ends_at = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < ends_at, f"{what} took longer than {limit_s} s"
        time.sleep(0.05)


@contextmanager
def running(folder: Path, **settings: str) -> Iterator[Service]:
    """A service that is ended in any case."""
    service = Service(folder, **settings)
    try:
        service.start()
        yield service
    finally:
        service.stop()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service for the tests of a module."""
    with running(tmp_path_factory.mktemp("service")) as started:
        yield started


@contextmanager
def visiting(browser: Browser, service: Service, **options: Any) -> Iterator[BrowserContext]:
    """A visit in which nothing was loaded from elsewhere, nothing violated the policy, and nothing complained."""
    context = browser.new_context(**{"base_url": service.url, "locale": "en-US", **options})
    context.set_default_timeout(20_000)
    context.add_init_script(GATHER_VIOLATIONS)
    noise: list[str] = []
    elsewhere: list[str] = []
    context.on("console", lambda message: noise.extend(_complaints(message)))
    context.on(
        "request",
        lambda request: None if request.url.startswith((service.url, "data:")) else elsewhere.append(request.url),
    )
    context.on("dialog", lambda dialog: noise.append(f"dialog {dialog.message}"))
    yield context
    violations = [
        page.evaluate("window.violations") for page in context.pages if options.get("java_script_enabled", True)
    ]
    context.close()
    assert elsewhere == []
    assert [one for one in violations if one] == []
    assert noise == []


def _complaints(message: ConsoleMessage) -> list[str]:
    is_complaint = message.type in ("error", "warning") and EXPECTED_NOISE not in message.text
    return [message.text] if is_complaint else []


@pytest.fixture
def page(chromium: Browser, service: Service) -> Iterator[Page]:
    with visiting(chromium, service) as context:
        yield context.new_page()
