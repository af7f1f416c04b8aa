"""The light install: nothing heavy is imported before it is asked for, and what is missing is named."""

import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from perception20k.core.errors import UserError
from perception20k.core.extras import EXTRAS, gpu_count, require

ROOT = Path(__file__).parents[3]


@pytest.mark.slow
def test_the_build_imports_nothing_heavy() -> None:
    heavy = {"torch", "transformers", "pyiqa", "google.genai", "openai", "ray", "decord", "matplotlib"}
    script = f"import sys, perception20k.cli.build; print(*({heavy!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_every_extra_for_users_is_listed_by_what_it_brings() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert set(EXTRAS) == set(extras) - {"bench", "docs", "dev"}
    providers = metadata.packages_distributions()
    for extra, modules in EXTRAS.items():
        brought = {canonicalize_name(Requirement(text).name) for text in extras[extra]}
        for module in modules:
            top = module.partition(".")[0]
            assert brought & set(map(canonicalize_name, providers.get(top, [top]))), (extra, module)
        assert len(modules) == len(brought)


@pytest.mark.parametrize("package", ["no_such_package", "no_such.part", "json.no_such_part"])
def test_a_missing_package_is_named_with_its_extra(package: str) -> None:
    require("this", "models", "json", "xml.dom")
    with pytest.raises(UserError) as caught:
        require("describe: gemini", "models", "json", package)
    assert str(caught.value) == (
        f"describe: gemini needs the package '{package}', which is not installed. "
        "Install it: pip install 'perception20k[models]'"
    )


@pytest.mark.parametrize(("visible", "count"), [("0,1", 2), ("GPU-1a", 1), ("", 0), ("-1", 0)])
def test_gpus_are_those_this_process_may_use(monkeypatch: pytest.MonkeyPatch, visible: str, count: int) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert gpu_count() == count
