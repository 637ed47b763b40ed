"""The house: which way imports point, and where each library lives (docs/architecture.md)."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "responder"
MODULES = sorted(path for path in ROOT.rglob("*.py"))

LAYERS: dict[str, set[str]] = {
    "errors": set(),
    "core": {"errors"},
    "actions": {"errors", "core"},
    "gateways": {"errors", "core"},
    "words": set(),
    "rulefile": {"errors", "core", "actions", "gateways", "words"},
    "store": {"errors", "core"},
    "connections": set(),
    "client": {"errors", "core", "connections"},
    "jobs": {"errors", "core"},
    "pace": {"errors", "core", "jobs"},
    "intake": {"errors", "core"},
    "setting_types": {"errors", "core", "database_url", "mailbox_url", "server_url", "smtp_url"},
    "database_url": {"errors"},
    "data_dir": {"errors"},
    "guarded": {"errors"},
    "memory": set(),
    "tasks": set(),
    "server_url": set(),
    "mailbox_url": {"server_url"},
    "smtp_url": {"server_url"},
    "smtp": {"errors", "core", "smtp_url"},
    "settings": {"errors", "core", "setting_types", "server_url", "database_url"},
    "logs": {"errors", "core"},
    "embedded": {"errors", "data_dir", "guarded"},
    "processes": {"errors", "settings", "tasks"},
    "watching": set(),
    "in_force": {"errors", "core", "rulefile", "store", "watching"},
    "wiring": {
        "errors",
        "core",
        "gateways",
        "rulefile",
        "store",
        "client",
        "jobs",
        "pace",
        "settings",
        "database_url",
        "embedded",
        "in_force",
        "mailbox_url",
        "smtp",
        "smtp_url",
    },
}
BUILT = set(LAYERS) - {"actions", "words"}
LAYERS |= {
    "web": BUILT,
    "worker": BUILT,
    "mail": BUILT,
    "cli": BUILT | {"web", "worker", "mail", "actions"},
    "__main__": {"cli"},
    "__init__": set(),
}

HOMES: dict[str, set[str]] = {
    "arq": {"jobs.py", "worker/supervisor.py"},
    "redis": {"jobs.py", "worker/supervisor.py"},
    "limits": {"pace.py"},
    "httpx": {"client.py"},
    "httpcore": {"client.py", "connections.py"},
    "idna": {"core/networks.py"},
    "imapclient": {"mail/mailbox.py"},
    "aiosmtplib": {"smtp.py"},
    "sqlalchemy": {"store/"},
    "alembic": {"store/"},
    "starlette": {"web/"},
    "uvicorn": {"web/"},
    "python_multipart": {"web/"},
    "yaml": {"rulefile/"},
    "watchfiles": {"watching.py"},
    "prometheus_client": {"web/metrics.py"},
    "structlog": {"logs.py"},
    "pydantic_settings": {"settings.py"},
    "jinja2": {"core/template.py"},
    "phonenumbers": {"core/address.py", "core/template.py"},
    "typer": {"cli/"},
    "rich": {"cli/"},
}


@cache
def imported(path: Path) -> tuple[tuple[str, int], ...]:
    """The modules that a file imports, wherever in it, with the lines."""
    return tuple(_imported(path))


def _imported(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = (
                [f"{node.module}.{alias.name}" for alias in node.names] if node.module == "responder" else [node.module]
            )
            yield from ((name, node.lineno) for name in names)


def layer_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def test_imports_point_inwards() -> None:
    assert [outward for path in MODULES for outward in outward_imports(path)] == []


def outward_imports(path: Path) -> list[str]:
    layer = layer_of(path)
    allowed = LAYERS[layer] | {layer}
    ours = [(name.split(".")[1], line) for name, line in imported(path) if name.startswith("responder.")]
    return [f"{path.relative_to(ROOT)}:{line} imports {name}" for name, line in ours if name not in allowed]


@pytest.mark.parametrize("library", HOMES)
def test_a_library_has_one_home(library: str) -> None:
    users = {
        str(path.relative_to(ROOT))
        for path in MODULES
        if any(name.split(".")[0] == library for name, _ in imported(path))
    }
    assert users, f"nothing uses {library}"
    assert [user for user in users if not user.startswith(tuple(HOMES[library]))] == []


def test_the_environment_is_read_in_settings_alone() -> None:
    assert [str(path.relative_to(ROOT)) for path in MODULES if reads_environment(path)] == ["settings.py"]


def reads_environment(path: Path) -> bool:
    return any(
        isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"}
        for node in ast.walk(ast.parse(path.read_text()))
    )
