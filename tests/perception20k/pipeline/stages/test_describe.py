"""Reading answers in the paper's form, and the prompt itself."""

import pickle
from pathlib import Path

import pytest

from perception20k.config import Calls, Describe
from perception20k.core.errors import UserError
from perception20k.dataset.quarantine import Reason
from perception20k.dataset.records import Source
from perception20k.pipeline.stages.describe import DescribeStage, prompt, read_answer
from perception20k.pipeline.stages.sources import Candidate
from tests.perception20k.hub import Hub


@pytest.mark.parametrize(
    ("text", "phrases"),
    [
        ("dog | red car", ("dog", "red car")),
        ("dog|red car|man\n", ("dog", "red car", "man")),
        ("⟨Black Poodle | Red Car⟩", ("black poodle", "red car")),
        ("<dog|lamp>", ("dog", "lamp")),
        ("“dog” | “red  car”.", ("dog", "red car")),
        ("```\ndog | t-shirt | child's toy\n```", ("dog", "t-shirt", "child's toy")),
        ("dog", ("dog",)),
        ("glass of water | dog", ("glass of water", "dog")),
        ("café table | dog", ("café table", "dog")),
        ("cafe\u0301 table | dog", ("café table", "dog")),
        ("1. dog | 2. cat", ("dog", "cat")),
        ("1) dog | (2) cat | 3.car", ("dog", "cat", "car")),
        ("- dog | - cat", ("dog", "cat")),
        ("**dog | cat**", ("dog", "cat")),
        ("[dog] | [cat]", ("dog", "cat")),
        ("```\ndog | cat\n```", ("dog", "cat")),
        ("```text\ndog | cat\n```", ("dog", "cat")),
        ("• Dog | * cat", ("dog", "cat")),
        ("2 dogs | 3d printer", ("2 dogs", "3d printer")),
        ("man | woman | person", ("man", "woman", "person")),
        ("plan | plane", ("plan", "plane")),
    ],
)
def test_an_answer_gives_its_phrases(text: str, phrases: tuple[str, ...]) -> None:
    assert read_answer(text) == (phrases, [])


@pytest.mark.parametrize("text", ["NAN", "nan", " NaN. ", "`NAN`", '"NAN"'])
def test_nan_gives_none_and_says_so(text: str) -> None:
    reason = read_answer(text)
    assert isinstance(reason, Reason) and reason.rule == "too_few_objects" and "NAN" in reason.text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "|",
        "dog || car",
        "dog | ",
        "Here are the subjects:\ndog | car",
        "1. dog\n2. car",
        "The image shows a brown dog beside a red car",
        "a dog that is lying on the sofa | lamp",
        "dog, car, lamp",
        '{"subjects": ["dog", "car"]}',
        "狗 | 车",
    ],
)
def test_nonsense_is_refused_as_a_whole(text: str) -> None:
    reason = read_answer(text)
    assert isinstance(reason, Reason) and reason.rule == "bad_answer"
    assert reason.text.startswith("not an answer in the form 'a | b | c'") and "\n" not in reason.text


@pytest.mark.parametrize(
    ("text", "kept", "refused"),
    [
        ("dog | blue sky", ("dog",), [("blue sky", "a background word")]),
        ("dog | Clouds | car", ("dog", "car"), [("clouds", "a background word")]),
        ("dog | dog | car", ("dog", "car"), [("dog", "the same type of subject as 'dog'")]),
        ("red car | blue cars", ("red car",), [("blue cars", "the same type of subject as 'red car'")]),
        ("a | b | c | d", ("a", "b", "c"), [("d", "the answer already has 3 subjects")]),
        ("dog | NAN", ("dog",), [("nan", "NAN is not a subject")]),
        ("man on beach | beach", ("man on beach",), [("beach", "a background word")]),
        ("dog | field of flowers", ("dog",), [("field of flowers", "a background word")]),
        ("dog | skies | beaches", ("dog",), [("skies", "a background word"), ("beaches", "a background word")]),
        ("glass of milk | glasses", ("glass of milk",), [("glasses", "the same type of subject as 'glass of milk'")]),
        *(
            (f"{one} | {many}", (one,), [(many, f"the same type of subject as '{one}'")])
            for one, many in (
                ("bus", "buses"),
                ("box", "boxes"),
                ("person", "people"),
                ("woman", "women"),
                ("horse", "horses"),
                ("city", "cities"),
                ("cookie", "cookies"),
                ("tie", "ties"),
                ("tomato", "tomatoes"),
                ("shoe", "shoes"),
                ("toe", "toes"),
                ("bench", "benches"),
                ("vase", "vases"),
                ("knife", "knives"),
                ("lens", "lenses"),
                ("mouse", "mice"),
                ("goose", "geese"),
                ("key", "keys"),
                ("dress", "dresses"),
                ("tree", "trees"),
            )
        ),
        ("glass | grass", ("glass",), [("grass", "a background word")]),
        ("bus | busses", ("bus", "busses"), []),
        (f"dog | {'a' * 5000}", ("dog",), [("a" * 80, "the name has 5000 characters, over 80")]),
    ],
)
def test_phrases_that_break_the_prompts_rules_are_refused_one_by_one(
    text: str, kept: tuple[str, ...], refused: list[tuple[str, str]]
) -> None:
    answer = read_answer(text)
    assert not isinstance(answer, Reason)
    phrases, others = answer
    assert (phrases, [(phrase, reason.text) for phrase, reason in others]) == (kept, refused)


def test_the_prompt_is_the_papers() -> None:
    lines = prompt().splitlines()
    assert lines[0] == "Analyze the image carefully and identify all distinct visual subjects that:"
    assert [line[:2] for line in lines[1:]] == ["1.", "2.", "3.", "4.", "5.", "6."]
    assert "separated by a | . At most, only the three most salient objects" in lines[5]
    assert lines[6].endswith("output: NAN.")


def test_the_key_knows_image_and_model_and_not_how_the_api_is_called() -> None:
    one = Candidate(Path("a"), Source("0" * 16, "f", "d", 640, 480, "a"))
    two = Candidate(Path("a"), Source("1" * 16, "f", "d", 640, 480, "a"))
    keys = {
        DescribeStage(Describe(backend, model)).key(item)  # type: ignore[arg-type]
        for backend in ("gemini", "openai")
        for model in ("m", "n")
        for item in (one, two)
    }
    assert len(keys) == 8
    hurried = Describe("gemini", "m", base_url="http://proxy", calls=Calls(at_once=9, max_tokens=1))
    assert DescribeStage(hurried).key(one) == DescribeStage(Describe("gemini", "m")).key(one)


def test_a_model_is_looked_for_when_an_image_is_worked_on_and_not_before(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    hub = Hub(tmp_path, monkeypatch)
    candidate = Candidate(Path("a"), Source("0" * 16, "f", "d", 640, 480, "a"))
    stage = DescribeStage(Describe("local", "nobody/has-this"))
    assert stage.place == "gpu"
    assert stage.key(candidate)  # nothing is known of it, so it is due
    with pytest.raises(UserError, match="describe: the model 'nobody/has-this'"):
        pickle.loads(pickle.dumps(stage)).setup()
    hub.add("nobody/has-this", {"config.json": "{}"})
    assert DescribeStage(Describe("local", "nobody/has-this")).key(candidate) != stage.key(candidate)
