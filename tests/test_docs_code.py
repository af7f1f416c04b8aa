"""The code blocks of the pages: Python compiles, the first example runs, YAML is a config or a recipe, JSON is JSON."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from perception20k.config import Config, load_config
from trainer.training.recipe import load

ROOT = Path(__file__).parents[1]


def blocks(language: str) -> list[Any]:
    """Every fenced block of a language, with the page it is on as its name."""
    pages = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
    return [
        pytest.param(re.sub(r"^ {4}", "", code, flags=re.MULTILINE) if code.startswith("    ") else code, id=page.name)
        for page in pages
        for code in re.findall(
            rf"^ *```{language}\n(.*?)^ *```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
        )
    ]


@pytest.mark.parametrize("code", blocks("python"))
def test_python_compiles(code: str) -> None:
    complete = code + "def f(): ...\n" if code.startswith("@") and "def " not in code else code
    compile(complete, "a page", "exec")


def test_the_first_example_runs() -> None:
    text = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    first = re.findall(r"```python\n(.*?)```", text, re.DOTALL)[0]
    names: dict[str, Any] = {}
    exec(first, names)
    changed = (names["local"] != names["image"]).any(axis=2)
    assert not changed[:80].any() and not changed[:, 420:].any()


@pytest.mark.parametrize("code", blocks("yaml"))
def test_yaml_is_a_config_or_a_recipe(code: str, tmp_path: Path) -> None:
    path = tmp_path / "page.yaml"
    data = yaml.safe_load(code)
    path.write_text(code if "sources" in data or "base" in data else f"sources: [x]\nannotations: {{coco: x}}\n{code}")
    assert load(str(path)) if "base" in data else isinstance(load_config(path), Config)


@pytest.mark.parametrize("code", blocks("json"))
def test_json_is_json(code: str) -> None:
    json.loads(code)
