"""The prompts, word for word where it matters to the readers of the answers."""

from __future__ import annotations

from importlib.resources import files

import pytest

from trainer.data import prompts


def test_every_prompt_file_is_read_without_its_last_line_break() -> None:
    found = [entry.name for entry in (files("trainer.data") / "prompts").iterdir() if entry.name.endswith(".txt")]
    assert found
    for name in found:
        text = prompts.prompt(name.removesuffix(".txt"))
        assert text and text == text.strip()


@pytest.mark.parametrize(
    ("name", "end"),
    [
        (
            "refine-iqa-think.v1",
            "The final output should be in the following format: "
            "<think>Your think</think><answer>Score:Your score</answer>",
        ),
        (
            "refine-iqa-no-think.v1",
            "The final output should be in the following format: <answer>Score: Your score</answer>",
        ),
        (
            "visualquality-r1.v1",
            "then output the final answer with only one score in <answer> </answer> tags.",
        ),
        (
            "q-insight-degradation.v1",
            'The detected distortion (or "null" if none). and "severity": The severity level (or "null" if none).',
        ),
    ],
)
def test_the_papers_words(name: str, end: str) -> None:
    assert prompts.prompt(name).endswith(end)


def test_a_question_has_its_images_first_and_its_system_message_before() -> None:
    system, question = prompts.ask("q-insight-score.v1", images=2, system="q-insight-system.v1")
    assert [part["type"] for part in question["content"]] == ["image", "image", "text"]
    assert (system["role"], question["role"]) == ("system", "user")
    assert "<think> </think> and <answer> </answer>" in system["content"][0]["text"]
