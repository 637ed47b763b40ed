"""The house: which way imports point, where each library lives, and how large a room may be (docs/architecture.md)."""

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from responder.gateways import FOLDERS

ROOT = Path(__file__).parent.parent / "responder"
MODULES = sorted(path for path in ROOT.rglob("*.py") if "migrations" not in path.parts)

CORE = [
    "core.sms",
    "core.contact",
    "core.recognition",
    "core.rules",
    "core.outbound",
    "core.dialogue",
    "core.deciding",
    "core.rehearsal",
]
STORE = [
    "store.base",
    "store.queue",
    "store.consent",
    "store.appointments",
    "store.handoffs",
    "store.outbound",
    "store.inbox",
]
INNER = {
    "errors",
    "core",
    "gateways",
    "rulefile",
    "store",
    "intake",
    "jobs",
    "lean",
    "logs",
    "pace",
    "desk",
    "spreadsheets",
    "clients",
    "settings",
    "processes",
    "starting",
    "keeping",
    "version",
    "wiring",
}

MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "lean": set(),
    "core": {"errors"},
    **{folder: {"errors", *CORE[:place]} for place, folder in enumerate(CORE)},
    "core.consent": {"errors", *CORE[:4]},
    "core.appointments": {"errors", *CORE[:4]},
    "core.operations": {"errors", *CORE[:5]},
    "actions": {"errors", "core"},
    "gateways": {"errors", "core"},
    "gateways.agile": {"errors", "core.sms", "core.contact", "core.outbound", "gateways", "settings.types"},
    "words": set(),
    "rulefile": {"errors", "core", "actions", "gateways", "words", "store.base"},
    "rulefile.reading": {"errors", "core"},
    "rulefile.sections": {"errors", "core", "rulefile.reading", "actions", "words"},
    "rulefile.warnings": {"errors", "core", "rulefile.reading", "rulefile.sections"},
    "rulefile.describe": {"errors", "core", "actions", "rulefile.reading", "rulefile.sections", "rulefile.warnings"},
    "store": {"errors", "core", "lean"},
    **{folder: {"errors", "core", *STORE[:place]} for place, folder in enumerate(STORE)},
    "store.operations": {"errors", "core", "store.base", "store.queue"},
    "store.reading": {"errors", "core", "store"},
    "spreadsheets": {"errors", "core"},
    "desk": {"errors", "core", "rulefile", "spreadsheets", "store", "settings"},
    "clients": {"errors", "core", "lean", "settings"},
    "jobs": {"errors", "core", "processes"},
    "pace": {"errors", "core", "jobs", "lean"},
    "intake": {"errors", "core"},
    "logs": {"errors", "core", "lean"},
    "settings": {"errors", "core", "gateways"},
    "processes": {"errors", "settings"},
    "starting": {"errors"},
    "keeping": {"errors", "core", "rulefile", "store", "settings", "processes"},
    "version": set(),
    "wiring": INNER - {"wiring"},
    "web": INNER,
    "web.api": {"errors", "core", "desk"},
    "web.console": {"errors", "core", "desk", "settings", "processes", "web.forms"},
    "web.forms": set(),
    "worker": INNER,
    "mail": INNER,
    "cli": INNER - {"store"} | {"web", "worker", "mail", "actions"},
    "__main__": {"cli"},
    "__init__": set(),
}
"""What each folder may import beside itself; the longest name that fits a module counts."""

HOMES: dict[str, set[str]] = {
    "arq": {"jobs.py", "worker/supervisor.py"},
    "redis": {"jobs.py", "worker/supervisor.py"},
    "limits": {"pace.py", "web/console/frame/door.py"},
    "httpx": {"clients/"},
    "httpcore": {"clients/"},
    "imapclient": {"mail/mailbox.py"},
    "aiosmtplib": {"clients/smtp.py"},
    "sqlalchemy": {"store/"},
    "alembic": {"store/"},
    "starlette": {"web/"},
    "uvicorn": {"web/"},
    "python_multipart": {"web/"},
    "yaml": {"rulefile/"},
    "pyrage": {"keeping/envelope.py"},
    "python_calamine": {"spreadsheets/workbook.py"},
    "watchfiles": {"rulefile/watching.py"},
    "prometheus_client": {"web/figures.py", "web/app.py"},
    "structlog": {"logs.py"},
    "dotenv": {"settings/environment.py"},
    "jinja2": {"core/rules/template.py", "web/console/frame/rendering.py"},
    "phonenumbers": {"core/sms/address.py", "core/rules/template.py"},
    "typer": {"cli/"},
    "rich": {"cli/"},
}

WRITES = re.compile(r"database\.write(_at_once)?\(")
MOST_MODULES = 12  # side by side in one folder
CROWDED = {"core/rules": 15}

LONGEST_MODULE = 250  # lines
LONGEST_FUNCTION = 40
LONGEST_LINE = 120  # columns

SHARED_NAMES: dict[str, set[str]] = {
    "cli/records": {"app", "export", "import_", "list_", "retry", "show", "test"},
    "cli/rules": {"app"},
    "cli/service": {"app"},
    "web/console/pages": {
        "GOOD_FOR_S",
        "SHOWN",
        "Asked",
        "give_csv",
        "give_lines",
        "read_filters",
        "reply",
        "retry",
        "routes",
        "show",
    },
    "web/console/editing": {"SHOWN", "routes", "show"},
    "rulefile/warnings": {"cautions"},
}
"""Names that several modules of a folder have on purpose: the interface that its reader walks."""

NOT_YET_APART: dict[str, set[str]] = {}
"""Names that still mean two things in one folder."""


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


