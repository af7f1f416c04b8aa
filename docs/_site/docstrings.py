"""Docstrings as Markdown: Sphinx's roles become links, doctests code, a double colon before code a single one."""

from __future__ import annotations

import re
from typing import Any

from griffe import Class, Extension, Function, Module, Object

_DOCTEST = re.compile(r"^>>> .+(?:\n.+)*", re.MULTILINE)
_ROLE = re.compile(r":(?:mod|class|func|meth|attr|data):`~?([\w.]+)`")


class Roles(Extension):
    """Rewrites the docstring of every object that griffe loads."""

    def on_instance(self, *, obj: Object, **_: Any) -> None:
        """Called for each module, class, function and attribute."""
        if obj.docstring is None:
            return
        text = re.sub(r"::$", ":", obj.docstring.value, flags=re.MULTILINE)
        text = _DOCTEST.sub(lambda match: f"```pycon\n{match[0]}\n```", text)
        obj.docstring.value = _ROLE.sub(lambda match: _link(obj, match[1]), text)


def _link(obj: Object, name: str) -> str:
    """A link to a name as it is seen from an object; plain code where it is outside the project or private."""
    ours = name.split(".")[0] in {"distortions", "perception20k", "annotate_app", "trainer"}
    if ours:
        return f"[`{name}`][{name}]"
    scope: Object | None = obj if isinstance(obj, Class | Function | Module) else obj.parent
    while scope is not None:
        if name in scope.members and not name.startswith("_"):
            member = scope.members[name]
            return f"[`{name}`][{member.target_path if member.is_alias else member.path}]"  # type: ignore[union-attr]
        scope = scope.parent
    return f"`{name}`"
