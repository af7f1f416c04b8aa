"""One version in the project's metadata, its package, CITATION.cff and the change log."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import distortions
import perception20k

ROOT = Path(__file__).parents[1]
project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
cited = re.search(r"^version: ['\"]?([\w.]+)", (ROOT / "CITATION.cff").read_text(encoding="utf-8"), re.MULTILINE)
changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
wrong = []
for place, version in {"perception20k": perception20k.__version__, "CITATION.cff": cited and cited[1]}.items():
    if version != project["version"]:
        wrong.append(f"{place} says version {version}, pyproject.toml {project['version']}")
if f"perception20k-distortions=={'.'.join(distortions.__version__.split('.')[:2])}.*" not in project["dependencies"]:
    wrong.append(f"pyproject.toml does not ask for the library of this checkout, {distortions.__version__}")
if not re.search(rf"^## \[(?:Unreleased|{re.escape(project['version'])})\]", changes, re.MULTILINE):
    wrong.append(f"CHANGELOG.md has no section for {project['version']}")
elif not re.search(rf"^## \[{re.escape(project['version'])}\]", changes, re.MULTILINE):
    print(f"Not yet a release: CHANGELOG.md keeps the changes of {project['version']} under [Unreleased]")
print(f"Version {project['version']}, distortions {distortions.__version__}")
sys.exit("\n".join(wrong) or None)
