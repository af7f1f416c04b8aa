"""The documentation site: built without a warning, complete, and with nothing from another host."""

import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from perception20k.cli import COMMANDS
from perception20k.cli import cli as group

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return folder


def test_no_page_loads_anything_from_another_host(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 40
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert re.findall(r"<(?:script|img|iframe|source)[^>]*\ssrc=\"?https?:[^\">]*", text) == []
        assert re.findall(r"<link[^>]*rel=\"?(?:stylesheet|preload|preconnect|icon)[^>]*https?:[^\">]*", text) == []
    for sheet in site.rglob("*.css"):
        assert not re.search(r"(?:url\(|@import )[\"']?https?:", sheet.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", COMMANDS)
def test_the_command_reference_has_every_option(site: Path, name: str) -> None:
    command = group.get_command(click.Context(group), name)
    assert command is not None
    text = re.sub(r"<[^>]+>", "", (site / "commands.html").read_text(encoding="utf-8"))
    shown = [option for option in command.params if isinstance(option, click.Option) and not option.hidden]
    options = [name for option in shown for name in option.opts]
    assert [option for option in options if option not in text] == []


def test_the_api_reference_has_the_library_and_links_between_docstrings(site: Path) -> None:
    text = (site / "api" / "distortions.html").read_text(encoding="utf-8")
    assert re.search(r"id=\"?distortions\.distort_region\W", text)
    assert re.search(r"href=\"?#distortions\.catalog\W", text)
    assert ":func:" not in text
