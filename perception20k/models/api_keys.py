"""API keys: read only from the environment, and masked wherever a library or an API repeats one."""

from __future__ import annotations

import json
import os
import re
from urllib.parse import quote, quote_plus

from perception20k.core.errors import UserError

KEYS = ("GEMINI_API_KEY", "GOOGLE_API_KEY", "OPENAI_API_KEY", "HF_TOKEN", "PERCEPTION20K_REVIEW_AUTH")
"""Variables of the environment that may hold a secret."""

NO_KEY = "no-key-needed"
"""Given to a client that insists on a key, for a server that needs none."""

PLACEHOLDER_LENGTH = 8
"""A shorter key is a placeholder such as ``EMPTY`` or ``none``, which a local server accepts, not a secret."""


def key_from(wanted_by: str, *variables: str, needed: bool = True) -> str:
    """An API key from the environment; it is never read from anywhere else.

    Args:
        wanted_by: what needs the key; begins the error.
        variables: names to look up; the first that is set counts.
        needed: whether a key is required; if not, a missing one is an empty string.

    Raises:
        UserError: none of the variables is set, or its value cannot be a key; the value is not quoted.
    """
    for name in variables:
        if key := os.environ.get(name, "").strip():
            if not re.fullmatch(r"[!-~]+", key):  # a client would quote it in its error
                raise UserError(
                    f"{wanted_by}: {name} contains a space, a line break or another character that no key has",
                    "Set it to the key alone",
                )
            return key
    if not needed:
        return ""
    raise UserError(f"{wanted_by}: no API key: {' or '.join(variables)} is not set", "Set it in the environment")


def without_key(text: str, key: str) -> str:
    """``text`` on one line, at most 300 characters long, the key masked wherever an API or a library repeats it.

    Also as Python, JSON or a URL would spell it:

    >>> without_key("Illegal header value b'se\\\\\\\\cret/1', at ?key=se%5ccret%2F1", "se\\\\cret/1")
    "Illegal header value b'[key]', at ?key=[key]"

    A placeholder is masked as a word, not inside other words:

    >>> without_key("None of the models takes the key 'one'", "one")
    "None of the models takes the key '[key]'"
    """
    if key:
        forms = {key, repr(key)[1:-1], repr(key.encode())[2:-1], json.dumps(key)[1:-1], quote(key), quote(key, safe="")}
        longest_first = sorted(forms | {quote_plus(key)}, key=len, reverse=True)
        pattern = "|".join(map(re.escape, longest_first))
        if len(key) < PLACEHOLDER_LENGTH:
            pattern = rf"(?<!\w)(?:{pattern})(?!\w)"
        text = re.sub(pattern, "[key]", text, flags=re.IGNORECASE)
    return " ".join(text.split())[:300]
