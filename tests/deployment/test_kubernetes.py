"""The manifests for Kubernetes: put together by kustomize and held against its schemas where both are installed."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from responder.rulefile import read_rules

FOLDER = Path(__file__).parent.parent.parent / "deploy" / "kubernetes"
KUSTOMIZATION: dict[str, Any] = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
POD: dict[str, Any] = yaml.safe_load((FOLDER / "pod.yaml").read_text())["spec"]["template"]["spec"]
CONTAINER: dict[str, Any] = POD["containers"][0]
SETTINGS = dict(line.split("=", 1) for line in (FOLDER / "settings.env").read_text().splitlines())
OBJECTS: list[dict[str, Any]] = [
    found
    for name in ("migrate.yaml", "web.yaml", "worker.yaml", "mail.yaml")
    for found in yaml.safe_load_all((FOLDER / name).read_text())
]
WORKLOADS = {found["metadata"]["name"]: found for found in OBJECTS if found["kind"] in {"Deployment", "Job"}}
VALIDATE = shutil.which("kubernetes-validate", path=Path(sys.executable).parent)


def of_kind(kind: str) -> Iterator[dict[str, Any]]:
    return (found for found in OBJECTS if found["kind"] == kind)


def test_each_file_of_the_folder_is_used_or_named() -> None:
    named = (FOLDER / "kustomization.yaml").read_text()
    assert [
        path.name for path in FOLDER.iterdir() if path.name not in named and path.name != "kustomization.yaml"
    ] == []


def test_every_setting_is_one_that_responder_has() -> None:
    page = (FOLDER.parent.parent / "docs" / "settings.md").read_text()
    assert [name for name in SETTINGS if f"| `{name.removesuffix('_FILE')}` |" not in page] == []


def test_secrets_come_as_files_and_none_stands_in_the_settings() -> None:
    files = {value for name, value in SETTINGS.items() if name.endswith("_FILE")}
    (mount,) = [mount for mount in CONTAINER["volumeMounts"] if mount["name"] == "secrets"]
    assert len(files) == 5
    assert {value.rpartition("/")[0] for value in files} == {mount["mountPath"]}
    secret = re.compile(r"_(TOKEN|PASSWORD|KEY|SECRET|DATABASE_URL|REDIS_URL)$")
    assert [name for name in SETTINGS if secret.search(name)] == []


def test_the_rules_come_from_a_folder_so_that_a_change_is_seen_without_a_restart() -> None:
    (rules,) = [made for made in KUSTOMIZATION["configMapGenerator"] if made["name"] == "responder-rules"]
    (mount,) = [mount for mount in CONTAINER["volumeMounts"] if mount["name"] == "rules"]
    assert rules["options"]["disableNameSuffixHash"]
    assert "subPath" not in mount
    assert SETTINGS["RESPONDER_RULES"] == f"{mount['mountPath']}/rules.yaml"


def test_the_rules_that_stand_in_for_yours_are_right() -> None:
    assert read_rules((FOLDER / "rules.yaml").read_text(), "rules.yaml", {}).rules


def test_pods_run_as_nobody_in_particular_on_a_root_that_they_cannot_write() -> None:
    context = CONTAINER["securityContext"]
    assert POD["securityContext"]["runAsNonRoot"]
    assert (context["readOnlyRootFilesystem"], context["allowPrivilegeEscalation"]) == (True, False)
    assert context["capabilities"] == {"drop": ["ALL"]}


def test_no_variable_of_a_service_is_taken_for_a_setting() -> None:
    """Kubernetes would set RESPONDER_PORT to an address, since the service is called responder."""
    assert POD["enableServiceLinks"] is False


def test_what_all_pods_share_reaches_each_of_them() -> None:
    (patch,) = KUSTOMIZATION["patches"]
    assert all(re.fullmatch(patch["target"]["kind"], found["kind"]) for found in WORKLOADS.values())
    for found in WORKLOADS.values():
        assert [container["name"] for container in found["spec"]["template"]["spec"]["containers"]] == ["responder"]


@pytest.mark.parametrize("name", ["web", "worker"])
def test_as_many_run_that_one_may_be_away(name: str) -> None:
    (budget,) = [found for found in of_kind("PodDisruptionBudget") if found["metadata"]["name"] == f"responder-{name}"]
    assert WORKLOADS[f"responder-{name}"]["spec"]["replicas"] > budget["spec"]["minAvailable"]


def test_texts_are_sent_only_to_a_web_process_that_can_take_them() -> None:
    web = WORKLOADS["responder-web"]["spec"]["template"]["spec"]["containers"][0]
    paths = {kind: web[kind]["httpGet"]["path"] for kind in ("readinessProbe", "livenessProbe", "startupProbe")}
    assert paths == {"readinessProbe": "/readyz", "livenessProbe": "/healthz", "startupProbe": "/healthz"}


@pytest.mark.tour
@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
@pytest.mark.parametrize("with_mail", [False, True], ids=["as it is", "with mail"])
def test_kustomize_puts_them_together_and_they_fit_the_schemas(tmp_path: Path, with_mail: bool) -> None:
    folder = shutil.copytree(FOLDER, tmp_path / "kubernetes")
    if with_mail:
        file = folder / "kustomization.yaml"
        file.write_text(file.read_text().replace("resources: [", "resources: [mail.yaml, "))
    made = subprocess.run(["kubectl", "kustomize", folder], capture_output=True, text=True, check=True).stdout
    found = list(yaml.safe_load_all(made))
    assert {each["metadata"]["name"] for each in found} >= {"responder-web", "responder-worker", "responder-migrate"}
    assert all("enableServiceLinks" in each["spec"]["template"]["spec"] for each in found if each["kind"] == "Job")
    if VALIDATE:
        (tmp_path / "made.yaml").write_text(made)
        subprocess.run([VALIDATE, "--strict", tmp_path / "made.yaml"], check=True, capture_output=True)
