from perception20k.models.describers.prompt import PROMPT_VERSION, prompt


def test_the_prompt_asks_for_objects_in_the_papers_form() -> None:
    assert PROMPT_VERSION.startswith("objects.v")
    assert prompt() == prompt().strip()
    assert "|" in prompt()
