"""The README's own commands, run as a newcomer would, in a copy of the project with an environment of its own."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import free_port

pytestmark = pytest.mark.tour
ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text()
LEFT_BEHIND = shutil.ignore_patterns(
    ".git", ".venv", "__pycache__", "*.egg-info", "data", ".*_cache", ".env", ".hypothesis"
)


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_the_readme_names_one_command_to_start_and_one_to_test() -> None:
    start, tests = blocks("sh")[:2]
    assert start.strip().endswith(".venv/bin/responder run")
    assert tests.strip().endswith(".venv/bin/pytest")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project, as a clone would be."""
    copy = tmp_path_factory.mktemp("newcomer") / "responder"
    shutil.copytree(ROOT, copy, ignore=LEFT_BEHIND)
    return copy


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith("RESPONDER_") and name != "VIRTUAL_ENV"
    }
    return kept | {"RESPONDER_PORT": str(free_port())}


@pytest.fixture(scope="module")
def service(place: Path, environment: dict[str, str]) -> Iterator[Path]:
    """The file that the start command prints to, while it runs."""
    printed = place.parent / "printed.txt"
    with printed.open("w") as out:
        process = subprocess.Popen(
            ["bash", "-c", blocks("sh")[0]], cwd=place, env=environment, stdout=out, stderr=out, start_new_session=True
        )
        ends_at = time.monotonic() + 300
        while not answers(f"http://127.0.0.1:{environment['RESPONDER_PORT']}/readyz"):
            assert process.poll() is None, printed.read_text()
            assert time.monotonic() < ends_at, printed.read_text()
            time.sleep(0.1)
        yield printed
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(35)


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310  (our own address)
            return b'"worker":"ready"' in response.read()
    except OSError:
        return False


def test_starting_prints_where_it_listens_by_which_rules_and_what_to_try(
    service: Path, environment: dict[str, str]
) -> None:
    printed = service.read_text()
    assert f"http://127.0.0.1:{environment['RESPONDER_PORT']}/webhook/sms" in printed
    assert re.search(r"rules +rules\.yaml: \d+ rules, \d+ lists, hash [0-9a-f]+", printed)
    assert "simulated" in printed
    assert re.search(r"try +\S*responder text \S", printed)


def test_the_tour_ends_in_a_reply_and_every_command_of_it_runs(
    service: Path, place: Path, environment: dict[str, str]
) -> None:
    said = {}
    for line in blocks("sh")[2].strip().splitlines():
        result = subprocess.run(
            shlex.split(line, comments=True),
            cwd=place,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert result.returncode == 0, f"{line}\n{result.stdout}\n{result.stderr}"
        said[shlex.split(line, comments=True)[1]] = result.stdout
    assert "news-on" in said["messages"]
    assert "reserved:stop" in said["messages"]
    assert "news" in said["subscribers"]


def test_an_installation_of_ones_own_is_made_by_the_command_of_the_page(
    service: Path, place: Path, environment: dict[str, str]
) -> None:
    subprocess.run(
        shlex.split(blocks("sh")[3]), cwd=place, env=environment, check=True, capture_output=True, timeout=60
    )
    assert (place / "mine" / "rules.yaml").exists()


def test_the_rules_on_the_page_are_right(place: Path, service: Path, environment: dict[str, str]) -> None:
    page = place.parent / "page.yaml"
    page.write_text(blocks("yaml")[0])
    result = subprocess.run(
        [place / ".venv/bin/responder", "check", page],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_image_installs_and_starts_by_its_own_lines(
    tmp_path: Path, place: Path, environment: dict[str, str]
) -> None:
    """No engine is asked: the Dockerfile's install and start lines run in a clean virtual environment instead."""
    lines = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text())
    installs = re.findall(r"(?:/opt/responder/bin/)?\bpip (?:install|wheel) [^&\n]*", lines)
    assert len(installs) == 4
    venv, builder = tmp_path / "venv", tmp_path / "builder"
    for made in (venv, builder):
        subprocess.run(["python3", "-m", "venv", made], check=True)
    path = {"PATH": f"{builder / 'bin'}:{os.environ['PATH']}"}
    for install in installs:
        here = install.replace("/opt/responder", str(venv)).replace("/build/wheel", str(tmp_path / "wheel"))
        subprocess.run(
            ["sh", "-c", here], cwd=place, env=os.environ | path, check=True, capture_output=True, timeout=600
        )
    port = str(free_port())
    started = environment | {
        "RESPONDER_PORT": port,
        "RESPONDER_DATA_DIR": str(tmp_path / "data"),
        "RESPONDER_RULES": str(place / "rules.yaml"),
    }
    with (tmp_path / "printed.txt").open("w") as out:
        process = subprocess.Popen(
            [venv / "bin/responder", "run"], cwd=tmp_path, env=started, stdout=out, stderr=out, start_new_session=True
        )
    try:
        ends_at = time.monotonic() + 30
        while not answers(f"http://127.0.0.1:{port}/readyz"):
            assert time.monotonic() < ends_at, (tmp_path / "printed.txt").read_text()
            time.sleep(0.1)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        assert process.wait(35) == 0
