"""What the site adds to the pages in docs/: the command reference, the API reference, and the pages at the root.

The command reference is made from the parser, the API reference from docstrings. MkDocs calls the ``on_`` functions.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import click
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from mkdocs.utils import get_relative_url

from perception20k.cli import COMMANDS
from perception20k.cli import cli as group

ROOT = Path(__file__).parents[2]
AT_THE_ROOT = {"contributing.md": "CONTRIBUTING.md", "changelog.md": "CHANGELOG.md"}

WORKER = "https://unpkg.com/iframe-worker/shim"


def rooms() -> list[str]:
    """What has a page in the API reference: folders and loose modules, but for the commands, which have their own."""
    found = ["distortions"]
    for package in ("perception20k", "annotate_app", "trainer"):
        paths = sorted((ROOT / package).iterdir())
        found += [f"{package}.{path.stem}" for path in paths if path.suffix == ".py" and not path.stem.startswith("__")]
        found += [f"{package}.{path.name}" for path in paths if (path / "__init__.py").is_file() and path.name != "cli"]
    return found


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put the API pages and the decisions into the navigation."""
    assert config.nav is not None
    sections = {title: pages for entry in config.nav for title, pages in entry.items()}
    decisions = [f"decisions/{path.name}" for path in sorted((ROOT / "docs" / "decisions").glob("0*.md"))]
    sections["Reference"].append({"API": [{room: f"api/{room}.md"} for room in rooms()]})
    sections["Inside"].append({"Decisions": ["decisions/README.md", *decisions]})
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are not files in docs/."""
    pages = {"commands.md": commands_page(), **{f"api/{room}.md": api_page(room) for room in rooms()}}
    for page, source in AT_THE_ROOT.items():
        pages[page] = (ROOT / source).read_text(encoding="utf-8").replace("](docs/", "](")
    for path, text in pages.items():
        files.append(File.generated(config, path, content=text))
    return files


def on_page_content(html: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Let long names in code break at their joints: the tables of the papers' map were twice as wide as the page."""
    joints = re.compile(r"(?<=[./:_])(?=\w)")
    return re.sub(r"<code>[^<\s]{32,}</code>", lambda found: joints.sub("<wbr>", found[0]), html)


def on_post_page(output: str, *, page: Page, config: MkDocsConfig) -> str:
    """Take the theme's stand-in for workers, which pages opened as files need, from here and not from another host."""
    return output.replace(WORKER, get_relative_url("_site/worker.js", page.url))


def on_post_template(output_content: str, *, template_name: str, config: MkDocsConfig) -> str:
    """The same for pages that are none of ours, such as 404.html."""
    return output_content.replace(WORKER, "_site/worker.js")


def api_page(room: str) -> str:
    """A page with every module of a folder that defines something, in the order of their names."""
    place = ROOT.joinpath(*room.split("."))
    paths = [place.with_suffix(".py")] if place.with_suffix(".py").is_file() else sorted(place.rglob("*.py"))
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in paths]
    modules = [name.removesuffix(".__init__") for name in names if "__main__" not in name]
    return f"# {room}\n\n" + "".join(f"::: {module}\n\n" for module in modules)


def commands_page() -> str:
    """Every command with its usage, help and options, from the parser."""
    parts = ["# Commands\n", "`perception20k COMMAND --help` shows the same in the terminal.\n", _table()]
    for name in COMMANDS:
        command = group.get_command(click.Context(group), name)
        assert command is not None
        parts += [f"## {name}\n", *_command(command, name)]
    return "\n".join(parts)


def _table() -> str:
    rows = [f"| [`{name}`](#{name}) | {summary} |" for name, (_, summary) in COMMANDS.items()]
    return "\n".join(["| command | what it does |", "| --- | --- |", *rows, ""])


def _command(command: click.Command, name: str) -> Iterator[str]:
    context = click.Context(command, info_name=name)
    usage = " ".join(["perception20k", name, *command.collect_usage_pieces(context)])
    yield f"```\n{usage}\n```\n"
    yield from _paragraphs(command.help or "")
    rows = [
        option.get_help_record(context) for option in command.get_params(context) if option.param_type_name == "option"
    ]
    yield "| option | what it does |\n| --- | --- |"
    yield from (f"| `{row[0]}` | {_escaped(row[1])} |" for row in rows if row is not None)
    yield ""


def _paragraphs(text: str) -> Iterator[str]:
    """A command's help as Markdown: what click keeps as it is (after ``\\b``) becomes code."""
    for paragraph in inspect.cleandoc(text).replace("\b\n", "\b").split("\n\n"):
        if not paragraph.startswith("\b"):
            yield _escaped(paragraph) + "\n"
            continue
        lines = paragraph.removeprefix("\b").splitlines()
        if not lines[0].startswith(" "):
            yield lines.pop(0) + "\n"
        yield "\n".join(["```", *(line.removeprefix("    ") for line in lines), "```\n"])


def _escaped(text: str) -> str:
    """Text without the characters that Markdown would take for markup; words in capitals and code stay."""
    return re.sub(r"([<>*\[\]])", r"\\\1", text)
