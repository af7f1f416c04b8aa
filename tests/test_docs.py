"""Whatever the pages name exists: functions, tests, files, links, commands with their options, make targets."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from perception20k.cli import COMMANDS
from perception20k.cli import cli as group
from tests.test_architecture import FLOORS

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
PACKAGES = "distortions|perception20k|annotate_app|trainer|benchmarks|examples"
FOLDERS = f"{PACKAGES}|tests|docs"


def found(pattern: str) -> list[tuple[str, str]]:
    """Every match of a pattern as (page, match), once a page."""
    matches = [(page, re.findall(pattern, page.read_text(encoding="utf-8"), re.MULTILINE)) for page in PAGES]
    return sorted({(page.relative_to(ROOT).as_posix(), match) for page, names in matches for match in names})


@functools.cache
def definitions(path: Path) -> dict[str, ast.AST]:
    """What a module or class defines or imports, by name; functions inside functions left out."""
    return dict(_members(ast.parse(path.read_text(encoding="utf-8")), path))


def _members(tree: ast.AST, path: Path) -> Iterator[tuple[str, ast.AST]]:
    for node in getattr(tree, "body", []):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.name, node
            case ast.Assign(targets=[ast.Name(name)]) | ast.AnnAssign(target=ast.Name(name)):
                yield name, node
            case ast.ImportFrom():
                yield from ((alias.asname or alias.name, node) for alias in node.names)


def exists(name: str) -> bool:
    """Whether a dotted name is a module, or something that a module or a class in it defines. Imports nothing."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        place = ROOT.joinpath(*parts[:length])
        module = place.with_suffix(".py") if place.with_suffix(".py").is_file() else place / "__init__.py"
        if module.is_file():
            return _has(module, parts[length:])
    return False


def _has(module: Path, attributes: list[str]) -> bool:
    if not attributes:
        return True
    first, *rest = attributes
    node = definitions(module).get(first)
    if isinstance(node, ast.ImportFrom) and rest:
        return exists(f"{node.module}.{'.'.join(attributes)}")
    return node is not None and (not rest or rest[0] in dict(_members(node, module)))


@pytest.mark.parametrize(("page", "name"), found(rf"`((?:{PACKAGES})(?:\.\w+)+)(?:\(\))?`"))
def test_a_module_or_function_exists(page: str, name: str) -> None:
    assert exists(name)


@pytest.mark.parametrize(("page", "path"), found(rf"`((?:{FOLDERS})/[\w./*-]*)`"))
def test_a_file_exists(page: str, path: str) -> None:
    """``NAME`` stands for any name."""
    assert list(ROOT.glob(path.replace("NAME", "*").rstrip("/")))


@pytest.mark.parametrize(("page", "name"), found(rf"`((?:{FOLDERS})/[\w./-]+::\w+)`"))
def test_a_test_or_a_script_has_the_function(page: str, name: str) -> None:
    path, _, function = name.partition("::")
    text = (ROOT / path).read_text(encoding="utf-8")
    if path.endswith(".py"):
        assert function in {node.name for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)}
    else:
        assert re.search(rf"^ +(async )?#?{function}\(.*\) {{", text, re.MULTILINE)


@pytest.mark.parametrize(("page", "target"), found(r"\]\((?!https?://|#)([^)#\s]+)"))
def test_a_link_leads_to_a_file(page: str, target: str) -> None:
    assert (ROOT / page).parent.joinpath(target).exists()


@pytest.mark.parametrize(("page", "line"), found(r"(?:^|`)\s*(perception20k (?:[^`\n]|\\\n)*)"))
def test_a_command_has_the_options_it_is_shown_with(page: str, line: str) -> None:
    name, *words = line.partition("#")[0].split()[1:]
    if name.startswith("-"):
        return
    assert name in COMMANDS
    command = group.get_command(click.Context(group), name)
    assert command is not None
    shown = [p for p in command.params if not getattr(p, "hidden", False)]
    known = {"--help"} | {name for p in shown for name in (*p.opts, *p.secondary_opts)}
    assert {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)} <= known


@pytest.mark.parametrize(("page", "target"), found(r"(?:^|`)make ([a-z-]+)"))
def test_a_make_target_exists(page: str, target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("perception20k.dataset.records.Sample.is_whole", "perception20k.dataset.records.Sample.is_half"),
        ("distortions.distort_region", "distortions.distort_regions"),
        ("trainer.training.grpo", "trainer.grpo"),
    ],
)
def test_a_name_that_is_wrong_is_told_from_one_that_is_right(right: str, wrong: str) -> None:
    assert exists(right) and not exists(wrong)


@pytest.mark.parametrize("package", FLOORS)
def test_the_architecture_page_has_every_room(package: str) -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rooms = [path.parent.name for path in (ROOT / package).glob("*/__init__.py")]
    assert [room for room in rooms if f"| `{package}/{room}/` |" not in text] == []


def test_the_papers_page_names_something() -> None:
    text = (ROOT / "docs" / "paper.md").read_text(encoding="utf-8")
    assert len(re.findall(r"`tests/", text)) > 10
