"""From an empty folder to an answered text and a page in the browser, within a minute."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from tests.conftest import free_port
from tests.tour.test_readme import answers

pytestmark = pytest.mark.tour
RESPONDER = Path(sys.executable).parent / "responder"
LONGEST_S = 60.0


def secret_of(folder: Path, name: str) -> str:
    lines = (line.partition("=") for line in (folder / ".env").read_text().splitlines())
    return next(value for found, _, value in lines if found == name)


def words_of_the_person(port: int, password: str) -> str:
    """What a person sees who signs in to the console."""
    path = shutil.which(os.environ.get("CHROMIUM", "chromium"))
    if path is None:
        pytest.skip("no Chromium here: apt-get install chromium, or CHROMIUM=/its/path")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(locale="it-IT")
        page.goto(f"http://127.0.0.1:{port}/")
        page.get_by_label("Il tuo nome").fill("Maria")
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Entra").click()
        page.get_by_role("heading", level=1, name="Messaggi").wait_for()
        seen = page.get_by_role("main").inner_text()
        browser.close()
        return seen


def test_a_clinic_answers_its_first_text_within_a_minute_of_an_empty_folder(tmp_path: Path) -> None:
    began = time.monotonic()
    port = free_port()
    variables = {name: value for name, value in os.environ.items() if not name.startswith("RESPONDER_")}
    variables |= {"RESPONDER_PORT": str(port), "LANG": "it_IT.UTF-8", "LC_ALL": ""}

    def typed(*arguments: str) -> str:
        result = subprocess.run(
            [RESPONDER, *arguments], cwd=tmp_path, env=variables, capture_output=True, text=True, check=False
        )
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    typed("init", "--pack", "clinic")
    service = subprocess.Popen(
        [RESPONDER, "run"], cwd=tmp_path, env=variables, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        while not answers(f"http://127.0.0.1:{port}/readyz"):
            assert time.monotonic() - began < LONGEST_S
            time.sleep(0.05)
        typed("appointments", "import", "appointments.csv")
        assert "Grazie, La aspettiamo il" in typed("text", "sì")
        assert "appuntamento-si" in words_of_the_person(port, secret_of(tmp_path, "RESPONDER_ADMIN_PASSWORD"))
        assert time.monotonic() - began < LONGEST_S
    finally:
        os.killpg(service.pid, signal.SIGTERM)
        service.wait(35)
