import pytest
from pydantic import TypeAdapter, ValidationError

from annotate_app.people.fields import Name, Strict


def test_a_name_is_one_visible_line_in_composed_form() -> None:
    names = TypeAdapter(Name)
    assert names.validate_python(" Zoe\u0308 ") == "Zo\u00eb"
    for wrong in ("", "  ", "a\nb", "\u200d", "\u202eabc", "x" * 81):
        with pytest.raises(ValidationError):
            names.validate_python(wrong)


def test_a_request_takes_no_other_key_and_converts_nothing() -> None:
    class Asked(Strict):
        count: int

    assert Asked.model_validate({"count": 3}).count == 3
    for wrong in ({"count": "3"}, {"count": 3, "more": 1}):
        with pytest.raises(ValidationError):
            Asked.model_validate(wrong)
