import pytest

from perception20k.pipeline.stages.object_names import MAX_NAME, bad_name, clean


@pytest.mark.parametrize(
    ("given", "cleaned"),
    [
        ("  red\tcup\n", "red cup"),
        ("dining\u2028table", "dining table"),
        ("do\x00g\u202e", "dog"),
        ("e\u0301clair", "\u00e9clair"),
        ("\u0639\u0644\u06cc\u200c\u0631\u0636\u0627", "\u0639\u0644\u06cc\u200c\u0631\u0636\u0627"),
        ("\u200b\n", ""),
    ],
)
def test_a_name_becomes_one_line_of_visible_characters(given: str, cleaned: str) -> None:
    assert clean(given) == cleaned
    assert clean(cleaned) == cleaned


def test_a_name_that_is_empty_or_too_long_is_refused_with_the_reason() -> None:
    empty, long = bad_name(""), bad_name("x" * (MAX_NAME + 1))
    assert empty is not None and long is not None
    assert bad_name("x") is None and bad_name("x" * MAX_NAME) is None
    assert "over 80" in str(long)
