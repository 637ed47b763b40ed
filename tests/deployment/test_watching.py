"""The dashboard and the alert rules speak of figures that there are, and Prometheus understands them."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deployment.figures_of_all import labels_by_name

ROOT = Path(__file__).parent.parent.parent
RULES_FILE = ROOT / "deploy" / "prometheus" / "alerts.yml"
ALERTS: list[dict[str, Any]] = yaml.safe_load(RULES_FILE.read_text())["groups"][0]["rules"]
DASHBOARD: dict[str, Any] = json.loads((ROOT / "deploy" / "grafana" / "responder.json").read_text())
PANELS: list[dict[str, Any]] = DASHBOARD["panels"]
FIGURES = labels_by_name()
EXPRESSIONS = {alert["alert"]: alert["expr"] for alert in ALERTS} | {
    f"{panel['title']} {target['refId']}": target["expr"] for panel in PANELS for target in panel["targets"]
}


@pytest.mark.parametrize("expression", EXPRESSIONS.values(), ids=EXPRESSIONS)
def test_each_figure_is_one_that_metrics_has(expression: str) -> None:
    named = set(re.findall(r"responder_\w+", expression))
    assert named
    assert named - set(FIGURES) == set()


@pytest.mark.parametrize("expression", EXPRESSIONS.values(), ids=EXPRESSIONS)
def test_each_label_is_one_that_its_figure_has(expression: str) -> None:
    of_figures = set[str]().union(*(FIGURES[name] for name in re.findall(r"responder_\w+", expression)))
    grouped = re.findall(r"\b(?:by|on) \(([^)]*)\)", expression)
    used = {label.strip() for group in grouped for label in group.split(",")}
    used |= set(re.findall(r'(\w+)\s*[=!]~?\s*"', expression))
    assert used - of_figures == set()


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_each_legend_names_a_label_that_is_left(panel: dict[str, Any]) -> None:
    for target in panel["targets"]:
        left = ",".join(re.findall(r"\bby \(([^)]*)\)", target["expr"]))
        assert [label for label in re.findall(r"{{(\w+)}}", target["legendFormat"]) if label not in left] == []


def test_no_two_panels_lie_on_each_other() -> None:
    taken = [
        (x, y)
        for place in (panel["gridPos"] for panel in PANELS)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(taken) == len(set(taken))
    assert max(x for x, _ in taken) < 24


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_each_alert_says_what_to_do(alert: dict[str, Any]) -> None:
    assert alert["labels"]["severity"] in {"page", "ticket"}
    assert alert["annotations"]["remedy"].endswith(".")


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_prometheus_understands_the_rules_and_they_speak_when_they_should(tmp_path: Path) -> None:
    shutil.copy(RULES_FILE, tmp_path)
    shutil.copy(Path(__file__).parent / "alerts.test.yml", tmp_path)
    for command in (["check", "rules", "alerts.yml"], ["test", "rules", "alerts.test.yml"]):
        result = subprocess.run(["promtool", *command], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("figure", sorted(FIGURES))
def test_each_figure_is_told_of_on_the_page_about_watching(figure: str) -> None:
    page = (ROOT / "docs" / "watch.md").read_text()
    named = re.findall(r"`(responder_\w+|…\w+)", page)
    assert figure in named or any(figure.endswith(name.removeprefix("…")) for name in named if name.startswith("…"))
