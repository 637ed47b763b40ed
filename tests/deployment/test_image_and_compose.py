"""The files that others run responder with: the image and the set of services."""

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent.parent
DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LINUX = {"sys_platform": "linux", "platform_machine": "x86_64", "python_version": "3.11"}  # as the image
LOCK = (ROOT / "requirements.lock").read_text()
BUILD_LOCK = (ROOT / "build.lock").read_text()
BUILT_BY: list[str] = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]


def test_the_image_has_two_stages_and_runs_as_nobody_in_particular() -> None:
    assert DOCKERFILE.count("\nFROM ") == 2
    user = re.findall(r"^USER (\d+)$", DOCKERFILE, re.MULTILINE)
    assert [int(uid) > 0 for uid in user] == [True]


def test_the_image_installs_what_is_locked_by_hash() -> None:
    assert "--require-hashes -r requirements.lock" in DOCKERFILE
    pinned = re.findall(r"^[a-z0-9._\[\]-]+==[^ ]+", LOCK, re.MULTILINE)
    assert len(pinned) > 20
    assert LOCK.count("--hash=sha256:") >= len(pinned)


def test_the_lock_has_all_that_the_package_needs_in_versions_that_it_allows() -> None:
    locked = {
        canonicalize_name(name): found for name, found in re.findall(r"^([\w.-]+)[^=\n]*==([^ ;]+)", LOCK, re.MULTILINE)
    }
    wanted = [Requirement(each) for each in PROJECT["dependencies"]]
    here = [each for each in wanted if each.marker is None or each.marker.evaluate(LINUX)]
    assert [
        str(each) for each in here if not each.specifier.contains(locked.get(canonicalize_name(each.name), "0"))
    ] == []


def test_what_builds_the_package_is_the_same_in_the_project_and_by_hash_in_the_image() -> None:
    pinned = re.findall(r"^(\S+==\S+) \\\n    --hash=sha256:", BUILD_LOCK, re.MULTILINE)
    assert pinned == BUILT_BY
    assert "--require-hashes -r build.lock" in DOCKERFILE
    assert "pip wheel --no-cache-dir --no-deps --no-build-isolation" in DOCKERFILE


def test_a_change_of_the_program_installs_no_dependency_again() -> None:
    assert re.findall(r"^COPY (.*) \./\S*$", DOCKERFILE, re.MULTILINE)[0] == "requirements.lock build.lock"


def test_what_the_image_copies_is_let_in() -> None:
    copied = [
        name for names in re.findall(r"^COPY (?!--from)(.*) \S+$", DOCKERFILE, re.MULTILINE) for name in names.split()
    ]
    let_in = re.findall(r"^!(.*)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    assert "build.lock" in copied
    assert [name for name in copied if name not in let_in] == []


@pytest.mark.parametrize("lock", [LOCK, BUILD_LOCK], ids=["requirements", "build"])
def test_a_lock_names_no_place_to_download_from(lock: str) -> None:
    assert "://" not in lock
    assert [line for line in lock.splitlines() if line.startswith("-")] == []


def test_the_image_tells_whether_it_is_well() -> None:
    assert re.search(r"^HEALTHCHECK .*\\\n.*/readyz", DOCKERFILE, re.MULTILINE)


def test_the_set_has_the_stores_one_web_and_two_workers() -> None:
    services = COMPOSE["services"]
    assert {name for name, service in services.items() if "profiles" not in service} == {
        "postgres",
        "redis",
        "migrate",
        "web",
        "worker",
    }
    assert services["worker"]["deploy"]["replicas"] == 2


def test_the_mailbox_is_read_where_somebody_asks_for_it() -> None:
    mail = COMPOSE["services"]["mail"]
    assert (mail["profiles"], mail["command"]) == (["mail"], ["mail"])


@pytest.mark.parametrize("name", ["migrate", "web", "worker", "mail"])
def test_our_services_get_every_setting_of_the_file(name: str) -> None:
    service = COMPOSE["services"][name]
    assert (service["env_file"], "RESPONDER_DATABASE_URL" in service["environment"]) == (".env", True)


def test_the_password_of_the_database_stands_in_no_address_so_that_it_may_have_any_character() -> None:
    environment = COMPOSE["services"]["web"]["environment"]
    assert "POSTGRES_PASSWORD" not in environment["RESPONDER_DATABASE_URL"]
    assert environment["PGPASSWORD"].startswith("${POSTGRES_PASSWORD")


@pytest.mark.parametrize("name", ["migrate", "web", "worker", "mail"])
def test_our_services_run_read_only_and_without_capabilities(name: str) -> None:
    service = COMPOSE["services"][name]
    assert (service["read_only"], service["cap_drop"], service["security_opt"]) == (
        True,
        ["ALL"],
        ["no-new-privileges:true"],
    )


def test_no_secret_stands_in_the_set() -> None:
    secrets = [
        value
        for name, value in COMPOSE["x-responder"]["environment"].items()
        if name.endswith(("TOKEN", "PASSWORD", "KEY"))
    ]
    assert secrets
    assert all(value.startswith("${") for value in secrets)


def test_redis_never_throws_a_job_away() -> None:
    assert COMPOSE["services"]["redis"]["command"][-2:] == ["--maxmemory-policy", "noeviction"]


def test_the_rules_are_a_folder_so_that_an_editor_that_replaces_the_file_is_seen() -> None:
    assert COMPOSE["x-responder"]["volumes"] == ["./rules:/etc/responder:ro"]


@pytest.mark.parametrize("page", ["compose.yaml", "docs/go-live.md"])
def test_the_user_of_the_image_may_read_rules_that_init_made_for_one_user_alone(page: str, tmp_path: Path) -> None:
    (command,) = re.findall(r"install -D -m \S+ rules\.yaml rules/rules\.yaml", (ROOT / page).read_text())
    (tmp_path / "rules.yaml").write_text("version: 1\n")
    (tmp_path / "rules.yaml").chmod(0o600)
    subprocess.run(command.split(), cwd=tmp_path, check=True)
    assert (tmp_path / "rules" / "rules.yaml").stat().st_mode & 0o777 == 0o644


def test_with_tls_caddy_stands_in_front_by_the_example_and_is_believed() -> None:
    caddy, environment = COMPOSE["services"]["caddy"], COMPOSE["x-responder"]["environment"]
    example = (ROOT / "deploy" / "caddy" / "Caddyfile").read_text()
    assert caddy["profiles"] == ["tls"]
    assert [name for name in caddy["environment"] if f"{{${name}:" not in example] == []
    (network,) = COMPOSE["networks"]["default"]["ipam"]["config"]
    assert environment["RESPONDER_TRUSTED_PROXIES"] == network["subnet"]
