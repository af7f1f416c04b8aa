"""The licence of every distribution installed here; those that forbid commercial use or oblige more, at the end."""

from __future__ import annotations

import re
from collections import defaultdict
from importlib import metadata

RESTRICTED = re.compile(r"non.?commercial|\bNC\b|\bA?GPL|creative commons attribution-noncommercial", re.IGNORECASE)
LESSER = re.compile(r"\bLGPL|lesser general", re.IGNORECASE)


def licence(distribution: metadata.Distribution) -> str:
    """What its metadata says: the expression, the classifiers, or the first line of the free text."""
    about = distribution.metadata
    classified = [text.rpartition(" :: ")[2] for text in about.get_all("Classifier", []) if text.startswith("License")]
    said = about.get("License-Expression") or ", ".join(classified) or (about.get("License") or "").strip()
    return said.partition("\n")[0][:60] or "not stated"


found: dict[str, list[str]] = defaultdict(list)
for distribution in metadata.distributions():
    found[licence(distribution)].append(distribution.metadata["Name"])
for said, names in sorted(found.items(), key=lambda item: -len(item[1])):
    print(f"{len(names):>4}  {said}: {', '.join(sorted(names)[:8])}{' ...' if len(names) > 8 else ''}")
print()
for said, names in sorted(found.items()):
    if RESTRICTED.search(said) and not LESSER.search(said):
        print(f"Look at: {', '.join(sorted(names))} ({said})")
print("pyiqa, in the extra `models`, is used only where one of its metrics is asked for; parts of it are NTU S-Lab's.")
