"""A key is masked in whatever spelling a library gives it, a placeholder nowhere but alone."""

import json
from urllib.parse import quote, quote_plus

import pytest

from perception20k.models.api_keys import without_key

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
def test_the_key_is_masked_in_every_spelling(form: str) -> None:
    assert without_key(f"Illegal value {form} at\nall", KEY) == "Illegal value [key] at all"


def test_a_text_is_cut_after_the_key_is_out() -> None:
    assert without_key("x" * 290 + KEY, KEY) == "x" * 290 + "[key]"


@pytest.mark.parametrize("placeholder", ["none", "EMPTY", "key"])
def test_a_placeholder_is_masked_as_a_word_and_in_no_other(placeholder: str) -> None:
    text = "nonetheless none of the emptying models is keyed: EMPTY key"
    masked = without_key(text, placeholder)
    assert masked.split() == ["[key]" if word.lower() == placeholder.lower() else word for word in text.split()]
    assert masked != text


def test_without_a_key_nothing_is_masked() -> None:
    assert without_key("none of the models", "") == "none of the models"
