"""Imports run downwards: the floors of the house, top first, and who may import whom."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FLOORS = {
    "perception20k": [
        "cli",
        "pipeline",
        "publish",
        "models",
        "config",
        "annotations",
        "dataset",
        "execution",
        "imaging",
        "storage",
        "core",
    ],
    "annotate_app": ["cli", "lead", "web", "reports", "review", "annotate", "people"],
    "trainer": ["cli", "evaluation", "training", "models", "pages", "data"],
}
ALLOWED = {
    "distortions": set(),
    "perception20k": {"distortions"},
    "annotate_app": {"distortions", "perception20k"},
    "trainer": {"distortions", "perception20k"},
}


def _imports(package: str) -> Iterator[tuple[str, str, list[str]]]:
    """Every import of ours: the module that imports, the module imported, the names taken from it."""
    for path in sorted((ROOT / package).rglob("*.py")):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                yield module, node.module, [alias.name for alias in node.names]
            elif isinstance(node, ast.Import):
                yield from ((module, alias.name, []) for alias in node.names)


def _room(module: str) -> str:
    return (*module.split("."), "")[1]


@pytest.mark.parametrize("package", ALLOWED)
def test_a_package_imports_only_those_below_it(package: str) -> None:
    allowed = ALLOWED[package] | {package}
    ours = [(a, b) for a, b, _ in _imports(package) if b.split(".")[0] in ALLOWED]
    assert ours
    assert [(a, b) for a, b in ours if b.split(".")[0] not in allowed] == []


@pytest.mark.parametrize("package", FLOORS)
def test_a_room_imports_only_rooms_below_it(package: str) -> None:
    floors = FLOORS[package]
    wrong = []
    for importer, imported, names in _imports(package):
        if imported.split(".")[0] != package:
            continue
        for target in [imported] if _room(imported) else [f"{package}.{name}" for name in names]:
            a, b = _room(importer), _room(target)
            if a in floors and b in floors and floors.index(a) > floors.index(b):
                wrong.append((importer, target))
    assert wrong == []


@pytest.mark.parametrize("package", FLOORS)
def test_every_room_has_its_floor(package: str) -> None:
    rooms = {path.parent.name for path in (ROOT / package).glob("*/__init__.py")}
    assert rooms <= set(FLOORS[package])


@pytest.mark.parametrize("package", ALLOWED)
def test_no_modules_import_each_other(package: str) -> None:
    modules = {".".join(path.relative_to(ROOT).with_suffix("").parts) for path in (ROOT / package).rglob("*.py")}
    graph: dict[str, set[str]] = {}
    for importer, imported, names in _imports(package):
        submodules = {f"{imported}.{name}" for name in names} & modules
        graph.setdefault(importer, set()).update(submodules or {imported} & modules)

    def reachable(start: str) -> set[str]:
        seen: set[str] = set()
        waiting = [start]
        while waiting:
            for target in graph.get(waiting.pop(), set()) - seen:
                seen.add(target)
                waiting.append(target)
        return seen

    assert [module for module in sorted(modules) if module in reachable(module)] == []


@pytest.mark.parametrize("package", ALLOWED)
def test_no_module_imports_anothers_private_name(package: str) -> None:
    private = [
        (importer, f"{imported}.{name}")
        for importer, imported, names in _imports(package)
        for name in names
        if imported.split(".")[0] in ALLOWED and name.startswith("_") and not name.startswith("__")
    ]
    assert private == []
