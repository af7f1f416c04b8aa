"""The key is blotted out in whatever spelling a library gives it."""

import json
from urllib.parse import quote, quote_plus

import pytest

from perception20k.models.describers.base import without_key

KEY = r"se\cr'et/+&1"


@pytest.mark.parametrize(
    "form",
    [
        KEY,
        repr(KEY)[1:-1],
        repr(KEY.encode())[2:-1],
        json.dumps(KEY)[1:-1],
        quote(KEY),
        quote(KEY, safe=""),
        quote(KEY, safe="").lower(),
        quote_plus(KEY),
    ],
)
def test_the_key_is_blotted_out_in_every_spelling(form: str) -> None:
    assert without_key(f"Illegal value {form} at\nall", KEY) == "Illegal value [key] at all"


def test_a_text_is_cut_after_the_key_is_out() -> None:
    assert without_key("x" * 290 + KEY, KEY) == "x" * 290 + "[key]"
