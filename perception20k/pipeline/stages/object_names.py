"""Names of objects and people where they enter: on one line, printable and short, or refused with the reason."""

from __future__ import annotations

import unicodedata

from perception20k.dataset.quarantine import Reason

MAX_NAME = 80
"""Characters; longer "names" are sentences, which no prompt can list as choices."""

_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn"}
"""Unicode categories: controls, formats, surrogates, private and unassigned characters."""
_JOINERS = "\u200c\u200d"
"""Format characters that Persian and Indic words are written with."""


def clean(text: str) -> str:
    """``text`` as one line: NFC, no invisible characters, single spaces.

    >>> clean(" dining\\u2028table\\n")
    'dining table'
    """
    spaced = " ".join(unicodedata.normalize("NFC", text).split())
    visible = "".join(c for c in spaced if c in _JOINERS or unicodedata.category(c) not in _INVISIBLE)
    return " ".join(visible.split())


def bad_name(name: str) -> Reason | None:
    """Why a cleaned name cannot be used, if it cannot."""
    if not name:
        return Reason("bad_name", "the name is empty")
    if len(name) > MAX_NAME:
        return Reason("bad_name", f"the name has {len(name)} characters, over {MAX_NAME}", len(name))
    return None