NAMES = {name_of(path) for path in MODULES}


@cache
def imported(path: Path) -> tuple[tuple[str, int], ...]:
    """The modules that a file imports, wherever in it, with the lines."""
    return tuple(_imported(path))


def _imported(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield (whole if whole.removeprefix("responder.") in NAMES else node.module), node.lineno


def ours(path: Path) -> Iterator[tuple[str, int]]:
    """What a file imports of the package itself, without the package's name."""
    return ((name.removeprefix("responder."), line) for name, line in imported(path) if name.startswith("responder."))


def row_of(name: str) -> str:
    """The row of the table that counts for a module: the longest that fits."""
    return max((row for row in MAY_IMPORT if is_within(name, row)), key=len)


def is_within(name: str, folder: str) -> bool:
    return f"{name}.".startswith(f"{folder}.")


def test_imports_point_inwards() -> None:
    assert [outward for path in MODULES for outward in outward_imports(path)] == []


def outward_imports(path: Path) -> list[str]:
    row = row_of(name_of(path) or "__init__")
    allowed = MAY_IMPORT[row] | {row}
    return [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for name, line in ours(path)
        if not any(is_within(name, folder) for folder in allowed)
    ]


@pytest.mark.parametrize("folder", ["cli", "web/api", "web/console"])
def test_whoever_looks_and_acts_does_so_at_the_desk(folder: str) -> None:
    """What people and programs see has no SQL, no table and no decision of its own."""
    modules = sorted((ROOT / folder).rglob("*.py"))
    assert modules
    assert [
        f"{path}:{line} imports {name}" for path in modules for name, line in ours(path) if is_within(name, "store")
    ] == []


def test_only_the_store_and_the_worker_begin_transactions_that_change_something() -> None:
    """Whoever acts asks the store to, and so nobody else changes state: the desk, and the worker side."""
    beginning = {name_of(path).partition(".")[0] for path in MODULES if WRITES.search(path.read_text())}
    assert beginning == {"store", "worker"}


def test_no_modules_import_each_other() -> None:
    """Not even by an import within a function."""
    assert circle({name_of(path): [name for name, _ in ours(path)] for path in MODULES}) == []


def test_no_folders_import_each_other() -> None:
    folders: dict[str, set[str]] = defaultdict(set)
    for path in MODULES:
        folder = folder_of(name_of(path))
        folders[folder] |= {folder_of(name) for name, _ in ours(path)} - {folder}
    assert circle({folder: sorted(others) for folder, others in folders.items()}) == []


def folder_of(name: str) -> str:
    is_folder = (ROOT / name.replace(".", "/")).is_dir()
    return name if is_folder else name.rpartition(".")[0] or name


def circle(imports: dict[str, list[str]]) -> list[str]:
    """What is left when whatever imports nothing that is left is taken away, again and again."""
    left = {name: {other for other in others if other in imports and other != name} for name, others in imports.items()}
    while free := {name for name, others in left.items() if not others & left.keys()}:
        left = {name: others for name, others in left.items() if name not in free}
    while tops := left.keys() - set().union(*left.values()):
        left = {name: others for name, others in left.items() if name not in tops}
    return sorted(left)


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
    assert {path.parent.name for path in MODULES if reads_environment(path)} == {"settings"}


def reads_environment(path: Path) -> bool:
    return any(
        isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"}
        for node in ast.walk(ast.parse(path.read_text()))
    )


def test_a_folder_holds_no_more_modules_than_a_reader_bears() -> None:
    modules = Counter(str(path.parent.relative_to(ROOT)) for path in MODULES if path.name != "__init__.py")
    assert {folder: count for folder, count in modules.items() if count > CROWDED.get(folder, MOST_MODULES)} == {}


@pytest.mark.parametrize("gateway", FOLDERS)
def test_a_gateway_is_named_by_its_own_folder_and_one_line(gateway: str) -> None:
    lines = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in sorted(ROOT.rglob("*.py"))
        if not path.is_relative_to(ROOT / "gateways" / gateway)
        for line in path.read_text().splitlines()
        if gateway in line.lower()
    ]
    assert lines == [f'gateways/__init__.py: "{gateway}",']


def test_no_public_name_is_defined_in_two_modules_of_one_folder() -> None:
    homes: dict[tuple[str, str], list[str]] = defaultdict(list)
    for path in MODULES:
        for name in public_names(path):
            homes[str(path.parent.relative_to(ROOT)), name].append(path.name)
    assert {
        f"{folder}: {name}": modules
        for (folder, name), modules in homes.items()
        if len(modules) > 1 and name not in SHARED_NAMES.get(folder, set()) | NOT_YET_APART.get(folder, set())
    } == {}


def public_names(path: Path) -> set[str]:
    """What a module defines for others; loggers and type variables are its own."""
    return {name for name in _defined(path) if not name.startswith("_") and name not in {"logger", "T"}}


def _defined(path: Path) -> Iterator[str]:
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Assign):
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id


def test_modules_functions_and_lines_are_in_bounds() -> None:
    assert [long for path in MODULES for long in too_long(path, str(path.relative_to(ROOT)))] == []


def too_long(path: Path, module: str) -> Iterator[str]:
    text = path.read_text()
    lines = text.splitlines()
    if len(lines) > LONGEST_MODULE:
        yield f"{module}: {len(lines)} lines"
    wide = [number for number, line in enumerate(lines, 1) if len(line) > LONGEST_LINE]
    yield from (f"{module}:{number}: more than {LONGEST_LINE} columns" for number in wide)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > LONGEST_FUNCTION:
                yield f"{module}:{node.lineno}: {node.name} has {length} lines"
